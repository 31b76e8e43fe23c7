"""Yelp review stars (1-5): LSTM, mixed precision, gradient accumulation, warmup schedule."""
import argparse
import json
import math
import random
import re
from array import array
from collections import Counter
from pathlib import Path

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

WORD = re.compile(r"\w+|[^\w\s]")


def load_jsonl(path):
    """Tokenizes once and keeps (tokens, label 0..4)."""
    out = []
    with open(path, encoding="utf-8") as f:
        for line in f:
            rec = json.loads(line)
            tokens = WORD.findall(rec["text"].lower())
            if tokens:
                out.append((tokens, int(rec["stars"]) - 1))
    return out


class Reviews(Dataset):
    def __init__(self, examples, stoi, unk):
        self.ids = [array("i", [stoi.get(t, unk) for t in toks]) for toks, _ in examples]
        self.labels = [y for _, y in examples]

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, i):
        return torch.tensor(self.ids[i], dtype=torch.long), self.labels[i]


class StarLSTM(nn.Module):
    def __init__(self, vocab_size, pad, emb=200, hidden=256, layers=2):
        super().__init__()
        self.emb = nn.Embedding(vocab_size, emb, padding_idx=pad)
        self.lstm = nn.LSTM(emb, hidden, layers, batch_first=True, dropout=0.3)
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(hidden, hidden // 2), nn.ReLU(), nn.Linear(hidden // 2, 5))

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.emb(x), lengths, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.head(h[-1])


def evaluate(model, loader, device):
    model.eval()
    right = off_by_one = n = 0
    with torch.no_grad():
        for x, lengths, y in loader:
            pred = model(x.to(device), lengths).argmax(1).cpu()
            right += (pred == y).sum().item()
            off_by_one += ((pred - y).abs() <= 1).sum().item()
            n += len(y)
    return right / n, off_by_one / n


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--train", default="yelp/train.jsonl")
    p.add_argument("--valid", default="yelp/valid.jsonl")
    p.add_argument("--test", default="yelp/test.jsonl")
    p.add_argument("--accumulate", type=int, default=4)
    p.add_argument("--epochs", type=int, default=3)
    p.add_argument("--out", default="runs/yelp")
    a = p.parse_args()
    random.seed(1)
    torch.manual_seed(1)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    use_amp = device.type == "cuda"

    train = load_jsonl(a.train)
    counts = Counter(t for toks, _ in train for t in toks)
    itos = ["<unk>", "<pad>"] + [w for w, c in counts.most_common(30000) if c > 2]
    stoi = {w: i for i, w in enumerate(itos)}
    unk, pad = stoi["<unk>"], stoi["<pad>"]

    def collate(rows):
        xs, ys = zip(*rows)
        return pad_sequence(list(xs), batch_first=True, padding_value=pad), torch.tensor([len(x) for x in xs]), torch.tensor(ys)

    train_loader = DataLoader(Reviews(train, stoi, unk), batch_size=32, shuffle=True, collate_fn=collate)
    valid_loader = DataLoader(Reviews(load_jsonl(a.valid), stoi, unk), batch_size=128, collate_fn=collate)
    test_loader = DataLoader(Reviews(load_jsonl(a.test), stoi, unk), batch_size=128, collate_fn=collate)

    model = StarLSTM(len(itos), pad).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
    updates = math.ceil(len(train_loader) / a.accumulate) * a.epochs
    warm = max(1, updates // 20)
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: (s + 1) / warm if s < warm else max(0.0, (updates - s) / max(1, updates - warm)))
    scaler = torch.amp.GradScaler(device.type, enabled=use_amp)
    criterion = nn.CrossEntropyLoss()
    out = Path(a.out)
    out.mkdir(parents=True, exist_ok=True)
    best = 0.0

    for epoch in range(a.epochs):
        model.train()
        optimizer.zero_grad()
        for i, (x, lengths, y) in enumerate(train_loader):
            with torch.autocast(device.type, enabled=use_amp):
                loss = criterion(model(x.to(device), lengths), y.to(device))
            scaler.scale(loss / a.accumulate).backward()
            if (i + 1) % a.accumulate == 0 or i + 1 == len(train_loader):
                scaler.unscale_(optimizer)
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                scaler.step(optimizer)
                scaler.update()
                optimizer.zero_grad()
                scheduler.step()
            if i % 200 == 0:
                print(f"epoch {epoch} batch {i}/{len(train_loader)} loss of this batch {loss.item():.3f}")
        acc, near = evaluate(model, valid_loader, device)
        print(f"epoch {epoch}: valid exact {acc:.4f}, within one star {near:.4f}")
        if acc > best:
            best = acc
            torch.save({"model": model.state_dict(), "itos": itos}, out / "best.pt")

    model.load_state_dict(torch.load(out / "best.pt", map_location=device)["model"])
    print("test: exact %.4f, within one star %.4f" % evaluate(model, test_loader, device))


if __name__ == "__main__":
    main()
