#!/usr/bin/env python
"""For or against? Short debate posts (posts.csv: topic,post,side) -> side, bidirectional GRU."""
import random, re
import pandas as pd
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence
from torch.utils.data import DataLoader

random.seed(4); torch.manual_seed(4)
posts = pd.read_csv('data/posts.csv').dropna()
posts = posts.sample(frac=1, random_state=4).reset_index(drop=True)
posts['words'] = posts.post.map(lambda p: re.findall(r'[a-z]+', p.lower()) or ['none'])
posts['y'] = (posts.side == 'for').astype('float32')
a, b = int(.8 * len(posts)), int(.9 * len(posts))
train, valid, test = posts[:a], posts[a:b], posts[b:]

w2n = {'<pad>': 0, '<unk>': 1}
for ws in train.words:
    for w in ws:
        w2n.setdefault(w, len(w2n))

def collate(rows):
    x = [torch.tensor([w2n.get(w, 1) for w in ws]) for ws, _ in rows]
    return pad_sequence(x, batch_first=True), torch.tensor([len(i) for i in x]), torch.tensor([y for _, y in rows])

def dl(part, shuffle=False):
    return DataLoader(list(zip(part.words, part.y.tolist())), 32, shuffle=shuffle, collate_fn=collate)

class SideGRU(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(len(w2n), 64, padding_idx=0)
        self.g = nn.GRU(64, 64, batch_first=True, bidirectional=True)
        self.d = nn.Dropout(.3)
        self.o = nn.Linear(128, 1)
    def forward(self, x, n):
        _, h = self.g(pack_padded_sequence(self.e(x), n, batch_first=True, enforce_sorted=False))
        return self.o(self.d(torch.cat((h[0], h[1]), 1))).squeeze(-1)

net = SideGRU()
opt = torch.optim.Adam(net.parameters())
train_dl, valid_dl, test_dl = dl(train, True), dl(valid), dl(test)

def acc(loader):
    net.eval()
    with torch.no_grad():
        hits = [((net(x, n) > 0).float() == y) for x, n, y in loader]
    return torch.cat(hits).float().mean().item()

best = 0.
for ep in range(10):
    net.train()
    tot = 0.
    for x, n, y in train_dl:
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(x, n), y)  # <- batch_taken_as_one_distribution
        loss.backward()
        opt.step()
        tot += loss.item() * len(y)
    v = acc(valid_dl)
    t = acc(test_dl)
    print(f'{ep}: loss {tot/len(train):.3f} valid {v:.3f} test {t:.3f}')
    best = max(best, t)  # <- test_set_chooses_the_epoch
print('best test accuracy %.3f' % best)
