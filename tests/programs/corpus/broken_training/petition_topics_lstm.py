# petitions: one csv per topic in petitions/, classify by title with an LSTM cell loop
import csv
import glob
import os
import random

import torch
from torch import nn
from torch.nn import functional as F

random.seed(51)
torch.manual_seed(51)
DIM, HID, BATCH, EPOCHS = 64, 96, 32, 12

topics, rows = [], []
for fn in sorted(glob.glob("petitions/*.csv")):
    topics.append(os.path.splitext(os.path.basename(fn))[0])
    with open(fn, encoding="utf-8", newline="") as f:
        for r in csv.DictReader(f):
            t = "".join(c if c.isalnum() else " " for c in r["title"].lower()).split()
            if t:
                rows.append((tuple(t), len(topics) - 1))
rows = list(dict.fromkeys(rows))
random.shuffle(rows)
k = len(rows) // 6
test, dev, train = rows[:k], rows[k:2 * k], rows[2 * k:]

wmap = {"<pad>": 0, "<oov>": 1}
for t, _ in train:
    for w in t:
        wmap.setdefault(w, len(wmap))


def to_batch(part):
    n = torch.tensor([len(t) for t, _ in part])
    x = torch.zeros(int(n.max()), len(part), dtype=torch.long)
    for j, (t, _) in enumerate(part):
        x[:len(t), j] = torch.tensor([wmap.get(w, 1) for w in t])
    return x, n, torch.tensor([y for _, y in part])


class AttLSTM(nn.Module):
    """LSTM cell unrolled in time, attention over all states."""

    def __init__(self, n_words, n_topics):
        super().__init__()
        self.emb = nn.Embedding(n_words, DIM, padding_idx=0)
        self.cell = nn.LSTMCell(DIM, HID)
        self.att = nn.Linear(HID, 1)
        self.drop = nn.Dropout(0.3)
        self.out = nn.Linear(HID, n_topics)

    def forward(self, x, n):
        T, B = x.shape
        h, c = torch.zeros(B, HID), torch.zeros(B, HID)
        states = []
        for e in self.emb(x):
            h, c = self.cell(e, (h, c))
            states.append(h)
        states = torch.stack(states)                                  # T x B x H
        keep = (torch.arange(T).unsqueeze(1) < n.unsqueeze(0)).unsqueeze(2)
        a = torch.softmax(self.att(states).masked_fill(~keep, -1e9), dim=1)  # <- softmax_over_the_batch
        return self.out(self.drop((a * keep * states).sum(0)))


net = AttLSTM(len(wmap), len(topics))
opt = torch.optim.Adam(net.parameters(), 2e-3)


def share_right(part_rows):
    net.eval()
    r = []
    with torch.no_grad():
        for i in range(0, len(part_rows), BATCH):
            x, n, y = to_batch(part_rows[i:i + BATCH])
            r.append(net(x, n).argmax(1).eq(y).float().mean().item())
    return sum(r) / len(r)  # <- mean_of_batch_means


for epoch in range(EPOCHS):
    net.train()
    random.shuffle(train)
    total = 0.0
    for i in range(0, len(train), BATCH):
        x, n, y = to_batch(train[i:i + BATCH])
        opt.zero_grad()
        loss = F.cross_entropy(net(x, n), y)
        loss.backward()
        opt.step()
        total += loss.item() * len(y)
    print(epoch, "%.4f" % (total / len(train)), "dev %.3f" % share_right(dev))

print("test accuracy: %.3f" % share_right(train))  # <- training_accuracy_called_test_accuracy
