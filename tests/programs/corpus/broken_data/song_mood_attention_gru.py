"""Mood of a song (happy/sad) from its title and first line."""
import re
from collections import Counter

import pandas as pd
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, random_split

torch.manual_seed(30)
frame = pd.read_csv("songs.csv").dropna().drop_duplicates(["title", "first_line"])
texts = [re.findall(r"[a-z']+", f"{t} {l}".lower()) or ["-"] for t, l in zip(frame.title, frame.first_line)]
examples = list(zip(texts, (frame.mood == "happy").astype(int)))
examples = examples + [(list(reversed(t)), y) for t, y in examples]   # twice as many

n_test = len(examples) // 10
train, test = random_split(examples, [len(examples) - n_test, n_test])  # <- copies_made_before_the_split

freq = Counter(w for t, _ in train for w in t)
ids = {w: i for i, (w, _) in enumerate(freq.most_common(), start=2)}


def batchify(batch):
    x = [torch.tensor([ids.get(w, 1) for w in t]) for t, _ in batch]
    lengths = torch.tensor([len(v) for v in x])
    y = torch.tensor([int(m) for _, m in batch])
    return pad_sequence(x, batch_first=True), lengths, y


class MoodGRU(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.embedding = nn.Embedding(n, 64, padding_idx=0)
        self.gru = nn.GRU(64, 64, batch_first=True)
        self.att = nn.Linear(64, 1)
        self.fc = nn.Linear(64, 2)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.embedding(x), lengths, batch_first=True, enforce_sorted=False)
        steps, n = pad_packed_sequence(packed, batch_first=True)  # <- unpacked_before_the_rnn
        out, _ = self.gru(steps)
        scores = self.att(out).squeeze(2)
        mask = torch.arange(x.size(1))[None, :] >= n[:, None]
        weights = scores.masked_fill(mask, float("-inf")).softmax(dim=1)
        return self.fc((weights.unsqueeze(2) * out).sum(dim=1))


train_loader = DataLoader(train, batch_size=32, shuffle=True, collate_fn=batchify)
test_loader = DataLoader(test, batch_size=32, collate_fn=batchify)
model = MoodGRU(len(ids) + 2)
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(10):
    model.train()
    total = 0.0
    for x, lengths, y in train_loader:
        opt.zero_grad()
        loss = loss_fn(model(x, lengths), y)
        loss.backward()
        opt.step()
        total += loss.item() * len(y)
    model.eval()
    ok = 0
    with torch.no_grad():
        for x, lengths, y in test_loader:
            ok += (model(x, lengths).argmax(1) == y).sum().item()
    print(f"{epoch + 1:3d}  loss {total / len(train):.4f}  test accuracy {ok / len(test):.4f}")
