"""Who wrote the line? Author attribution for lines of poems."""
import json
import random
import re
from collections import Counter

import torch
import torch.nn as nn
import torch.nn.utils.rnn as R
from torch.utils.data import DataLoader

random.seed(1)
torch.manual_seed(1)

with open("data/lines.jsonl", encoding="utf-8") as f:
    data = [json.loads(l) for l in f]
data = list({d["line"]: d for d in data}.values())
authors = sorted({d["author"] for d in data})
samples = [(re.findall(r"\w+|[,;:.!?]", d["line"].lower()), authors.index(d["author"])) for d in data]
samples = [s for s in samples if s[0]]
random.shuffle(samples)
n = len(samples)
train, dev, test = samples[:int(.8 * n)], samples[int(.8 * n):int(.9 * n)], samples[int(.9 * n):]

cnt = Counter(w for s, _ in train for w in s)
vocab = {"<pad>": 0, "<unk>": 1}
for w, k in cnt.most_common():
    if k > 1:
        vocab[w] = len(vocab)


def collate(batch):
    x = [torch.tensor([vocab.get(w, 1) for w in s]) for s, _ in batch]
    lens = torch.tensor([len(s) for s in x])
    y = torch.tensor([a for _, a in batch])
    x = R.pad_sequence(x, batch_first=True)
    # longest first, as packing wants it
    lens, order = lens.sort(descending=True)  # <- sorted_for_packing_not_restored
    return x[order], lens, y


class AuthorGRU(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(len(vocab), 64, padding_idx=0)
        self.gru = nn.GRU(64, 96, num_layers=2, dropout=0.2, batch_first=True)
        self.lin = nn.Linear(96, len(authors))

    def forward(self, x, lens):
        packed = R.pack_padded_sequence(self.emb(x), lens, batch_first=True)
        _, h = self.gru(packed)
        return self.lin(h[-1])


net = AuthorGRU()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
ce = nn.CrossEntropyLoss()
loaders = [DataLoader(p, 64, shuffle=(p is train), collate_fn=collate) for p in (train, dev, test)]


def acc(dl):
    net.eval()
    with torch.no_grad():
        good = sum((net(x, l).argmax(1) == y).sum().item() for x, l, y in dl)
    return good / len(dl.dataset)


for ep in range(10):
    net.train()
    tot = 0
    for x, l, y in loaders[0]:
        opt.zero_grad()
        loss = ce(net(x, l), y)
        loss.backward()
        nn.utils.clip_grad_value_(net.parameters(), 1)
        opt.step()
        tot += loss.item() * len(y)
    print("ep", ep, "loss", round(tot / len(train), 4), "dev", round(acc(loaders[1]), 4))
print("test", round(acc(loaders[2]), 4))
