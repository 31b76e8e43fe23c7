"""Sarcastic headlines, GRU with attention by hand. Data: Sarcasm_Headlines_Dataset_v2.json (one json per line)."""
import json
import re

import torch
from torch import nn
from torch.utils.data import DataLoader, random_split

torch.manual_seed(8)
device = torch.device("cuda") if torch.cuda.is_available() else torch.device("cpu")

rows, seen = [], set()
with open("Sarcasm_Headlines_Dataset_v2.json") as fp:
    for line in fp:
        obj = json.loads(line)
        head = " ".join(re.findall(r"[a-z0-9$%']+", obj["headline"].lower()))
        if head and head not in seen:
            seen.add(head)
            rows.append((head.split(), obj["is_sarcastic"]))

n_test = n_val = len(rows) // 10
train, val, test = random_split(rows, [len(rows) - n_val - n_test, n_val, n_test],
                                generator=torch.Generator().manual_seed(8))

tok2id = {"<p>": 0, "<u>": 1}
for toks, _ in train:
    for t in toks:
        tok2id.setdefault(t, len(tok2id))


def collate(b):
    m = max(len(t) for t, _ in b)
    x = torch.tensor([[tok2id.get(w, 1) for w in t] + [0] * (m - len(t)) for t, _ in b])
    y = torch.tensor([[float(l)] for _, l in b])
    return x, y


class SarcasmNet(nn.Module):
    def __init__(self, vocab, d=96, h=96):
        super().__init__()
        self.emb = nn.Embedding(vocab, d, padding_idx=0)
        self.gru = nn.GRU(d, h, batch_first=True)
        self.score = nn.Linear(h, 1)
        self.softmax = nn.Softmax(dim=0)  # <- softmax_over_the_batch
        self.do = nn.Dropout(0.4)
        self.fc = nn.Linear(h, 1)

    def forward(self, x):
        o, _ = self.gru(self.do(self.emb(x)))
        s = self.score(o).squeeze(2).masked_fill(x == 0, -1e4)
        a = self.softmax(s)
        ctx = (a.unsqueeze(2) * o * (x != 0).unsqueeze(2)).sum(1)
        return self.fc(self.do(ctx))


model = SarcasmNet(len(tok2id)).to(device)
crit = nn.BCEWithLogitsLoss()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
loaders = {k: DataLoader(d, batch_size=100, shuffle=(k == "train"), collate_fn=collate)
           for k, d in (("train", train), ("val", val), ("test", test))}


def accuracy(which):
    ok, n = 0, 0
    model.eval()
    with torch.no_grad():
        for x, y in loaders[which]:
            y = y.squeeze(1).to(device)
            pred = (torch.sigmoid(model(x.to(device))) >= 0.5).float()
            ok += (pred == y).sum().item()  # <- comparison_broadcasts
            n += len(y)
    return ok / n


for epoch in range(6):
    model.train()
    tl = 0.0
    for x, y in loaders["train"]:
        x, y = x.to(device), y.to(device)
        opt.zero_grad()
        loss = crit(model(x), y)
        loss.backward()
        opt.step()
        tl += loss.item() * len(y)
    print("epoch", epoch + 1, "train loss", round(tl / len(train), 4), "val acc", round(accuracy("val"), 4))
print("test acc", round(accuracy("test"), 4))
