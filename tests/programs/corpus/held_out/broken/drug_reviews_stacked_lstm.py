"""Stacked LSTM layers, each with its own size; drug reviews good/bad."""
import re
from collections import Counter

import pandas as pd
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader

torch.manual_seed(23)


def tokenize(s):
    return re.findall(r"[a-z]+", s.lower().replace("&#039;", "'")) or ["none"]


train = pd.read_csv("drugsComTrain_raw.tsv", sep="\t", usecols=["review", "rating"])
test = pd.read_csv("drugsComTest_raw.tsv", sep="\t", usecols=["review", "rating"])
for frame in (train, test):
    frame["y"] = (frame["rating"] >= 6).astype(int)
    frame["tokens"] = frame["review"].map(tokenize)

freq = Counter(t for toks in train["tokens"] for t in toks)
stoi = {t: i + 2 for i, (t, _) in enumerate(freq.most_common(20000))}


def rows(frame):
    return [(torch.tensor([stoi.get(t, 1) for t in toks]), y) for toks, y in zip(frame["tokens"], frame["y"])]


def collate(batch):
    xs, ys = zip(*batch)
    return pad_sequence(list(xs), batch_first=True), torch.tensor([len(x) for x in xs]), torch.tensor(ys, dtype=torch.float)


class StackedLSTM(nn.Module):
    def __init__(self, vocab_size, emb=100, sizes=(128, 64, 32)):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, emb, padding_idx=0)
        self.layers = []  # <- layers_in_a_python_list
        previous = emb
        for size in sizes:
            self.layers.append(nn.LSTM(previous, size, batch_first=True))
            previous = size
        self.dropout = nn.Dropout(0.3)
        self.out = nn.Linear(previous, 1)

    def forward(self, x, lengths):
        x = pack_padded_sequence(self.embedding(x), lengths, batch_first=True, enforce_sorted=False)
        for layer in self.layers:
            x, (h, _) = layer(x)
        return self.out(self.dropout(h[-1])).squeeze(1)


train_loader = DataLoader(rows(train), batch_size=64, shuffle=True, collate_fn=collate)
test_loader = DataLoader(rows(test), batch_size=128, collate_fn=collate)
model = StackedLSTM(len(stoi) + 2)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.BCEWithLogitsLoss()

for epoch in range(4):
    model.train()
    for i, (x, lengths, y) in enumerate(train_loader):
        optimizer.zero_grad()
        loss = criterion(model(x, lengths), y)
        loss.backward()
        optimizer.step()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)  # <- gradients_clipped_after_the_step
        if i % 250 == 0:
            print(f"epoch {epoch} batch {i} loss {loss.item():.4f}")

model.eval()
tp = tn = p = n = 0
with torch.no_grad():
    for x, lengths, y in test_loader:
        guess = model(x, lengths) > 0
        tp += (guess & (y == 1)).sum().item()
        tn += (~guess & (y == 0)).sum().item()
        p += (y == 1).sum().item()
        n += (y == 0).sum().item()
print(f"recall of good {tp / p:.4f}, recall of bad {tn / n:.4f}, balanced accuracy {(tp / p + tn / n) / 2:.4f}")
