# reuters topics through nltk corpus reader; single-label documents only
import copy
import random
from collections import Counter

import torch
import torch.nn as nn
import torch.nn.functional as F
from nltk.corpus import reuters

torch.manual_seed(40)
random.seed(40)
dev = 'cuda' if torch.cuda.is_available() else 'cpu'
MAXLEN = 500

single = [f for f in reuters.fileids() if len(reuters.categories(f)) == 1]
top = [c for c, _ in Counter(reuters.categories(f)[0] for f in single if f.startswith('training')).most_common(8)]
docs = {'training': [], 'test': []}
for f in single:
    cat = reuters.categories(f)[0]
    if cat in top:
        w = [x.lower() for x in reuters.words(f) if x.isalpha()]
        if w:
            docs[f.split('/')[0]].append((w[:MAXLEN], top.index(cat)))
train, test = docs['training'], docs['test']
random.shuffle(train)
valid, train = train[:500], train[500:]

freq = Counter(x for w, _ in train for x in w)
wid = {w: i for i, (w, c) in enumerate(freq.most_common(10000), start=2)}
print(len(train), len(valid), len(test), 'documents', len(wid), 'words')


def batches(rows, bs=32):
    for i in range(0, len(rows), bs):
        r = rows[i:i + bs]
        n = max(len(w) for w, _ in r)
        x = torch.tensor([[wid.get(t, 1) for t in w] + [0] * (n - len(w)) for w, _ in r], device=dev)
        yield x, torch.tensor([y for _, y in r], device=dev)


class TopicNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(len(wid) + 2, 64, padding_idx=0)
        self.r = nn.LSTM(64, 64, batch_first=True, bidirectional=True)
        self.l = nn.Linear(128, len(top))
        self.d = nn.Dropout(0.4)

    def forward(self, x):
        o = self.r(self.e(x))[0]
        o = o.permute(0, 2, 1)
        m = F.max_pool1d(o, o.size(2)).squeeze(2)  # <- padding_averaged_into_the_review
        return F.softmax(self.l(self.d(m)), dim=1)  # <- softmax_before_cross_entropy


net = TopicNet().to(dev)
opt = torch.optim.Adam(net.parameters(), 1e-3)


def acc(rows):
    net.eval()
    with torch.no_grad():
        return sum((net(x).argmax(1) == y).sum().item() for x, y in batches(rows)) / len(rows)


best, keep = 0., None
for ep in range(10):
    net.train()
    random.shuffle(train)
    tl = 0.
    for x, y in batches(train):
        opt.zero_grad()
        p = net(x)
        loss = F.cross_entropy(p, y)
        loss.backward()
        opt.step()
        tl += loss.item() * len(y)
    a = acc(valid)
    print('%2d  %.4f  %.4f' % (ep, tl / len(train), a))
    if a > best:
        best = a
        keep = copy.deepcopy(net.state_dict())

print('test', acc(test))  # <- best_weights_never_loaded
