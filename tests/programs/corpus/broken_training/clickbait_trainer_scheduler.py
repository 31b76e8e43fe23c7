"""Clickbait detection, GRU, linear warm-up and decay of the learning rate."""
import gzip
import random
import re
from collections import Counter
from typing import List

import torch
import torch.nn as nn
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader


def read_gz(path: str, label: int) -> List[tuple]:
    with gzip.open(path, "rt", encoding="utf-8") as f:
        lines = [l.strip() for l in f]
    return [(re.findall(r"\w+|\?|!", l.lower()), label) for l in lines if re.search(r"\w", l)]


def make_vocab(rows, min_count=2):
    c = Counter(t for toks, _ in rows for t in toks)
    v = {"<pad>": 0, "<unk>": 1}
    for t, k in c.items():
        if k >= min_count:
            v[t] = len(v)
    return v


class ClickbaitGRU(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.embed = nn.Embedding(n, 64, padding_idx=0)
        self.gru = nn.GRU(64, 64, batch_first=True, bidirectional=True)
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(128, 1)

    def forward(self, x, n):
        p = nn.utils.rnn.pack_padded_sequence(self.embed(x), n, batch_first=True, enforce_sorted=False)
        _, h = self.gru(p)
        h = h.transpose(0, 1).reshape(x.size(0), -1)
        return self.head(self.drop(h)).squeeze(1)


class Trainer:
    def __init__(self, model, vocab, train, valid, epochs=5, bs=64, lr=2e-3, warm=200):
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model, self.vocab = model.to(self.device), vocab
        self.train_dl = DataLoader(train, bs, shuffle=True, collate_fn=self.collate)
        self.valid_dl = DataLoader(valid, bs, collate_fn=self.collate)
        self.epochs = epochs
        total = epochs * len(self.train_dl)
        self.opt = torch.optim.AdamW(model.parameters(), lr=lr)
        self.sched = LambdaLR(self.opt, lambda s: min((s + 1) / warm, max(0.0, (total - s) / max(1, total - warm))))
        self.loss_fn = nn.BCEWithLogitsLoss()

    def collate(self, rows):
        xs = [torch.tensor([self.vocab.get(t, 1) for t in toks]) for toks, _ in rows]
        n = torch.tensor([len(x) for x in xs])
        y = torch.tensor([float(l) for _, l in rows])
        return nn.utils.rnn.pad_sequence(xs, batch_first=True), n, y

    def step(self, x, n, y):
        self.opt.zero_grad()
        loss = self.loss_fn(self.model(x.to(self.device), n), y.to(self.device))
        loss.backward()
        self.sched.step()  # <- scheduler_stepped_at_the_wrong_time
        self.opt.step()
        return loss.item()

    def validate(self):
        self.model.eval()  # <- training_mode_not_restored
        hit = n_all = 0
        with torch.no_grad():
            for x, n, y in self.valid_dl:
                s = self.model(x.to(self.device), n).cpu()
                hit += ((s > 0).float() == y).sum().item()
                n_all += len(y)
        return hit / n_all

    def fit(self):
        self.model.train()
        for e in range(self.epochs):
            tot = cnt = 0
            for x, n, y in self.train_dl:
                tot += self.step(x, n, y) * len(y)
                cnt += len(y)
            print(f"epoch {e + 1}/{self.epochs}  loss {tot / cnt:.4f}  valid {self.validate():.4f}")


if __name__ == "__main__":
    random.seed(30)
    torch.manual_seed(30)
    rows = read_gz("clickbait_data.gz", 1) + read_gz("non_clickbait_data.gz", 0)
    random.shuffle(rows)
    k = len(rows) // 5
    valid, train = rows[:k], rows[k:]
    vocab = make_vocab(train)
    model = ClickbaitGRU(len(vocab))
    Trainer(model, vocab, train, valid).fit()
    torch.save({"model": model.state_dict(), "vocab": vocab}, "clickbait.pt")
