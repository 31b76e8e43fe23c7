# conv -> lstm on DBpedia-14, csv files without header: class,title,content
import csv, re, sys, pickle
import torch, torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader, Subset
csv.field_size_limit(sys.maxsize)
torch.manual_seed(2020)
dev = torch.device('cuda' if torch.cuda.is_available() else 'cpu')

def rd(fn):
    X, Y = [], []
    with open(fn, encoding='utf8', newline='') as f:
        for cls, title, content in csv.reader(f):
            w = re.findall('[a-z]+', (title + ' ' + content).lower())
            if w:
                X.append(w); Y.append(int(cls) - 1)
    return X, Y

Xall, Yall = rd('dbpedia_csv/train.csv')
Xte, Yte = rd('dbpedia_csv/test.csv')
perm = torch.randperm(len(Xall)).tolist()          # classes follow each other in the file
nv = 20000
va_idx, tr_idx = perm[:nv], perm[nv:]
cnt = {}
for i in tr_idx:
    for w in Xall[i]: cnt[w] = cnt.get(w, 0) + 1
w2i = {'PAD_': 0, 'UNK_': 1}
for w, c in cnt.items():
    if c > 4: w2i[w] = len(w2i)
print(len(w2i), 'words')

class DS(Dataset):
    def __init__(s, X, Y): s.X = [torch.tensor([w2i.get(w, 1) for w in x]) for x in X]; s.Y = Y
    def __len__(s): return len(s.X)
    def __getitem__(s, i): return s.X[i], s.Y[i]

def coll(b):
    n = [len(x) for x, _ in b]
    x = torch.full((len(b), max(n)), 0)
    for i, (v, _) in enumerate(b): x[i, :n[i]] = v
    return x, torch.tensor(n), torch.tensor([y for _, y in b])

class CLSTM(nn.Module):
    def __init__(s, nw, ed=100, nf=128, hd=128, nc=14):
        super().__init__()
        s.emb = nn.Embedding(nw, ed, padding_idx=0)
        s.conv = nn.Conv1d(ed, nf, 3, padding=1)    # same length in and out
        s.lstm = nn.LSTM(nf, hd, batch_first=True)
        s.out = nn.Linear(hd, nc)
        s.do = nn.Dropout(0.5)
    def forward(s, x, n):
        e = s.emb(x).permute(0, 2, 1)               # B,E,T
        c = F.relu(s.conv(e)).permute(0, 2, 1)      # B,T,F
        p = nn.utils.rnn.pack_padded_sequence(s.do(c), n, batch_first=True, enforce_sorted=False)
        _, (h, _) = s.lstm(p)
        return s.out(s.do(h.squeeze(0)))

dsall = DS(Xall, Yall)
tr = DataLoader(Subset(dsall, tr_idx), 128, shuffle=True, collate_fn=coll)
va = DataLoader(Subset(dsall, va_idx), 256, collate_fn=coll)
te = DataLoader(DS(Xte, Yte), 256, collate_fn=coll)
m = CLSTM(len(w2i)).to(dev)
opt = torch.optim.Adam(m.parameters(), 1e-3)

def acc(dl):
    m.eval(); k = t = 0
    with torch.no_grad():
        for x, n, y in dl:
            k += (m(x.to(dev), n).argmax(1) == y.to(dev)).sum().item(); t += len(y)
    return k / t

for ep in range(3):
    m.train()
    for it, (x, n, y) in enumerate(tr):
        L = F.cross_entropy(m(x.to(dev), n), y.to(dev))
        opt.zero_grad(); L.backward(); opt.step()
        if it % 500 == 0: print(ep, it, 'batch loss', round(L.item(), 4))
    print('ep', ep, 'valid acc', acc(va))
print('TEST', acc(te))
torch.save(m.state_dict(), 'clstm.pth')
pickle.dump(w2i, open('clstm_w2i.pkl', 'wb'))
