# hyperpartisan / long news documents; memory only allows 8 documents at a time, so gradients of
# ACC batches are added up before each step
import argparse, json, math, random
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence
from torch.utils.data import DataLoader

p = argparse.ArgumentParser()
p.add_argument('--train', default='hyperpartisan/train.jsonl')
p.add_argument('--dev', default='hyperpartisan/dev.jsonl')
p.add_argument('--test', default='hyperpartisan/test.jsonl')
p.add_argument('--bs', type=int, default=8)
p.add_argument('--acc', type=int, default=8)
p.add_argument('--epochs', type=int, default=10)
p.add_argument('--lr', type=float, default=1e-3)
args = p.parse_args()

torch.manual_seed(17)
dev = torch.device('cuda' if torch.cuda.is_available() else 'cpu')


def load(path):
    rows = []
    for line in open(path, encoding='utf-8'):
        d = json.loads(line)
        rows.append((d['text'].lower().split(), int(d['hyperpartisan'])))
    return [r for r in rows if r[0]]


train, valid, test = load(args.train), load(args.dev), load(args.test)
count = {}
for toks, _ in train:
    for t in toks:
        count[t] = count.get(t, 0) + 1
PAD, UNK = 0, 1
vocab = {w: k for k, w in enumerate(sorted((w for w in count if count[w] > 2), key=count.get, reverse=True), 2)}


def encode(rows):
    return [(torch.tensor([vocab.get(t, UNK) for t in toks]), y) for toks, y in rows]


def coll(b):
    b.sort(key=lambda r: len(r[0]), reverse=True)     # pairs are sorted, labels go along
    xs = [r[0] for r in b]
    return pad_sequence(xs, padding_value=PAD), torch.tensor([len(x) for x in xs]), torch.tensor([r[1] for r in b])


class DocLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(len(vocab) + 2, 128, padding_idx=PAD)
        self.l = nn.LSTM(128, 128, 2, bidirectional=True, dropout=0.3)
        self.o = nn.Sequential(nn.Linear(256, 64), nn.Tanh(), nn.Dropout(0.3), nn.Linear(64, 2))

    def forward(self, x, n):
        _, (h, _) = self.l(pack_padded_sequence(self.e(x), n))
        return self.o(torch.cat([h[2], h[3]], 1))       # layer 2: forward, backward


net = DocLSTM().to(dev)
opt = torch.optim.Adam(net.parameters(), lr=args.lr)
crit = nn.CrossEntropyLoss()
dl_train = DataLoader(encode(train), args.bs, shuffle=True, collate_fn=coll)
dl_valid = DataLoader(encode(valid), args.bs, collate_fn=coll)
dl_test = DataLoader(encode(test), args.bs, collate_fn=coll)
steps_per_epoch = math.ceil(len(dl_train) / args.acc)
sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=args.lr * 3, total_steps=steps_per_epoch * args.epochs)


def accuracy(dl):
    net.eval()
    good, n = 0, 0
    with torch.no_grad():
        for x, l, y in dl:
            good += (net(x.to(dev), l).argmax(1).cpu() == y).sum().item()
            n += len(y)
    return good / n


best_acc, best = -1, None
for ep in range(1, args.epochs + 1):
    net.train()
    opt.zero_grad()
    seen, tot = 0, 0.0
    for i, (x, l, y) in enumerate(dl_train, 1):
        loss = crit(net(x.to(dev), l), y.to(dev))
        (loss / args.acc).backward()
        tot += loss.item() * len(y)
        seen += len(y)
        if i % args.acc == 0 or i == len(dl_train):
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            opt.step()
            sched.step()           # one-cycle: made for optimizer steps
            opt.zero_grad()
    a = accuracy(dl_valid)
    print(f'{ep:3d} loss {tot / seen:.4f} valid {a:.4f}')
    if a > best_acc:
        best_acc = a
        best = {k: v.detach().clone() for k, v in net.state_dict().items()}

net.load_state_dict(best)
print(f'test {accuracy(dl_test):.4f}')
