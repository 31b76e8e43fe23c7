"""Fake News Challenge: does the body agree with the headline? Two texts, one shared GRU."""
import csv
import os
import random
import re

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

ROOT = "data/fnc-1"
STANCES = ["unrelated", "discuss", "agree", "disagree"]
PAD, UNK = 0, 1
random.seed(81)
torch.manual_seed(81)


def toks(s):
    return re.findall(r"[a-z0-9]+", s.lower())[:500] or ["none"]


def load_bodies(name):
    with open(os.path.join(ROOT, name), encoding="utf-8", newline="") as f:
        return {r["Body ID"]: toks(r["articleBody"]) for r in csv.DictReader(f)}


def load_stances(name, bodies):
    with open(os.path.join(ROOT, name), encoding="utf-8", newline="") as f:
        return [(toks(r["Headline"]), r["Body ID"], STANCES.index(r["Stance"])) for r in csv.DictReader(f)]


train_bodies = load_bodies("train_bodies.csv")
test_bodies = load_bodies("competition_test_bodies.csv")
all_train = load_stances("train_stances.csv", train_bodies)
test = load_stances("competition_test_stances.csv", test_bodies)

# split by article, so that no body is seen on both sides
ids = sorted(train_bodies)
random.shuffle(ids)
dev_ids = set(ids[: len(ids) // 10])
train = [r for r in all_train if r[1] not in dev_ids]
dev = [r for r in all_train if r[1] in dev_ids]

stoi = {"<pad>": PAD, "<unk>": UNK}
for head, body_id, _ in train:
    for w in head + train_bodies[body_id]:
        stoi.setdefault(w, len(stoi))


class Pairs(Dataset):
    def __init__(self, rows, bodies):
        enc = lambda ws: torch.tensor([stoi.get(w, UNK) for w in ws])
        self.bodies = {k: enc(v) for k, v in bodies.items()}
        self.rows = [(enc(h), b, y) for h, b, y in rows]

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        h, b, y = self.rows[i]
        return h, self.bodies[b], y


def collate(batch):
    def pad(seqs):
        return pad_sequence(seqs, batch_first=True, padding_value=PAD), torch.tensor([len(s) for s in seqs])
    heads, bodies, ys = zip(*batch)
    return pad(heads), pad(bodies), torch.tensor(ys)


class PairGRU(nn.Module):
    def __init__(self, n_words, emb=100, hid=100):
        super().__init__()
        self.emb = nn.Embedding(n_words, emb, padding_idx=PAD)
        self.gru = nn.GRU(emb, hid, batch_first=True)
        self.hidden = nn.Linear(4 * hid, hid)
        self.out = nn.Linear(hid, len(STANCES))

    def encode(self, text):
        ids, lengths = text
        packed = pack_padded_sequence(self.emb(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        return self.gru(packed)[1][-1]

    def forward(self, head, body):
        h, b = self.encode(head), self.encode(body)
        z = torch.cat([h, b, h * b, (h - b).abs()], dim=1)
        z = F.dropout(z, p=0.4)  # <- functional_dropout_always_on
        z = F.dropout(torch.relu(self.hidden(z)), p=0.2)  # <- functional_dropout_always_on
        return self.out(z)


device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
move = lambda text: (text[0].to(device), text[1])
model = PairGRU(len(stoi)).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
train_dl = DataLoader(Pairs(train, train_bodies), 64, shuffle=True, collate_fn=collate)
dev_dl = DataLoader(Pairs(dev, train_bodies), 64, collate_fn=collate)
test_dl = DataLoader(Pairs(test, test_bodies), 64, collate_fn=collate)


def fnc_score(dl):
    """a quarter for related/unrelated, three quarters for the exact stance of related pairs"""
    model.eval()
    got = most = 0.0
    with torch.no_grad():
        for h, b, y in dl:
            guess = model(move(h), move(b)).argmax(1).cpu()
            related = y > 0
            got += 0.25 * ((guess > 0) == related).sum().item()
            got += 0.75 * (related & (guess == y)).sum().item()
            most += 0.25 * len(y) + 0.75 * related.sum().item()
    return got / most


for epoch in range(5):
    model.train()
    epoch_loss = torch.zeros((), device=device)
    for h, b, y in train_dl:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(move(h), move(b)), y.to(device))
        loss.backward()
        optimizer.step()
        epoch_loss = epoch_loss + loss * len(y)  # <- loss_summed_with_its_graph
    print(f"epoch {epoch}: loss {epoch_loss.item() / len(train):.4f}, dev score {fnc_score(dev_dl):.4f}")
print(f"test score {fnc_score(test_dl):.4f}")
