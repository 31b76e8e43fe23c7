# -*- coding: utf-8 -*-
# rt-polarity: 5331 positive + 5331 negative sentences
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence
from torch.utils.data import DataLoader
from collections import Counter

torch.manual_seed(100)


def load_data():
    pos = [s.strip().split() for s in open('rt-polarity.pos', encoding='latin-1')]
    neg = [s.strip().split() for s in open('rt-polarity.neg', encoding='latin-1')]
    x = pos + neg
    y = [1] * len(pos) + [0] * len(neg)
    return x, y


x, y = load_data()
dev_size = int(0.1 * len(x))
x_train, y_train = x[:-dev_size], y[:-dev_size]
x_dev, y_dev = x[-dev_size:], y[-dev_size:]  # <- sorted_data_split_without_shuffling

cnt = Counter(w for s in x_train for w in s)
itos = ['<pad>', '<unk>'] + [w for w, _ in cnt.most_common()]
stoi = {w: i for i, w in enumerate(itos)}


def enc(s):
    return torch.tensor([stoi.get(w, 1) for w in s])


def collate(b):
    xs = [t for t, _ in b]
    return pad_sequence(xs, batch_first=True), torch.tensor([len(t) for t in xs]), torch.tensor([l for _, l in b])


train_dl = DataLoader([(enc(s), l) for s, l in zip(x_train, y_train)], batch_size=32, shuffle=True, collate_fn=collate)
dev_dl = DataLoader([(enc(s), l) for s, l in zip(x_dev, y_dev)], batch_size=32, collate_fn=collate)


class BiLSTM(nn.Module):
    def __init__(self):
        super(BiLSTM, self).__init__()
        self.emb = nn.Embedding(len(itos), 100, padding_idx=0)
        self.lstm = nn.LSTM(100, 64, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(128, 2)

    def forward(self, x, n):
        e = F.dropout(self.emb(x), 0.3)  # <- functional_dropout_always_on
        o, (h, c) = self.lstm(pack_padded_sequence(e, n, batch_first=True, enforce_sorted=False))
        return self.fc(torch.cat([h[0], h[1]], 1))


net = BiLSTM()
opt = torch.optim.Adam(net.parameters())
for ep in range(10):
    net.train()
    ls = 0.
    for xb, n, yb in train_dl:
        loss = F.cross_entropy(net(xb, n), yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
        ls += loss.item() * len(yb)
    net.eval()
    good = 0
    with torch.no_grad():
        for xb, n, yb in dev_dl:
            good += (net(xb, n).argmax(1) == yb).sum().item()
    print('%d train loss %.4f dev acc %.4f' % (ep, ls / len(x_train), good / len(x_dev)))
