import random
from collections import Counter

import torch
import torch.nn as nn
import torch.nn.functional as F

# ----------------------------------------------------------------------------
# settings
TRAIN, DEV = 'SST-2/train.tsv', 'SST-2/dev.tsv'
EMB, HID, BS, EPOCHS, LR = 100, 100, 64, 4, 1e-3
GLOVE = 'glove.6B.100d.txt'
torch.manual_seed(27)
random.seed(27)
gpu = torch.cuda.is_available()
# ----------------------------------------------------------------------------


def load(fn):
    with open(fn, encoding='utf-8') as f:
        next(f)
        return [(l.rsplit('\t', 1)[0].split(), int(l.rsplit('\t', 1)[1])) for l in f]


train_all = load(TRAIN)
test = load(DEV)                 # the labels of test.tsv are not public
random.shuffle(train_all)
dev, train = train_all[:3000], train_all[3000:]

cnt = Counter(w for s, _ in train for w in s)
i2w = ['<pad>', '<unk>'] + [w for w, c in cnt.most_common() if c > 1]
w2i = {w: i for i, w in enumerate(i2w)}

# pretrained vectors where we have them, small random ones elsewhere
E = torch.randn(len(i2w), EMB) * 0.1
E[0] = 0
with open(GLOVE, encoding='utf-8') as f:
    for line in f:
        w, *v = line.rstrip().split(' ')
        if w in w2i:
            E[w2i[w]] = torch.tensor([float(x) for x in v])


def batches(rows, shuffle):
    rows = list(rows)
    if shuffle:
        random.shuffle(rows)
    for k in range(0, len(rows), BS):
        part = rows[k:k + BS]
        n = max(len(s) for s, _ in part)
        x = torch.zeros(len(part), n).long()
        for i, (s, _) in enumerate(part):
            x[i, :len(s)] = torch.tensor([w2i.get(w, 1) for w in s])
        y = torch.tensor([t for _, t in part])
        yield (x.cuda(), y.cuda()) if gpu else (x, y)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding.from_pretrained(E, freeze=False, padding_idx=0)
        self.birnn = nn.LSTM(EMB, HID, bidirectional=True, batch_first=True)
        self.final = nn.Linear(2 * HID, 2)

    def forward(self, x):
        out, _ = self.birnn(self.embed(x))  # <- padding_read_as_last_step
        last = out[:, -1]  # <- backward_direction_read_at_the_wrong_end
        last = F.dropout(last, p=0.5, training=True)  # <- functional_dropout_always_on
        return self.final(last)


net = Classifier()
if gpu:
    net = net.cuda()
opt = torch.optim.Adam(net.parameters(), lr=LR)

for epoch in range(EPOCHS):
    net.train()
    s = 0.0
    for x, y in batches(train, True):
        opt.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        opt.step()
        s += loss.item() * len(y)
    net.eval()
    with torch.no_grad():
        a = sum((net(x).argmax(1) == y).sum().item() for x, y in batches(dev, False)) / len(dev)
    print('epoch', epoch, 'loss', round(s / len(train), 4), 'held out', round(a, 4))

net.eval()
with torch.no_grad():
    a = sum((net(x).argmax(1) == y).sum().item() for x, y in batches(test, False)) / len(test)
print('SST-2 dev accuracy', round(a, 4))
