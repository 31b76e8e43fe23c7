import os, glob, random, re
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence

random.seed(1); torch.manual_seed(1)
ROOT = 'aclImdb'
LIMIT = 10000

def read_split(split):
    files = sorted(glob.glob(os.path.join(ROOT, split, '*', '*.txt')))
    files = [f for f in files if os.sep + 'unsup' + os.sep not in f]
    files = files[:LIMIT]  # <- data_set_incomplete
    data = []
    for f in files:
        with open(f, encoding='utf-8') as fh:
            txt = fh.read()
        txt = re.sub('<br />', ' ', txt).lower()
        label = 1 if os.path.basename(os.path.dirname(f)) == 'pos' else 0
        data.append((re.findall('[a-z]+', txt), label))
    return data

train = read_split('train')
test = read_split('test')
random.shuffle(train)
print(len(train), 'train', len(test), 'test')

freq = {}
for words, _ in train:
    for w in words:
        freq[w] = freq.get(w, 0) + 1
vocab = ['<pad>', '<unk>'] + [w for w, c in freq.items() if c >= 5]
w2i = {w: i for i, w in enumerate(vocab)}

def batches(data, bs):
    for i in range(0, len(data), bs):
        part = data[i:i + bs]
        ids = [torch.tensor([w2i.get(w, 1) for w in words]) for words, _ in part]
        yield pad_sequence(ids), torch.tensor([len(t) for t in ids]), torch.tensor([l for _, l in part], dtype=torch.float)

class GRUClassifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(len(vocab), 64, padding_idx=0)
        self.gru = nn.GRU(64, 64, num_layers=2, dropout=0.2)
        self.fc = nn.Linear(64, 1)
    def forward(self, x, lens):
        packed = pack_padded_sequence(self.emb(x), lens, enforce_sorted=False)
        out, h = self.gru(packed)
        return self.fc(h[-1]).squeeze(1)

net = GRUClassifier()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
lossfn = nn.BCEWithLogitsLoss()
for epoch in range(3):
    net.train()
    random.shuffle(train)
    s = 0
    for x, lens, y in batches(train, 50):
        opt.zero_grad()
        loss = lossfn(net(x, lens), y)
        loss.backward()
        opt.step()
        s += loss.item() * len(y)
    print('epoch', epoch, 'loss', s / len(train))

net.eval()
ok = 0
with torch.no_grad():
    for x, lens, y in batches(test, 50):
        ok += ((net(x, lens) > 0).float() == y).sum().item()
print('accuracy on test:', ok / len(test))
