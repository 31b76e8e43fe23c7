"""Duplicate questions: one GRU reads both questions, a small network compares the two vectors."""
import csv
import random
import re
from collections import Counter
from itertools import chain

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

SEED = 404
EPOCHS, BATCH, DIM, HID = 6, 128, 150, 150
random.seed(SEED)
torch.manual_seed(SEED)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def tok(s):
    return re.findall(r"\w+|\?", s.lower()) or ["?"]


def read(path):
    with open(path, encoding="utf-8", newline="") as f:
        return [(tok(r["question1"]), tok(r["question2"]), float(r["is_duplicate"])) for r in csv.DictReader(f)]


class UnionFind(dict):
    def find(self, a):
        self.setdefault(a, a)
        while self[a] != a:
            a = self[a]
        return a

    def union(self, a, b):
        a, b = self.find(a), self.find(b)
        if a != b:
            self[b] = a


def split_by_question(pairs, shares=(0.8, 0.1)):
    """questions that are linked through pairs stay on one side"""
    uf = UnionFind()
    for a, b, _ in pairs:
        uf.union(" ".join(a), " ".join(b))
    groups = {}
    for p in pairs:
        groups.setdefault(uf.find(" ".join(p[0])), []).append(p)
    groups = list(groups.values())
    random.shuffle(groups)
    parts, k, total = ([], [], []), 0, 0
    limits = [shares[0] * len(pairs), (shares[0] + shares[1]) * len(pairs), float("inf")]
    for g in groups:
        while total >= limits[k]:
            k += 1
        parts[k].extend(g)
        total += len(g)
    return parts


train, valid, test = split_by_question(read("quora/questions.csv"))
counts = Counter(chain.from_iterable(a + b for a, b, _ in train))
stoi = {w: i for i, (w, c) in enumerate(counts.most_common(), 2) if c > 2}
n_words = max(stoi.values()) + 1


class Pairs(Dataset):
    def __init__(self, rows):
        self.rows = [(self.enc(a), self.enc(b), y) for a, b, y in rows]

    @staticmethod
    def enc(toks):
        return torch.tensor([stoi.get(t, 1) for t in toks])

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]


def collate(rows):
    a, b, y = zip(*rows)
    return tuple((pad_sequence(q, batch_first=True), torch.tensor([len(s) for s in q])) for q in (a, b)), torch.tensor(y)


class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(n_words, DIM, padding_idx=0)
        self.gru = nn.GRU(DIM, HID, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(4 * HID, HID), nn.ReLU(), nn.Dropout(0.2), nn.Linear(HID, 1))

    def encode(self, q):
        x, n = q
        _, h = self.gru(pack_padded_sequence(self.emb(x.to(device)), n, batch_first=True, enforce_sorted=False))
        return h[0]

    def forward(self, qa, qb):
        u, v = self.encode(qa), self.encode(qb)
        return self.mlp(torch.cat([u, v, (u - v).abs(), u * v], 1)).squeeze(-1)


def evaluate(net, loader):
    net.eval()
    ok = n = 0
    with torch.no_grad():
        for (a, b), y in loader:
            ok += ((net(a, b).cpu() > 0) == (y > 0.5)).sum().item()
            n += len(y)
    return ok / n


net = Siamese().to(device)
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
bce = nn.BCEWithLogitsLoss()
dl = [DataLoader(Pairs(p), BATCH, shuffle=(i == 0), collate_fn=collate) for i, p in enumerate((train, valid, test))]
for epoch in range(EPOCHS):
    net.train()
    s = 0.0
    for (a, b), y in dl[0]:
        opt.zero_grad()
        loss = bce(net(a, b), y.to(device))
        loss.backward()
        opt.step()
        s += loss.item() * len(y)
    print(epoch, f"{s / len(train):.4f}", f"valid {evaluate(net, dl[1]):.4f}")
print(f"test {evaluate(net, dl[2]):.4f}")
