"""Genres of a film (several at once) from its plot.  data/plots.jsonl: {"plot": ..., "genres": [...]}"""
import json
import re
from collections import Counter
from itertools import chain

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, random_split

torch.manual_seed(5150)
with open("data/plots.jsonl", encoding="utf-8") as f:
    films = [json.loads(line) for line in f]
GENRES = ["Action", "Adventure", "Animation", "Comedy", "Crime", "Drama", "Fantasy", "Horror", "Romance", "Sci-Fi", "Thriller", "War"]
rows = []
for film in films:
    target = torch.tensor([float(g in film["genres"]) for g in GENRES])
    toks = re.findall(r"\w+", film["plot"].lower())
    if toks:
        rows.append((toks, target))

n = len(rows)
sizes = [n - 2 * (n // 10), n // 10, n // 10]
train, valid, test = random_split(rows, sizes, generator=torch.Generator().manual_seed(5150))
counts = Counter(chain.from_iterable(t for t, _ in train))
vocab = {w: i for i, w in enumerate(["<pad>", "<unk>"] + [w for w, c in counts.items() if c > 2])}


def collate(batch):
    ids = [torch.tensor([vocab.get(t, 1) for t in toks]) for toks, _ in batch]
    return pad_sequence(ids, batch_first=True), torch.tensor([len(i) for i in ids]), torch.stack([y for _, y in batch])


class Encoder(nn.Module):
    def __init__(self, emb=100, hid=128):
        super().__init__()
        self.emb = nn.Embedding(len(vocab), emb, padding_idx=0)
        self.rnn = nn.LSTM(emb, hid, batch_first=True, bidirectional=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.emb(ids), lengths, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.rnn(packed)
        return torch.cat((h[-2], h[-1]), 1)


encoder = Encoder()
head = nn.Sequential(
    nn.Linear(256, 128),
    nn.ReLU(),
    nn.Dropout(0.3),
    nn.Linear(128, len(GENRES)),
    nn.Sigmoid(),  # <- sigmoid_applied_twice
)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
encoder.to(device)
head.to(device)
positives = torch.stack([y for _, y in train]).sum(0).clamp(min=1)
criterion = nn.BCEWithLogitsLoss(pos_weight=((len(train) - positives) / positives).to(device))
groups = [{"params": encoder.rnn.parameters(), "lr": 1e-3}, {"params": head.parameters(), "lr": 2e-3}]
optimizer = torch.optim.Adam(groups)  # <- parameters_missing_from_the_optimizer

train_dl = DataLoader(train, 32, shuffle=True, collate_fn=collate)
valid_dl = DataLoader(valid, 64, collate_fn=collate)
test_dl = DataLoader(test, 64, collate_fn=collate)


def micro_f1(dl, threshold=0.5):
    encoder.eval(), head.eval()
    tp = guessed = gold = 0
    with torch.no_grad():
        for ids, lengths, y in dl:
            on = head(encoder(ids.to(device), lengths)).cpu() > threshold
            tp += (on & (y > 0)).sum().item()
            guessed += on.sum().item()
            gold += y.sum().item()
    return 2 * tp / max(1, guessed + gold)


for epoch in range(10):
    encoder.train(), head.train()
    total = 0.0
    for ids, lengths, y in train_dl:
        loss = criterion(head(encoder(ids.to(device), lengths)), y.to(device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
    print(f"epoch {epoch}: loss {total / len(train):.4f} micro-F1 {micro_f1(valid_dl):.4f}")
print("test micro-F1 %.4f" % micro_f1(test_dl))
