"""Book reviews, attention over a BiGRU, keeps the best checkpoint."""
import json
import os
import re
from collections import Counter

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader

torch.manual_seed(71)
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def read(name):
    out = []
    for line in open(os.path.join("books", name), encoding="utf-8"):
        d = json.loads(line)
        toks = re.findall(r"\w+|[!?]", d["review"].lower())
        if toks:
            out.append((toks, d["positive"]))
    return out


class Attention(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.query = nn.Parameter(torch.randn(dim) / dim ** 0.5)

    def forward(self, states):
        return (torch.softmax(states @ self.query, dim=1).unsqueeze(-1) * states).sum(dim=1)  # <- padding_averaged_into_the_review


class BookNet(nn.Module):
    def __init__(self, n_words, dim=64):
        super().__init__()
        self.embedding = nn.Embedding(n_words, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim, batch_first=True, bidirectional=True)
        self.attention = Attention(2 * dim)
        self.dropout = nn.Dropout(0.3)
        self.classify = nn.Linear(2 * dim, 2)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.embedding(x), lengths, batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True)
        return self.classify(self.dropout(self.attention(states)))


def main():
    train, valid, test = read("train.jsonl"), read("valid.jsonl"), read("test.jsonl")
    counts = Counter(t for toks, _ in train for t in toks)
    stoi = {w: i for i, (w, _) in enumerate(counts.most_common(25000), 2)}

    def collate(rows):
        ids = [torch.tensor([stoi.get(t, 1) for t in toks]) for toks, _ in rows]
        return pad_sequence(ids, batch_first=True), torch.tensor([len(i) for i in ids]), torch.tensor([y for _, y in rows])

    train_dl = DataLoader(train, 64, shuffle=True, collate_fn=collate)
    valid_dl = DataLoader(valid, 128, collate_fn=collate)
    test_dl = DataLoader(test, 128, collate_fn=collate)
    model = BookNet(len(stoi) + 2).to(DEVICE)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss_fn = nn.CrossEntropyLoss()

    def score(dl):
        model.eval()
        hits = n = 0
        with torch.no_grad():
            for x, lengths, y in dl:
                hits += (model(x.to(DEVICE), lengths).argmax(1).cpu() == y).sum().item()
                n += len(y)
        return hits / n

    best = 0.0
    for epoch in range(10):
        model.train()
        for x, lengths, y in train_dl:
            optimizer.zero_grad()
            loss = loss_fn(model(x.to(DEVICE), lengths), y.to(DEVICE))
            loss.backward()
            optimizer.step()
        acc = score(valid_dl)
        print(f"epoch {epoch}: valid {acc:.4f}")
        if acc > best:
            best = acc
            torch.save({"model": model.state_dict(), "stoi": stoi}, "books_best.pt")
    print(f"best valid {best:.4f}, test {score(test_dl):.4f}")  # <- best_weights_never_loaded


if __name__ == "__main__":
    main()
