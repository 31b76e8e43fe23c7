"""
First a language model on unlabelled reviews, then its embedding and LSTM under a new head for the labelled ones.
The decoder of the language model is thrown away; the optimizer of the second stage is made after that.
"""
import glob
import random
import re
from collections import Counter

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pad_sequence

random.seed(10)
torch.manual_seed(10)
DEV = torch.device("cuda" if torch.cuda.is_available() else "cpu")
ROOT = "aclImdb"


def clean(path):
    with open(path, encoding="utf8") as f:
        return re.findall(r"[a-z']+|[.,!?]", re.sub(r"<br ?/?>", " ", f.read().lower()))


def folder(part, sub):
    return [clean(p) for p in sorted(glob.glob(f"{ROOT}/{part}/{sub}/*.txt"))]


unsup = folder("train", "unsup")
labelled = [(t, 0) for t in folder("train", "neg")] + [(t, 1) for t in folder("train", "pos")]
random.shuffle(labelled)
valid, train = labelled[:2500], labelled[2500:]

counts = Counter(w for t in unsup for w in t)
counts.update(w for t, _ in train for w in t)
itos = ["<pad>", "<unk>", "<eos>"] + [w for w, _ in counts.most_common(30000)]
stoi = {w: i for i, w in enumerate(itos)}


def ids(tokens):
    return torch.tensor([stoi.get(w, 1) for w in tokens] + [2])


class Reader(nn.Module):
    def __init__(self, n_words, head, dim=200, hid=300):
        super().__init__()
        self.emb = nn.Embedding(n_words, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, hid, batch_first=True)
        self.drop = nn.Dropout(0.3)
        self.head = head

    def forward(self, x, state=None):
        out, state = self.lstm(self.drop(self.emb(x)), state)
        return out, state

    def next_word(self, x, state):
        out, state = self(x, state)
        return self.head(self.drop(out)), state

    def verdict(self, x, n):
        out, _ = self(x)
        last = out[torch.arange(len(x), device=x.device), n - 1]
        best = out.masked_fill((x == 0).unsqueeze(2), -1e4).max(dim=1)[0]
        return self.head(self.drop(torch.cat([last, best], 1)))


# ---- stage 1: language model, one long text in 40 columns -------------------------------------
model = Reader(len(itos), nn.Linear(300, len(itos))).to(DEV)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
random.shuffle(unsup)
stream = torch.cat([ids(t) for t in unsup])
columns = stream[: len(stream) // 40 * 40].view(40, -1)
for epoch in range(2):
    model.train()
    state, total, steps = None, 0.0, 0
    for i in range(0, columns.size(1) - 1, 70):
        x = columns[:, i : i + 70].to(DEV)
        target = columns[:, i + 1 : i + 71].to(DEV)
        x = x[:, : target.size(1)]
        if state is not None:
            state = tuple(s.detach() for s in state)
        scores, state = model.next_word(x, state)
        loss = F.cross_entropy(scores.flatten(0, 1), target.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.25)
        optimizer.step()
        total += loss.item() * target.numel()
        steps += target.numel()
    print(f"lm epoch {epoch}: loss per word {total / steps:.3f}")

# ---- stage 2: classifier ----------------------------------------------------------------------
model.head = nn.Linear(600, 2).to(DEV)
optimizer = torch.optim.Adam([
    {"params": model.emb.parameters(), "lr": 1e-4},
    {"params": model.lstm.parameters(), "lr": 3e-4},
    {"params": model.head.parameters(), "lr": 1e-3},
])


def batches(rows, size, shuffle):
    rows = [(ids(t), y) for t, y in rows]
    if shuffle:
        random.shuffle(rows)
    for i in range(0, len(rows), size):
        part = rows[i : i + size]
        x = pad_sequence([t for t, _ in part], batch_first=True)
        yield x.to(DEV), torch.tensor([len(t) for t, _ in part], device=DEV), torch.tensor([y for _, y in part], device=DEV)


def accuracy(rows):
    model.eval()
    with torch.no_grad():
        good = sum((model.verdict(x, n).argmax(1) == y).sum().item() for x, n, y in batches(rows, 64, False))
    return good / len(rows)


for epoch in range(4):
    model.train()
    for x, n, y in batches(train, 32, True):
        loss = F.cross_entropy(model.verdict(x, n), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"classifier epoch {epoch}: valid {accuracy(valid):.4f}")

test = [(t, 0) for t in folder("test", "neg")] + [(t, 1) for t in folder("test", "pos")]
print(f"test {accuracy(test):.4f}")
torch.save({"weights": model.state_dict(), "itos": itos}, "lm_classifier.pt")
