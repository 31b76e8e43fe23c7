# Product reviews read from the last word to the first.  Flipping a right-padded batch puts its
# padding in front, so the last step is every review's first word.
import argparse, gzip, json, random, re
import torch, torch.nn as nn, torch.nn.functional as F
from collections import Counter

ap = argparse.ArgumentParser()
ap.add_argument('file', nargs='?', default='reviews_Toys_5.json.gz')
ap.add_argument('-e', '--epochs', type=int, default=5)
ap.add_argument('-b', '--batch', type=int, default=64)
o = ap.parse_args()
random.seed(2); torch.manual_seed(2)

data, texts = [], set()
with gzip.open(o.file, 'rt', encoding='utf8') as f:
    for line in f:
        r = json.loads(line)
        t = r['reviewText']
        if r['overall'] == 3 or t in texts:
            continue
        texts.add(t)
        w = re.findall(r"[a-z]+|[!?]", t.lower())
        if w:
            data.append((w, 1 if r['overall'] > 3 else 0))
random.shuffle(data)
tr, va, te = data[:-20000], data[-20000:-10000], data[-10000:]

cnt = Counter(x for w, _ in tr for x in w)
V = {'<pad>': 0, '<unk>': 1}
V.update({w: i + 2 for i, w in enumerate(x for x, c in cnt.most_common(30000) if c > 3)})

def enc(part):
    return [([V.get(x, 1) for x in w], y) for w, y in part]
tr, va, te = enc(tr), enc(va), enc(te)

def mk(part, bs, rnd):
    order = list(range(len(part)))
    if rnd: random.shuffle(order)
    for k in range(0, len(order), bs):
        b = [part[j] for j in order[k:k+bs]]
        m = max(len(w) for w, _ in b)
        x = torch.tensor([w + [0]*(m-len(w)) for w, _ in b])
        yield x, torch.tensor([y for _, y in b])

class Rev(nn.Module):
    def __init__(s):
        super().__init__()
        s.emb = nn.Embedding(len(V), 100, padding_idx=0)
        s.rnn = nn.GRU(100, 100, batch_first=True)
        s.out = nn.Linear(100, 2)
    def forward(s, x):
        x = x.flip(1)                       # ... pad pad w3 w2 w1
        h, _ = s.rnn(F.dropout(s.emb(x), .3, s.training))
        return s.out(h[:, -1])

net = Rev()
neg = sum(1 for _, y in tr if y == 0) / len(tr)
W = torch.tensor([0.5/neg, 0.5/(1-neg)])
opt = torch.optim.Adam(net.parameters(), lr=1e-3)

def bal_acc(part):
    net.eval()
    hit, tot = [0, 0], [0, 0]
    with torch.no_grad():
        for x, y in mk(part, 256, False):
            p = net(x).argmax(1)
            for c in (0, 1):
                tot[c] += (y == c).sum().item()
                hit[c] += ((y == c) & (p == c)).sum().item()
    net.train()
    return (hit[0]/tot[0] + hit[1]/tot[1]) / 2

top, keep = 0, None
for ep in range(o.epochs):
    S = 0
    for x, y in mk(tr, o.batch, True):
        opt.zero_grad()
        L = F.cross_entropy(net(x), y, weight=W)
        L.backward(); opt.step()
        S += L.item()*len(y)
    a = bal_acc(va)
    print(ep, '%.4f' % (S/len(tr)), 'balanced acc valid %.4f' % a)
    if a > top:
        top, keep = a, [p.detach().clone() for p in net.parameters()]

with torch.no_grad():
    for p, q in zip(net.parameters(), keep):
        p.copy_(q)
print('test %.4f' % bal_acc(te))
