import pandas as pd
import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader
import re, sys

torch.manual_seed(2020)
np.random.seed(2020)

# app store reviews: rating <= 2 bad, >= 4 good, 3 left out
df = pd.read_csv('app_reviews.csv', usecols=['content', 'score'])
df = df[df.score != 3].dropna().drop_duplicates('content')
df['label'] = (df.score > 3).astype(int)
df['tok'] = df.content.str.lower().str.findall(r"[a-z]+|[^\w\s]")
df = df[df.tok.str.len() > 0]
print(df.label.value_counts())

msk = np.random.rand(len(df))
train, val, test = df[msk < .8], df[(msk >= .8) & (msk < .9)], df[msk >= .9]

words = train.tok.explode().value_counts()
words = words[words > 1].index
w2i = dict(zip(words, range(2, len(words) + 2)))   # 0 pad 1 unk

class DS(Dataset):
    def __init__(self, d):
        self.x = [[w2i.get(w, 1) for w in t] for t in d.tok]
        self.y = d.label.values
    def __len__(self): return len(self.y)
    def __getitem__(self, i): return self.x[i], int(self.y[i])

def pad(b):
    n = torch.LongTensor([len(x) for x, _ in b])
    X = torch.zeros(len(b), n.max().item(), dtype=torch.long)
    for i, (x, _) in enumerate(b): X[i, :len(x)] = torch.LongTensor(x)
    return X, n, torch.LongTensor([y for _, y in b])

class Net(nn.Module):
    def __init__(self, nw):
        super().__init__()
        self.e = nn.Embedding(nw, 64, padding_idx=0)
        self.r = nn.LSTM(64, 64, batch_first=True, bidirectional=True)
        self.d = nn.Dropout(.5)
        self.o = nn.Linear(128, 2)
    def forward(self, X, n):
        # longest first for the pack, and back into the batch's order afterwards
        n_sorted, order = n.sort(descending=True)
        _, back = order.sort()
        e = self.e(X[order])
        packed = nn.utils.rnn.pack_padded_sequence(e, n_sorted.tolist(), batch_first=True)
        _, (h, c) = self.r(packed)
        h = torch.cat([h[0], h[1]], dim=1)[back]
        return nn.functional.log_softmax(self.o(self.d(h)), dim=1)

net = Net(len(w2i) + 2)
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
nll = nn.NLLLoss()
trl = DataLoader(DS(train), 64, True, collate_fn=pad)
val_l = DataLoader(DS(val), 256, False, collate_fn=pad)
tel = DataLoader(DS(test), 256, False, collate_fn=pad)

def run(loader):
    net.eval()
    P = []
    with torch.no_grad():
        for X, n, y in loader:
            P.append(net(X, n).exp()[:, 1].numpy())
    return np.concatenate(P)

for ep in range(5):
    net.train()
    L = 0
    for k, (X, n, y) in enumerate(trl):
        opt.zero_grad()
        l = nll(net(X, n), y)
        l.backward()
        opt.step()
        L += l.item() * len(y)
        if k % 50 == 0:
            sys.stdout.write('\r%d/%d' % (k, len(trl)))
    acc = ((run(val_l) > .5) == val.label.values).mean()
    print('\repoch %d loss %.4f val acc %.4f' % (ep, L / len(train), acc))

prob = run(tel)
test = test.assign(prob=prob)
print('test acc', ((test.prob > .5).astype(int) == test.label).mean())
worst = test.assign(err=(test.prob - test.label).abs()).sort_values('err', ascending=False)
for _, r in worst.head(10).iterrows():
    print(r.score, '%.3f' % r.prob, r.content[:80])
