import glob
import os
import random
import re
from collections import Counter

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

random.seed(23)
np.random.seed(23)
torch.manual_seed(23)


class Mail:
    def __init__(self, path, label):
        with open(path, encoding="utf-8", errors="ignore") as f:
            body = f.read()
        self.tokens = re.findall(r"[a-z]+|[$!@]|\d+", body.lower())[-500:] or ["<nothing>"]
        self.label = label


def load(folder):
    mails = []
    for label, name in enumerate(["ham", "phish"]):
        for p in sorted(glob.glob(os.path.join(folder, name, "*.txt"))):
            mails.append(Mail(p, label))
    return mails


class WordTable:
    def __init__(self, mails):
        c = Counter(t for m in mails for t in m.tokens)
        self.words = [w for w, _ in c.most_common()]
        self.table = {w: i for i, w in enumerate(self.words, 1)}

    def __len__(self):
        return len(self.words) + 1

    def __getitem__(self, word):
        return self.table[word]  # <- unknown_word_raises


class Batcher:
    def __init__(self, mails, table, size, shuffle=False):
        self.mails, self.table, self.size, self.shuffle = mails, table, size, shuffle

    def __iter__(self):
        order = np.arange(len(self.mails))
        if self.shuffle:
            np.random.shuffle(order)
        for s in range(0, len(order), self.size):
            part = [self.mails[i] for i in order[s:s + self.size]]
            n = [len(m.tokens) for m in part]
            x = torch.zeros(len(part), max(n), dtype=torch.long)
            for k, m in enumerate(part):
                x[k, :n[k]] = torch.tensor([self.table[t] for t in m.tokens])
            yield x, torch.tensor(n), torch.tensor([m.label for m in part])


class PhishNet(nn.Module):
    def __init__(self, n_words, dim=64, hidden=64):
        super().__init__()
        self.emb = nn.Embedding(n_words, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 2)

    def forward(self, x, n):
        packed = pack_padded_sequence(self.emb(x), n, batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        return self.fc(out.sum(1) / n.unsqueeze(1))


def evaluate(model, batcher):
    model.eval()
    hit = 0
    with torch.no_grad():
        for x, n, y in batcher:
            hit += (model(x, n).argmax(1) == y).sum().item()
    return hit / len(batcher.mails)


train_mails = load("mails/train")
test_mails = load("mails/train")  # <- training_file_read_again_as_test
new_mails = load("mails/last_month")
table = WordTable(train_mails)
model = PhishNet(len(table))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()
batches = Batcher(train_mails, table, 32, shuffle=True)

for epoch in range(5):
    model.train()
    loss_sum = 0.0
    for x, n, y in batches:
        optimizer.zero_grad()
        loss = criterion(model(x, n), y)
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * len(y)
    print("epoch %d loss %.4f" % (epoch, loss_sum / len(train_mails)))
print("test %.4f" % evaluate(model, Batcher(test_mails, table, 64)))
print("last month %.4f" % evaluate(model, Batcher(new_mails, table, 64)))
