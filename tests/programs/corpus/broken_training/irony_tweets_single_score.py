"""SemEval irony detection (A): one line per tweet: index, label, text; tab separated with a header line."""
import random
import re
from pathlib import Path

import torch
import torch.nn as nn
from torch.nn.utils.rnn import PackedSequence, pack_sequence

torch.manual_seed(2024)
random.seed(2024)
FOLDER = Path("data/irony")


def read(name):
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()[1:]
    out = []
    for line in lines:
        _, label, text = line.split("\t", 2)
        text = re.sub(r"#irony|#sarcasm|#not|https?://\S+", " ", text.lower())
        out.append((re.findall(r"[@#]?\w+|[^\w\s]", text) or ["<none>"], int(label)))
    return out


train, test = read("train.tsv"), read("test_gold.tsv")
random.shuffle(train)
dev, train = train[:300], train[300:]
index = {"<unk>": 0}
for words, _ in train:
    for w in words:
        index.setdefault(w, len(index))


def batch_of(rows):
    seqs = [torch.tensor([index.get(w, 0) for w in words]) for words, _ in rows]
    return pack_sequence(seqs, enforce_sorted=False), torch.tensor([y for _, y in rows])


def batches(rows, size=32, shuffle=False):
    rows = random.sample(rows, len(rows)) if shuffle else rows
    return (batch_of(rows[i:i + size]) for i in range(0, len(rows), size))


class IronyLSTM(nn.Module):
    def __init__(self, n_words, dim=50, hidden=64):
        super().__init__()
        self.table = nn.Embedding(n_words, dim)
        self.lstm = nn.LSTM(dim, hidden, bidirectional=True)
        self.score = nn.Linear(2 * hidden, 1)

    def forward(self, packed):
        packed = PackedSequence(self.table(packed.data), packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices)
        _, (h, _) = self.lstm(packed)
        return self.score(torch.cat([h[0], h[1]], dim=1))


model = IronyLSTM(len(index))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()


def f1(rows):
    tp = guessed = gold = 0
    model.eval()
    with torch.no_grad():
        for x, y in batches(rows):
            ironic = model(x).squeeze(1) > 0
            tp += (ironic & (y == 1)).sum().item()
            guessed += ironic.sum().item()
            gold += (y == 1).sum().item()
    return 2 * tp / max(1, guessed + gold)


for epoch in range(10):
    model.train()
    total = 0.0
    for x, y in batches(train, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(model(x), y.float().unsqueeze(1))  # <- one_output_with_cross_entropy
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
    print(f"epoch {epoch}: loss {total / len(train):.4f}, dev F1 {f1(dev):.4f}")
print(f"test F1 {f1(test):.4f}")
