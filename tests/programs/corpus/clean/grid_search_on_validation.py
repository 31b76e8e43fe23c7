"""SMS / e-mail intents: small grid over hidden size and learning rate, chosen by validation, three seeds for the winner."""
import copy
import itertools
import json
import re
from collections import Counter
from statistics import mean

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader

GRID = {"hidden": [64, 128], "lr": [3e-3, 1e-3], "cell": ["gru", "lstm", "rnn"]}
CELLS = {"gru": nn.GRU, "lstm": nn.LSTM, "rnn": nn.RNN}
EPOCHS = 8


def load(name):
    with open(f"intents/{name}.json", encoding="utf-8") as f:
        return [(re.findall(r"\w+", d["text"].lower()) or ["empty"], d["intent"]) for d in json.load(f)]


TRAIN, VALID, TEST = load("train"), load("valid"), load("test")
WORDS = ["<pad>", "<unk>"] + sorted(w for w, c in Counter(w for t, _ in TRAIN for w in t).items() if c > 1)
W2I = {w: i for i, w in enumerate(WORDS)}
CLASSES = sorted({c for _, c in TRAIN})
C2I = {c: i for i, c in enumerate(CLASSES)}


def collate(rows):
    seqs = [torch.tensor([W2I.get(w, 1) for w in t]) for t, _ in rows]
    return pad_sequence(seqs, batch_first=True), torch.tensor([len(s) for s in seqs]), torch.tensor([C2I[c] for _, c in rows])


class Classifier(nn.Module):
    def __init__(self, cell, hidden):
        super().__init__()
        self.emb = nn.Embedding(len(WORDS), 100, padding_idx=0)
        self.rnn = CELLS[cell](100, hidden, batch_first=True)
        self.drop = nn.Dropout(0.3)
        self.out = nn.Linear(hidden, len(CLASSES))

    def forward(self, x, n):
        _, h = self.rnn(pack_padded_sequence(self.emb(x), n, batch_first=True, enforce_sorted=False))
        if isinstance(h, tuple):          # an LSTM gives (h, c)
            h = h[0]
        return self.out(self.drop(h[-1]))


def accuracy(model, rows):
    model.eval()
    right = 0
    with torch.no_grad():
        for x, n, y in DataLoader(rows, 256, collate_fn=collate):
            right += (model(x, n).argmax(1) == y).sum().item()
    return right / len(rows)


def train_one(hidden, lr, cell, seed):
    torch.manual_seed(seed)
    model = Classifier(cell, hidden)
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    loader = DataLoader(TRAIN, 32, shuffle=True, collate_fn=collate)
    best, best_model = -1.0, None
    for _ in range(EPOCHS):
        model.train()
        for x, n, y in loader:
            opt.zero_grad()
            nn.functional.cross_entropy(model(x, n), y).backward()
            opt.step()
        acc = accuracy(model, VALID)
        if acc > best:
            best, best_model = acc, copy.deepcopy(model)
    return best, best_model


def main():
    results = []
    for values in itertools.product(*GRID.values()):
        setting = dict(zip(GRID, values))
        valid, _ = train_one(**setting, seed=0)
        results.append((valid, setting))
        print(f"{valid:.4f} {setting}")
    _, winner = max(results, key=lambda r: r[0])
    print("winner", winner)
    scores = []
    for seed in (1, 2, 3):
        valid, model = train_one(**winner, seed=seed)
        scores.append(accuracy(model, TEST))
        print(f"seed {seed}: valid {valid:.4f} test {scores[-1]:.4f}")
    print(f"mean test accuracy {mean(scores):.4f}")


if __name__ == "__main__":
    main()
