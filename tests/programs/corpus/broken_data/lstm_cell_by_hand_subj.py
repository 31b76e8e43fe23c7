"""Subjectivity data set (quote.tok.gt9.5000 / plot.tok.gt9.5000) with an LSTMCell unrolled by hand."""
import os
import random
from collections import Counter

import torch
import torch.nn as nn

DIR = "rotten_imdb"
FILES = [("plot.tok.gt9.5000", 0), ("quote.tok.gt9.5000", 1)]


def read():
    out = []
    for name, y in FILES:
        with open(os.path.join(DIR, name), encoding="latin-1") as f:
            out.extend((line.split(), y) for line in f if line.strip())
    return out


class Vocab(object):
    def __init__(self, sents, min_n=2):
        self.w2i = {"<pad>": 0, "<unk>": 1}
        c = Counter()
        for s in sents:
            c.update(s)
        for w, n in c.most_common():
            if n >= min_n:
                self.w2i[w] = len(self.w2i)

    def __len__(self):
        return len(self.w2i)

    def ids(self, s):
        return [self.w2i.get(w, 1) for w in s]


def batches(samples, vocab, size, shuffle):
    order = list(range(len(samples)))
    if shuffle:
        random.shuffle(order)
    for k in range(0, len(order), size):
        part = [samples[j] for j in order[k:k + size]]
        longest = max(len(s) for s, _ in part)
        x = torch.zeros(longest, len(part), dtype=torch.long)
        for j, (s, _) in enumerate(part):
            x[:len(s), j] = torch.tensor(vocab.ids(s))
        yield x, torch.tensor([y for _, y in part])


class CellNet(nn.Module):
    def __init__(self, n_words, n_emb=50, n_hid=80):
        super(CellNet, self).__init__()
        self.n_hid = n_hid
        self.emb = nn.Embedding(n_words, n_emb, padding_idx=0)
        self.cell = nn.LSTMCell(n_emb, n_hid)
        self.fc = nn.Linear(n_hid, 2)

    def forward(self, x):
        e = self.emb(x)
        h = e.new_zeros(x.size(1), self.n_hid)
        c = e.new_zeros(x.size(1), self.n_hid)
        for t in range(x.size(0)):
            h, c = self.cell(e[t], (h, c))  # <- padding_read_as_last_step
        return self.fc(h)


def main():
    random.seed(17)
    torch.manual_seed(17)
    samples = read()
    random.shuffle(samples)
    train, dev, test = samples[:8000], samples[8000:9000], samples[9000:]
    vocab = Vocab([s for s, _ in train])
    net = CellNet(len(vocab))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.001)
    criterion = nn.CrossEntropyLoss()

    def accuracy(part):
        net.eval()
        ok = 0
        with torch.no_grad():
            for x, y in batches(part, vocab, 100, False):
                ok += (net(x).max(1)[1] == y).sum().item()
        return float(ok) / len(part)

    for epoch in range(8):
        net.train()
        total = 0.0
        for x, y in batches(train, vocab, 50, True):
            net.zero_grad()
            loss = criterion(net(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
        print("epoch %d: loss %.4f, dev accuracy %.4f" % (epoch, total / len(train), accuracy(dev)))
    print("test accuracy %.4f" % accuracy(test))


if __name__ == "__main__":
    main()
