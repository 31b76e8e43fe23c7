import io, re, time
import numpy as np, pandas as pd
import torch, torch.nn as nn
from torch.utils.data import DataLoader, Dataset
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence

np.random.seed(1); torch.manual_seed(1)
tr = pd.read_csv('tweets_train.csv')
te = pd.read_csv('tweets_test.csv')
tok = lambda s: re.findall(r"[\w#@']+", str(s).lower()) or ['_']
w2i = {'<pad>': 0, '<unk>': 1}
for s in tr.tweet:
    for w in tok(s):
        if w not in w2i: w2i[w] = len(w2i)

def load_vectors(fname, w2i, dim=300):
    M = np.random.uniform(-0.25, 0.25, (len(w2i), dim)).astype('float32')
    M[0] = 0
    fin = io.open(fname, 'r', encoding='utf-8', newline='\n', errors='ignore')
    next(fin)
    hit = 0
    for line in fin:
        t = line.rstrip().split(' ')
        if t[0] in w2i:
            M[w2i[t[0]]] = np.array(t[1:], dtype='float32'); hit += 1
    print('found vectors for', hit, 'of', len(w2i))
    return torch.from_numpy(M)

class TD(Dataset):
    def __init__(self, df):
        self.x = [torch.tensor([w2i.get(w, 1) for w in tok(s)]) for s in df.tweet]
        self.y = df.label.tolist()
    def __len__(self): return len(self.y)
    def __getitem__(self, i): return self.x[i], self.y[i]

def cf(b):
    x, y = zip(*b)
    return pad_sequence(list(x), batch_first=True), torch.tensor([len(t) for t in x]), torch.tensor(y)

class Tw(nn.Module):
    def __init__(self, n, vectors, hid=128):
        super().__init__()
        self.embedding = nn.Embedding(n, 300, padding_idx=0)
        self.embedding.from_pretrained(vectors, freeze=False, padding_idx=0)  # <- pretrained_vectors_not_used
        self.rnn = nn.LSTM(300, hid, batch_first=True)
        self.fc = nn.Linear(hid, 3)
    def forward(self, x, n):
        _, (h, _) = self.rnn(pack_padded_sequence(self.embedding(x), n, batch_first=True, enforce_sorted=False))
        return self.fc(h[-1])

vec = load_vectors('wiki-news-300d-1M.vec', w2i)
net = Tw(len(w2i), vec)
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
ce = nn.CrossEntropyLoss()
dl, tdl = DataLoader(TD(tr), 64, shuffle=True, collate_fn=cf), DataLoader(TD(te), 64, collate_fn=cf)
for ep in range(6):
    t0 = time.time()
    net.train()
    for x, n, y in dl:
        out = net(x, n)
        loss = ce(out, y)
        opt.zero_grad(); loss.backward(); opt.step()
        acc = (out.argmax(1) == y).float().mean()
    print('epoch %d: train loss %.4f train acc %.4f (%.1fs)' % (ep, loss.item(), acc.item(), time.time() - t0))  # <- last_batch_reported_for_the_epoch
net.eval()
r = 0
with torch.no_grad():
    for x, n, y in tdl:
        r += (net(x, n).argmax(1) == y).sum().item()
print('test acc %.4f' % (r / len(te)))
