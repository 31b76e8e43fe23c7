import csv
import pathlib
import random
import re
import statistics

import torch
import torch.nn as nn
import torch.nn.functional as F
import tqdm

cfg = dict(
    data=pathlib.Path("data/fake_reviews.csv"),   # category, rating, label (CG = computer generated, OR = original), text_
    emb=64, hid=64, drop=0.3, bs=32, lr=1e-3, epochs=5, seed=404,
)
random.seed(cfg["seed"])
torch.manual_seed(cfg["seed"])
device = "cuda" if torch.cuda.is_available() else "cpu"

with cfg["data"].open(newline="", encoding="utf-8") as f:
    rows = [(re.findall(r"\w+|[^\w\s]", r["text_"].lower()), int(r["label"] == "CG")) for r in csv.DictReader(f)]
rows = [r for r in rows if r[0]]
random.shuffle(rows)
tenth = len(rows) // 10
parts = {"test": rows[:tenth], "valid": rows[tenth:2 * tenth], "train": rows[2 * tenth:]}

vocab = {"<pad>": 0, "<unk>": 1}
for words, _ in parts["train"]:
    for w in words:
        vocab.setdefault(w, len(vocab))


def stream(name):
    some = list(parts[name])
    if name == "train":
        random.shuffle(some)
    for i in range(0, len(some), cfg["bs"]):
        chunk = some[i:i + cfg["bs"]]
        width = max(len(w) for w, _ in chunk)
        x = torch.zeros(len(chunk), width, dtype=torch.long)
        for k, (words, _) in enumerate(chunk):
            x[k, width - len(words):] = torch.tensor([vocab.get(w, 1) for w in words])
        yield x.to(device), torch.tensor([y for _, y in chunk], device=device)


class FakeGRU(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(len(vocab), cfg["emb"], padding_idx=0)
        self.gru = nn.GRU(cfg["emb"], cfg["hid"], batch_first=True)
        self.fc = nn.Linear(cfg["hid"], 1)

    def forward(self, x):
        out, h = self.gru(self.emb(x))
        last = out[:, -1]
        last = torch.dropout(last, cfg["drop"], True)  # <- functional_dropout_always_on
        return self.fc(last)


net = FakeGRU().to(device)
opt = torch.optim.Adam(net.parameters(), lr=cfg["lr"])


def accuracy(name):
    net.eval()
    right = 0
    with torch.no_grad():
        for x, y in stream(name):
            right += ((net(x)[:, 0] > 0).long() == y).sum().item()
    return right / len(parts[name])


for epoch in range(cfg["epochs"]):
    net.train()
    losses = []
    for x, y in tqdm.tqdm(list(stream("train"))):
        opt.zero_grad()
        loss = F.binary_cross_entropy_with_logits(torch.sigmoid(net(x)[:, 0]), y.float())  # <- sigmoid_applied_twice
        loss.backward()
        opt.step()
        losses.append(loss.item())
    print(f"epoch {epoch}: loss {statistics.fmean(losses):.4f} valid {accuracy('valid'):.4f}")  # <- mean_of_batch_means
print(f"test {accuracy('test'):.4f}")
