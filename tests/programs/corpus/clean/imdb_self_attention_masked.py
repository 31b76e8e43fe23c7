import os, re, glob, random, pickle
from collections import defaultdict

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, random_split

ROOT = './aclImdb'
SEED = 42
random.seed(SEED); torch.manual_seed(SEED)
DEVICE = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
EMB, HID, ATT = 100, 100, 64
MAXLEN = 1000

BR = re.compile(r'<br\s*/?>')
WORD = re.compile(r"[a-z']+|[.!?]")

def read_split(name):
    """all reviews of aclImdb/<name>, first pos then neg; the loader shuffles them"""
    out = []
    for lab, sub in [(1, 'pos'), (0, 'neg')]:
        for fn in sorted(glob.glob(os.path.join(ROOT, name, sub, '*.txt'))):
            with open(fn, encoding='utf-8') as f:
                out.append((WORD.findall(BR.sub(' ', f.read()).lower()), lab))
    return out

train_all, test = read_split('train'), read_split('test')
g = torch.Generator().manual_seed(SEED)
n_valid = 2500
train, valid = random_split(train_all, [len(train_all) - n_valid, n_valid], generator=g)
print(len(train), len(valid), len(test))

freq = defaultdict(int)
for toks, _ in train:
    for t in toks:
        freq[t] += 1
itos = ['<pad>', '<unk>'] + [w for w in sorted(freq, key=lambda w: (-freq[w], w)) if freq[w] >= 5]
stoi = {w: i for i, w in enumerate(itos)}

def collate(batch):
    xs = [torch.tensor([stoi.get(t, 1) for t in toks[:MAXLEN]]) for toks, _ in batch]
    ys = torch.tensor([y for _, y in batch])
    return pad_sequence(xs, batch_first=True), ys      # pads with 0

class AttnPool(nn.Module):
    def __init__(self, dim, att_dim):
        super().__init__()
        self.proj = nn.Linear(dim, att_dim)
        self.query = nn.Linear(att_dim, 1, bias=False)
    def forward(self, h, mask):
        # h B,T,D   mask B,T  (True = word)
        s = self.query(torch.tanh(self.proj(h))).squeeze(-1)
        s = s.masked_fill(~mask, float('-inf'))
        a = F.softmax(s, dim=1)
        return torch.bmm(a.unsqueeze(1), h).squeeze(1), a

class Net(nn.Module):
    def __init__(self, V):
        super().__init__()
        self.emb = nn.Embedding(V, EMB, padding_idx=0)
        self.rnn = nn.GRU(EMB, HID, batch_first=True)
        self.att = AttnPool(HID, ATT)
        self.drop = nn.Dropout(0.4)
        self.out = nn.Linear(HID, 2)
    def forward(self, x):
        mask = x.ne(0)
        h, _ = self.rnn(self.drop(self.emb(x)))
        v, a = self.att(h, mask)
        return self.out(self.drop(v)), a

net = Net(len(itos)).to(DEVICE)
opt = torch.optim.Adam(net.parameters(), 1e-3)
tl = DataLoader(train, batch_size=50, shuffle=True, collate_fn=collate)
vl = DataLoader(valid, batch_size=100, collate_fn=collate)
sl = DataLoader(test, batch_size=100, collate_fn=collate)

def score(loader):
    net.eval()
    hit = tot = 0
    with torch.no_grad():
        for x, y in loader:
            logits, _ = net(x.to(DEVICE))
            hit += int((logits.argmax(1).cpu() == y).sum())
            tot += len(y)
    return hit / tot

best, bad = 0., 0
for ep in range(20):
    net.train()
    ls, n = 0., 0
    for x, y in tl:
        x, y = x.to(DEVICE), y.to(DEVICE)
        logits, _ = net(x)
        loss = F.cross_entropy(logits, y)
        opt.zero_grad(); loss.backward(); opt.step()
        ls += loss.item() * y.size(0); n += y.size(0)
    v = score(vl)
    print('ep %2d loss %.4f valid %.4f' % (ep, ls / n, v))
    if v > best:
        best, bad = v, 0
        with open('attn_best.pkl', 'wb') as f:
            pickle.dump({'itos': itos, 'state': {k: t.cpu() for k, t in net.state_dict().items()}}, f)
    else:
        bad += 1
        if bad == 3:
            break

with open('attn_best.pkl', 'rb') as f:
    net.load_state_dict(pickle.load(f)['state'])
print('test %.4f' % score(sl))

# what does it look at?
net.eval()
toks, y = random.choice(test)
with torch.no_grad():
    x, _ = collate([(toks, y)])
    logits, a = net(x.to(DEVICE))
weights = a[0].cpu()
for i in weights.topk(min(10, len(weights))).indices.tolist():
    print('%-15s %.3f' % (toks[i], weights[i].item()))
print('gold', y, 'guess', logits.argmax(1).item())
