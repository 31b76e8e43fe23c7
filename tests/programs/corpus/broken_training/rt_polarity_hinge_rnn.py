# Rotten Tomatoes sentence polarity (rt-polarity.pos / rt-polarity.neg)
# Elman RNN trained with the hinge loss
import random
import torch
import torch.nn as nn

random.seed(2); torch.manual_seed(2)

def read(fn, y):
    L = []
    for l in open(fn, encoding='latin1'):
        w = l.strip().split()
        if w: L.append((w, y))
    return L

pos = read('rt-polaritydata/rt-polarity.pos', 1)
neg = read('rt-polaritydata/rt-polarity.neg', -1)
D = pos + neg
random.shuffle(D)
nte = len(D) // 10
te, va, tr = D[:nte], D[nte:2 * nte], D[2 * nte:]

V = {'<pad>': 0, '<unk>': 1}
for w, _ in tr:
    for t in w:
        if t not in V: V[t] = len(V)

def mb(D, bs, sh):
    ix = list(range(len(D)))
    if sh: random.shuffle(ix)
    for s in range(0, len(ix), bs):
        b = [D[i] for i in ix[s:s + bs]]
        ln = torch.tensor([len(w) for w, _ in b])
        X = torch.zeros(len(b), max(ln), dtype=torch.long)
        for r, (w, _) in enumerate(b):
            X[r, :len(w)] = torch.tensor([V.get(t, 1) for t in w])
        yield X, ln, torch.tensor([float(y) for _, y in b])

class Elman(nn.Module):
    def __init__(s, nv, ne=64, nh=64):
        super().__init__()
        s.E = nn.Embedding(nv, ne, padding_idx=0)
        s.Wx = nn.Linear(ne, nh)
        s.Wh = nn.Linear(nh, nh, bias=False)
        s.drop = nn.Dropout(.3)
        s.o = nn.Linear(nh, 1)
    def forward(s, X, ln):
        h = torch.zeros(X.size(0), s.Wh.in_features)
        e = s.drop(s.E(X))
        for t in range(X.size(1)):
            new = torch.tanh(s.Wx(e[:, t]) + s.Wh(h))
            h = torch.where((t < ln).unsqueeze(1), new, h)
        return s.o(s.drop(h))

def hinge(score, y):
    return torch.clamp(1 - y * score, min=0).mean()

net = Elman(len(V))
opt = torch.optim.Adagrad(net.parameters(), lr=0.02)

def acc(D):
    net.eval()
    k = 0
    with torch.no_grad():
        for X, ln, y in mb(D, 200, False):
            k += (torch.sign(net(X, ln)[:, 0]) == y).sum().item()
    return k / len(D)

for ep in range(10):
    net.train()
    tot = 0.
    for X, ln, y in mb(tr, 25, True):
        loss = hinge(net(X, ln), y)  # <- scores_and_labels_broadcast
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 3)
        opt.step()
        tot += loss.item() * len(y)
    print(ep, 'hinge %.4f' % (tot / len(tr)), 'valid %.4f' % acc(va))
print('test %.4f' % acc(te))
torch.save(net, 'elman_hinge.pt')  # <- whole_model_saved, weights_saved_without_the_vocabulary
