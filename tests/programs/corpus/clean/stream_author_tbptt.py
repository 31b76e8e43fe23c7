"""
Who is writing here?  Two books are cut into chapters, the chapters are put one after another into
parallel streams, and the network says after every character which author it is reading.
The streams go on from window to window, so the state is handed on (truncated backpropagation).
"""
import argparse
import random
from pathlib import Path

import torch
import torch.nn as nn

CHARS = "\n abcdefghijklmnopqrstuvwxyz.,;:!?'\"-()0123456789"
INDEX = {c: i for i, c in enumerate(CHARS)}
OTHER = len(CHARS)


def chapters(path, author):
    text = Path(path).read_text(encoding="utf-8").lower()
    parts = [p.strip() for p in text.split("chapter ") if len(p.strip()) > 2000]
    return [(p, author) for p in parts]


def to_stream(parts, n_streams):
    """(time, n_streams) characters and authors; every column is one continuous text"""
    xs, ys = [], []
    for text, author in parts:
        xs += [INDEX.get(c, OTHER) for c in text]
        ys += [author] * len(text)
    steps = len(xs) // n_streams
    x = torch.tensor(xs[: steps * n_streams]).view(n_streams, steps).t().contiguous()
    y = torch.tensor(ys[: steps * n_streams], dtype=torch.long).view(n_streams, steps).t().contiguous()
    return x, y


class Reader(nn.Module):
    def __init__(self, hidden=256):
        super().__init__()
        self.emb = nn.Embedding(len(CHARS) + 1, 48)
        self.lstm = nn.LSTM(48, hidden, num_layers=2, dropout=0.2)
        self.out = nn.Linear(hidden, 2)

    def forward(self, x, state=None):
        h, state = self.lstm(self.emb(x), state)      # x: (time, streams)
        return self.out(h), state


def repackage(state):
    return tuple(s.detach() for s in state)


def windows(x, y, size):
    for i in range(0, x.size(0), size):
        yield x[i : i + size], y[i : i + size]


def evaluate(model, x, y, size):
    model.eval()
    state, right = None, 0
    with torch.no_grad():
        for xb, yb in windows(x, y, size):
            scores, state = model(xb, state)
            right += (scores.argmax(-1) == yb).sum().item()
    return right / y.numel()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--first", default="books/first_author.txt")
    ap.add_argument("--second", default="books/second_author.txt")
    ap.add_argument("--bptt", type=int, default=100)
    ap.add_argument("--streams", type=int, default=32)
    ap.add_argument("--epochs", type=int, default=10)
    args = ap.parse_args()
    random.seed(8)
    torch.manual_seed(8)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    parts = chapters(args.first, 0) + chapters(args.second, 1)
    random.shuffle(parts)
    k = max(2, len(parts) // 8)
    test_parts, valid_parts, train_parts = parts[:k], parts[k : 2 * k], parts[2 * k :]
    vx, vy = (t.to(device) for t in to_stream(valid_parts, 4))
    tx, ty = (t.to(device) for t in to_stream(test_parts, 4))

    model = Reader().to(device)
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, mode="max", factor=0.5, patience=1)
    loss_fn = nn.CrossEntropyLoss()

    for epoch in range(args.epochs):
        random.shuffle(train_parts)
        x, y = (t.to(device) for t in to_stream(train_parts, args.streams))
        model.train()
        state = None
        total = 0.0
        for xb, yb in windows(x, y, args.bptt):
            if state is not None:
                state = repackage(state)
            scores, state = model(xb, state)
            loss = loss_fn(scores.reshape(-1, 2), yb.reshape(-1))
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            opt.step()
            total += loss.item() * yb.numel()
        acc = evaluate(model, vx, vy, args.bptt)
        plateau.step(acc)
        print(f"epoch {epoch}: loss {total / y.numel():.4f}, valid accuracy per character {acc:.4f}")

    print(f"test accuracy per character {evaluate(model, tx, ty, args.bptt):.4f}")


if __name__ == "__main__":
    main()
