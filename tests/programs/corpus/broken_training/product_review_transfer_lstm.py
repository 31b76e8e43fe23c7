"""
Step 1: train an LSTM on book reviews (2 classes).
Step 2: put a new head on it and go on with kitchen reviews (5 stars).
Files: {books,kitchen}.{train,dev,test}.tsv with the columns label and text.
"""
import csv
import random

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

random.seed(23)
torch.manual_seed(23)
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def read_tsv(domain, part):
    with open(f"data/{domain}.{part}.tsv", encoding="utf-8", newline="") as f:
        rows = csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [(r["text"].lower().split() or ["."], int(r["label"])) for r in rows]


class Lexicon:
    def __init__(self):
        self.ids = {"<pad>": 0, "<unk>": 1}

    def add(self, rows):
        for words, _ in rows:
            for w in words:
                self.ids.setdefault(w, len(self.ids))

    def __call__(self, words):
        return torch.tensor([self.ids.get(w, 1) for w in words])


def batches(rows, lexicon, size, shuffle=False):
    order = random.sample(range(len(rows)), len(rows)) if shuffle else range(len(rows))
    order = list(order)
    for i in range(0, len(order), size):
        some = [rows[j] for j in order[i:i + size]]
        ids = [lexicon(w) for w, _ in some]
        yield pad_sequence(ids, batch_first=True).to(DEVICE), torch.tensor([len(x) for x in ids]), torch.tensor([y for _, y in some]).to(DEVICE)


class ReviewModel(nn.Module):
    def __init__(self, n_words, n_classes, dim=100, hid=128):
        super().__init__()
        self.embed = nn.Embedding(n_words, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, hid, batch_first=True)
        self.dropout = nn.Dropout(0.3)
        self.fc = nn.Linear(hid, n_classes)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.embed(x), lengths, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.fc(self.dropout(h.squeeze(0)))


def train_one_epoch(model, optimizer, rows, lexicon):
    model.train()
    total = 0.0
    for x, lengths, y in batches(rows, lexicon, 32, shuffle=True):
        loss = nn.functional.cross_entropy(model(x, lengths), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
    return total / len(rows)


def accuracy(model, rows, lexicon):
    model.eval()
    with torch.no_grad():
        return sum((model(x, n).argmax(1) == y).sum().item() for x, n, y in batches(rows, lexicon, 128)) / len(rows)


books_train, books_dev = read_tsv("books", "train"), read_tsv("books", "dev")
kitchen_train, kitchen_dev, kitchen_test = (read_tsv("kitchen", p) for p in ("train", "dev", "test"))
lexicon = Lexicon()
lexicon.add(books_train)
lexicon.add(kitchen_train)

model = ReviewModel(len(lexicon.ids), 2).to(DEVICE)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)  # <- parameters_missing_from_the_optimizer
for epoch in range(4):
    loss = train_one_epoch(model, optimizer, books_train, lexicon)
    print(f"books   {epoch}: loss {loss:.4f} dev {accuracy(model, books_dev, lexicon):.4f}")

# stars 1..5 -> 0..4
kitchen_train, kitchen_dev, kitchen_test = ([(w, y - 1) for w, y in rows] for rows in (kitchen_train, kitchen_dev, kitchen_test))
model.fc = nn.Linear(model.fc.in_features, 5).to(DEVICE)
for epoch in range(6):
    loss = train_one_epoch(model, optimizer, kitchen_train, lexicon)
    print(f"kitchen {epoch}: loss {loss:.4f} dev {accuracy(model, kitchen_dev, lexicon):.4f}")
print(f"kitchen test accuracy {accuracy(model, kitchen_test, lexicon):.4f}")
