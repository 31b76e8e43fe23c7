"""First names -> gender.  csv: name,gender (F/M).  Names of one length make a batch, so nothing is padded."""
import csv
import random
import string

import torch
from torch import nn, optim

random.seed(1000)
torch.manual_seed(1000)
ALPHABET = string.ascii_lowercase + "'- "


def encode(name):
    return [ALPHABET.index(c) for c in name.lower() if c in ALPHABET] or [ALPHABET.index(" ")]


with open("data/names_gender.csv", encoding="utf-8") as f:
    seen = {}
    for r in csv.DictReader(f):
        seen.setdefault(r["name"].strip().lower(), set()).add(r["gender"])
people = [(n, "FM".index(min(g))) for n, g in sorted(seen.items()) if len(g) == 1]
random.shuffle(people)
tenth = len(people) // 10
test, valid, train = people[:tenth], people[tenth:2 * tenth], people[2 * tenth:]


def batches(rows, size, shuffle=False):
    groups = {}
    for name, y in rows:
        ids = encode(name)
        groups.setdefault(len(ids), []).append((ids, y))
    out = []
    for group in groups.values():
        if shuffle:
            random.shuffle(group)
        for i in range(0, len(group), size):
            part = group[i:i + size]
            out.append((torch.tensor([p[0] for p in part]), torch.tensor([p[1] for p in part])))
    if shuffle:
        random.shuffle(out)
    return out


class GenderNet(nn.Module):
    def __init__(self, emb=16, hid=64):
        super().__init__()
        self.emb = nn.Embedding(len(ALPHABET), emb)
        self.rnn = nn.LSTM(emb, hid, num_layers=2, dropout=0.2, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * hid, 2)

    def forward(self, x):
        out, (h, c) = self.rnn(self.emb(x))
        fwd, bwd = out[:, -1, :64], out[:, -1, 64:]  # <- backward_direction_read_at_the_wrong_end
        return self.fc(torch.cat([fwd, bwd], dim=-1))


net = GenderNet()
optimizer = optim.Adam(net.parameters(), lr=0.002)
criterion = nn.CrossEntropyLoss()


def accuracy(rows):
    net.eval()
    right = 0
    for x, y in batches(rows, 256):  # <- gradients_kept_in_evaluation
        right += (net(x).argmax(1) == y).sum().item()
    return right / len(rows)


net.train()
for epoch in range(10):
    losses = 0.0
    for x, y in batches(train, 32, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()
        losses += loss.item() * len(y)
    valid_acc = accuracy(valid)
    net.train()
    print(f"epoch {epoch}: loss {losses / len(train):.4f} valid {valid_acc:.4f}")
print(f"test {accuracy(test):.4f}")


def gender(name):
    net.eval()
    with torch.no_grad():
        p = torch.softmax(net(torch.tensor([encode(name)])), dim=1)[0]
    score, which = p.max(0)
    return f"{name}: male with probability {score.item():.2f}"  # <- highest_probability_read_as_positive


for n in ("Oona", "Ivo", "Saskia"):
    print(gender(n))
