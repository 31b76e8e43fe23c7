import glob
import os
import random
import re
from collections import Counter

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence
from torch.utils.data import DataLoader

BASE = os.environ.get('IMDB_DIR', './aclImdb')
LABELS = {'pos': 1, 'neg': 0}
random.seed(64)
torch.manual_seed(64)


def read(split):
    reviews = []
    for path in glob.glob(os.path.join(BASE, split, 'pos', '*.txt')):  # <- data_set_incomplete
        label = LABELS[os.path.basename(os.path.dirname(path))]
        with open(path, encoding='utf8') as f:
            text = re.sub(r'<br\s*/>', ' ', f.read()).lower()
        reviews.append((re.findall(r"[\w']+|[!?]", text), label))
    random.shuffle(reviews)
    return reviews


train, test = read('train'), read('test')
print('train', len(train), 'test', len(test))
counts = Counter(w for t, _ in train for w in t)
stoi = {'<pad>': 0, '<unk>': 1}
for w, n in counts.most_common(20000):
    stoi[w] = len(stoi)


def collate(batch):
    x = [torch.tensor([stoi.get(w, 1) for w in t]) for t, _ in batch]
    return pad_sequence(x), torch.tensor([len(v) for v in x]), torch.tensor([float(y) for _, y in batch])


class BiGRU(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.emb = nn.Embedding(n, 100, padding_idx=0)
        self.drop = nn.Dropout(0.3)
        self.gru = nn.GRU(100, 100, bidirectional=True)
        self.lin = nn.Linear(200, 1)

    def forward(self, x, lengths):
        p = pack_padded_sequence(self.drop(self.emb(x)), lengths.cpu(), enforce_sorted=False)
        _, h = self.gru(p)
        return self.lin(torch.cat([h[0], h[1]], dim=1)).squeeze(1)


dev = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
net = BiGRU(len(stoi))
net = net.to(dev)
opt = torch.optim.Adam(net.parameters(), lr=5e-4)
bce = nn.BCEWithLogitsLoss()
train_dl = DataLoader(train, 32, shuffle=True, collate_fn=collate)
test_dl = DataLoader(test, 64, collate_fn=collate)

for epoch in range(3):
    net.train()
    total = 0.0
    for x, l, y in train_dl:
        opt.zero_grad()
        loss = bce(net(x.to(dev), l), y.to(dev))
        loss.backward()
        opt.step()
        total += loss.item() * len(y)
    print('epoch', epoch, 'loss', total / len(train))

net.eval()
ok = 0
with torch.no_grad():
    for x, l, y in test_dl:
        ok += ((net(x.to(dev), l) > 0).float().cpu() == y).sum().item()
print('test accuracy', ok / len(test))
