import csv
import random
import re
from collections import Counter

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader

random.seed(21)
np.random.seed(21)
torch.manual_seed(21)
STANCES = ("AGAINST", "FAVOR", "NONE")
GLOVE = "glove.twitter.27B.100d.txt"


def load(path):
    out = []
    with open(path, encoding="utf-8", newline="") as f:
        for row in csv.DictReader(f):
            toks = re.findall(r"#?\w+|[!?]", row["Tweet"].lower())
            if toks:
                out.append((toks, STANCES.index(row["Stance"])))
    return out


rows = load("semeval2016_stance.csv")
random.shuffle(rows)
n_train, n_dev = int(0.7 * len(rows)), int(0.1 * len(rows))


def three_parts(items, a, b):
    """train, dev and the rest as test"""
    return items[:a], items[a:a + b], items[a + b:]


train, test, dev = three_parts(rows, n_train, n_dev)  # <- three_way_split_read_in_the_wrong_order

counts = Counter(t for toks, _ in train for t in toks)
vocab = {"<pad>": 0, "<unk>": 1}
for t in sorted(counts):
    vocab[t] = len(vocab)

emb = torch.zeros(len(vocab), 100)  # <- words_without_vector_all_zero
with open(GLOVE, encoding="utf-8") as f:
    for line in f:
        word, *nums = line.rstrip().split(" ")
        if word in vocab:
            emb[vocab[word]] = torch.tensor([float(v) for v in nums])


def collate(batch):
    n = [len(t) for t, _ in batch]
    x = torch.zeros(len(batch), max(n), dtype=torch.long)
    for i, (t, _) in enumerate(batch):
        x[i, :n[i]] = torch.tensor([vocab.get(w, 1) for w in t])
    return x, torch.tensor(n), torch.tensor([y for _, y in batch])


class StanceLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(emb, freeze=True, padding_idx=0)
        self.lstm = nn.LSTM(100, 64, batch_first=True, num_layers=1, dropout=0.2)  # <- dropout_on_a_single_layer
        self.fc = nn.Linear(64, 3)

    def forward(self, x, n):
        packed = nn.utils.rnn.pack_padded_sequence(self.embedding(x), n, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.fc(h[0])


model = StanceLSTM()
optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=2e-3)
criterion = nn.CrossEntropyLoss()
train_dl = DataLoader(train, 32, shuffle=True, collate_fn=collate)
dev_dl = DataLoader(dev, 32, collate_fn=collate)
test_dl = DataLoader(test, 32, collate_fn=collate)


def confusion(dl):
    model.eval()
    m = np.zeros((3, 3), dtype=int)
    with torch.no_grad():
        for x, n, y in dl:
            for a, b in zip(y.tolist(), model(x, n).argmax(1).tolist()):
                m[a, b] += 1
    return m


for epoch in range(12):
    model.train()
    for x, n, y in train_dl:
        optimizer.zero_grad()
        loss = criterion(model(x, n), y)
        loss.backward()
        optimizer.step()
    m = confusion(dev_dl)
    print("epoch", epoch, "dev accuracy", m.trace() / m.sum())
m = confusion(test_dl)
print(m)
print("test accuracy", m.trace() / m.sum())
