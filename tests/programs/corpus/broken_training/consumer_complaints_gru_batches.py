import argparse, json, os, re, random
from collections import Counter
import torch
import torch.nn as nn
import torch.optim as optim
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils.data import DataLoader, Dataset

# consumer complaints -> product; json lines with "complaint" and "product"

parser = argparse.ArgumentParser()
parser.add_argument('--dir', default='data/complaints')
parser.add_argument('--emb', type=int, default=100)
parser.add_argument('--hid', type=int, default=100)
parser.add_argument('--bs', type=int, default=32)
parser.add_argument('--ep', type=int, default=6)
parser.add_argument('--lr', type=float, default=1e-3)
args = parser.parse_args()

torch.manual_seed(29)
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')


def load(part):
    out = []
    with open(os.path.join(args.dir, part + '.jsonl')) as fp:
        for line in fp:
            j = json.loads(line)
            w = re.findall('[a-z]+', j['complaint'].lower().replace('xxxx', ' '))
            if w:
                out.append((w, j['product']))
    return out


tr, va, te = load('train'), load('valid'), load('test')
products = sorted(set(p for _, p in tr))
c = Counter(w for ws, _ in tr for w in ws)
w2i = {w: i for i, w in enumerate([w for w, n in c.most_common() if n > 2], 2)}


class Complaints(Dataset):
    def __init__(self, rows):
        self.rows = [([w2i.get(w, 1) for w in ws], products.index(p)) for ws, p in rows]

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]


def coll(b):
    b.sort(key=lambda r: len(r[0]), reverse=True)
    ls = [len(r[0]) for r in b]
    x = torch.zeros(len(b), ls[0]).long()
    for i, r in enumerate(b):
        x[i, :ls[i]] = torch.LongTensor(r[0])
    return x, torch.LongTensor(ls), torch.LongTensor([r[1] for r in b])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(len(w2i) + 2, args.emb, padding_idx=0)
        self.rnn = nn.GRU(args.emb, args.hid, batch_first=True)
        self.lin = nn.Linear(args.hid, len(products))

    def forward(self, x, ls):
        p = pack_padded_sequence(self.emb(x), ls, batch_first=True)
        o, _ = pad_packed_sequence(self.rnn(p)[0], batch_first=True)      # b, t, h
        o = o.reshape(o.size(0), args.hid, o.size(1))  # <- view_instead_of_transpose
        s = o.sum(dim=2) / ls.to(o.device).unsqueeze(1)
        return self.lin(s)


tr_l = DataLoader(Complaints(tr), args.bs, shuffle=True, collate_fn=coll)
va_l = DataLoader(Complaints(va), args.bs, collate_fn=coll)
te_l = DataLoader(Complaints(te), args.bs, collate_fn=coll)
net = Net().to(device)
opt = optim.Adam(net.parameters(), lr=args.lr)
crit = nn.CrossEntropyLoss()


def ev(dl):
    net.eval()
    r = n = 0
    with torch.no_grad():
        for x, ls, y in dl:
            r += (net(x.to(device), ls).argmax(-1) == y.to(device)).sum().item()
            n += len(y)
    return r / n


for e in range(args.ep):
    net.train()
    tot = n = 0
    for x, ls, y in tr_l:
        out = net(x.to(device), ls)
        loss = crit(out, y.to(device))
        loss.backward()  # <- gradients_not_zeroed
        opt.step()
        tot += loss.item() * len(y); n += len(y)
    print('ep %d loss %.4f va %.4f' % (e, tot / n, ev(va_l)))
print('te %.4f' % ev(te_l))
torch.save({'net': net.state_dict(), 'w2i': w2i, 'products': products}, 'complaints.pt')
