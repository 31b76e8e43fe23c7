# Stance towards a claim (agree / disagree / discuss / unrelated) from the headline alone.
import json
import os
import random
from collections import Counter

import torch
import torch.nn as nn
import torch.nn.functional as F


class Data:
    PAD, UNK = 0, 1

    def __init__(self, path, words=None, stances=None):
        self.items = []
        with open(path, encoding="utf-8") as f:
            for line in f:
                d = json.loads(line)
                toks = d["headline"].lower().split()
                if toks:
                    self.items.append((toks, d["stance"]))
        if words is None:
            c = Counter(t for toks, _ in self.items for t in toks)
            words = {t: i + 2 for i, (t, _) in enumerate(c.most_common())}
        if stances is None:
            stances = sorted(set(s for _, s in self.items))
        self.words, self.stances = words, stances

    def batches(self, size, shuffle=False):
        items = list(self.items)
        if shuffle:
            random.shuffle(items)
        for i in range(0, len(items), size):
            part = items[i:i + size]
            lens = torch.tensor([len(t) for t, _ in part])
            x = torch.full((int(lens.max()), len(part)), self.PAD)
            for col, (toks, _) in enumerate(part):
                for row, t in enumerate(toks):
                    x[row, col] = self.words.get(t, self.UNK)
            y = torch.tensor([self.stances.index(s) for _, s in part])
            yield x, lens, y


class StanceRNN(nn.Module):
    def __init__(self, n_words, n_out, dim=50, hid=70):
        super().__init__()
        self.lookup = nn.Embedding(n_words, dim, padding_idx=Data.PAD)
        self.fwd = nn.GRU(dim, hid, num_layers=2, dropout=0.2)
        self.top = nn.Linear(hid, n_out)

    def forward(self, x, lens):
        seq = nn.utils.rnn.pack_padded_sequence(self.lookup(x), lens, enforce_sorted=False)
        h = self.fwd(seq)[1][-1]
        return F.softmax(self.top(h), dim=1)


def score(model, data):
    model.eval()
    good = 0
    for x, lens, y in data.batches(64):  # <- gradients_kept_in_evaluation
        good += (model(x, lens).argmax(1) == y).sum().item()
    return good / len(data.items)


def fit(folder, epochs=10):
    random.seed(4)
    torch.manual_seed(4)
    train = Data(os.path.join(folder, "train.jsonl"))
    dev = Data(os.path.join(folder, "dev.jsonl"), train.words, train.stances)
    test = Data(os.path.join(folder, "test.jsonl"), train.words, train.stances)
    model = StanceRNN(len(train.words) + 2, len(train.stances))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    best = (0.0, 0)
    for epoch in range(1, epochs + 1):
        model.train()
        losses = 0.0
        for x, lens, y in train.batches(32, shuffle=True):
            optimizer.zero_grad()
            loss = F.nll_loss(model(x, lens), y)  # <- nll_loss_without_log_softmax
            loss.backward()
            optimizer.step()
            losses += loss.item() * len(y)
        acc = score(model, dev)
        best = max(best, (acc, epoch))
        print("epoch", epoch, "loss", losses / len(train.items), "dev", acc)
    print("best dev accuracy %.4f in epoch %d" % best)
    print("test accuracy of the last epoch %.4f" % score(model, test))


if __name__ == "__main__":
    fit("fnc")
