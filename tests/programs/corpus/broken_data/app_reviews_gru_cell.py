"""App store reviews (stars -> good/bad), own GRU loop over a cell."""
import argparse
import json
import random
import re
from collections import Counter

import torch
import torch.nn.functional as F
from torch import nn


class AppGRU(nn.Module):
    def __init__(self, n_vocab, dim, hidden):
        super().__init__()
        self.hidden = hidden
        self.emb = nn.Embedding(n_vocab, dim, padding_idx=0)
        self.cell = nn.GRUCell(dim, hidden)
        self.out = nn.Linear(hidden, 2)
        self.h = None

    def reset(self, n):
        self.h = torch.zeros(n, self.hidden)

    def forward(self, x):
        e = self.emb(x)
        mask = (x != 0).float()
        for t in range(x.size(1)):
            new = self.cell(e[:, t], self.h)
            m = mask[:, t:t + 1]
            self.h = m * new + (1 - m) * self.h  # <- hidden_state_kept_in_the_graph
        return self.out(self.h)


def load(path):
    rows = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            r = json.loads(line)
            toks = re.findall(r"\w+|[!?]", r["content"].lower())
            if toks and r["score"] != 3:
                rows[r["content"]] = (toks, int(r["score"] > 3))
    return list(rows.values())


def to_batch(part, vocab):
    n = max(len(t) for t, _ in part)
    x = torch.zeros(len(part), n, dtype=torch.long)
    for i, (t, _) in enumerate(part):
        x[i, :len(t)] = torch.tensor([vocab.get(w, 1) for w in t])
    return x, torch.tensor([y for _, y in part])


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--file", default="app_reviews.jsonl")
    p.add_argument("--bs", type=int, default=32)
    p.add_argument("--epochs", type=int, default=3)
    p.add_argument("--keep-graph", action="store_true", default=True)
    a = p.parse_args()
    random.seed(14)
    torch.manual_seed(14)

    rows = load(a.file)
    random.shuffle(rows)
    k = len(rows) // 10
    test, train = rows[:k], rows[k:]
    c = Counter(w for t, _ in train for w in t)
    vocab = {w: i for i, w in enumerate(["<pad>", "<unk>"] + [w for w, n in c.most_common() if n > 1])}

    model = AppGRU(len(vocab), 64, 64)
    opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(a.epochs):
        model.train()
        model.reset(a.bs)
        random.shuffle(train)
        for i in range(0, len(train) - a.bs + 1, a.bs):
            x, y = to_batch(train[i:i + a.bs], vocab)
            loss = F.cross_entropy(model(x), y)
            opt.zero_grad()
            loss.backward(retain_graph=a.keep_graph)  # <- retain_graph_as_a_cure
            opt.step()
        model.eval()
        ok = 0
        with torch.no_grad():
            for i in range(0, len(test), a.bs):
                part = test[i:i + a.bs]
                x, y = to_batch(part, vocab)
                model.reset(len(part))
                ok += (model(x).argmax(1) == y).sum().item()
        print(f"epoch {epoch + 1}: test accuracy {ok / len(test):.3f}")


if __name__ == "__main__":
    main()
