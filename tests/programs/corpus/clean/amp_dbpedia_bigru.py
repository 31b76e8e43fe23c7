"""DBpedia ontology (14 classes) in mixed precision, cosine schedule with warm-up, resumable checkpoints."""
from __future__ import annotations

import csv
import math
import random
import re
import sys
from collections import Counter
from pathlib import Path

import torch
import torch.nn as nn
from torch.amp import GradScaler, autocast
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils.data import DataLoader, Sampler

CFG = {
    "root": "dbpedia_csv",
    "seed": 3,
    "vocab": 60_000,
    "model": {"emb": 200, "hidden": 128, "layers": 2, "dropout": 0.25},
    "optim": {"lr": 2e-3, "weight_decay": 0.01, "warmup": 500},
    "batch_size": 128,
    "epochs": 3,
}


def read(path: Path) -> list[tuple[list[str], int]]:
    csv.field_size_limit(sys.maxsize)
    with path.open(newline="", encoding="utf-8") as f:
        return [(re.findall(r"[^\W_]+", (t + " " + c).lower()) or ["_"], int(k) - 1) for k, t, c in csv.reader(f)]


class LengthPools(Sampler):
    """Batches of texts of like length: sort within pools of 100 batches, shuffle the batches."""

    def __init__(self, lengths: list[int], batch_size: int):
        self.lengths, self.batch_size = lengths, batch_size

    def __len__(self) -> int:
        return math.ceil(len(self.lengths) / self.batch_size)

    def __iter__(self):
        order = torch.randperm(len(self.lengths)).tolist()
        pool = self.batch_size * 100
        batches = []
        for i in range(0, len(order), pool):
            part = sorted(order[i : i + pool], key=self.lengths.__getitem__)
            batches += [part[j : j + self.batch_size] for j in range(0, len(part), self.batch_size)]
        random.shuffle(batches)
        yield from batches


class BiGRU(nn.Module):
    def __init__(self, n_words: int, n_classes: int, emb: int, hidden: int, layers: int, dropout: float):
        super().__init__()
        self.emb = nn.Embedding(n_words, emb, padding_idx=0)
        self.rnn = nn.GRU(emb, hidden, layers, dropout=dropout, bidirectional=True, batch_first=True)
        self.drop = nn.Dropout(dropout)
        self.fc = nn.Linear(4 * hidden, n_classes)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.emb(x), lengths, batch_first=True, enforce_sorted=False)
        out, _ = self.rnn(packed)
        out, _ = pad_packed_sequence(out, batch_first=True)
        mask = (x != 0).unsqueeze(-1)
        mean = out.sum(1) / mask.sum(1)                     # padded places are zero after unpacking
        top = out.masked_fill(~mask, torch.finfo(out.dtype).min).amax(1)
        return self.fc(self.drop(torch.cat([mean, top], dim=-1)))


def main() -> None:
    random.seed(CFG["seed"])
    torch.manual_seed(CFG["seed"])
    dev = "cuda" if torch.cuda.is_available() else "cpu"
    root = Path(CFG["root"])
    rows = read(root / "train.csv")
    random.shuffle(rows)
    cut = int(0.95 * len(rows))
    train, valid = rows[:cut], rows[cut:]

    counts = Counter(w for toks, _ in train for w in toks)
    itos = ["<pad>", "<unk>", *(w for w, _ in counts.most_common(CFG["vocab"] - 2))]
    stoi = {w: i for i, w in enumerate(itos)}

    def encode(part):
        return [([stoi.get(w, 1) for w in toks], y) for toks, y in part]

    def collate(batch):
        n = torch.tensor([len(ids) for ids, _ in batch])
        x = torch.zeros(len(batch), int(n.max()), dtype=torch.long)
        for i, (ids, _) in enumerate(batch):
            x[i, : len(ids)] = torch.tensor(ids)
        return x, n, torch.tensor([y for _, y in batch])

    train, valid = encode(train), encode(valid)
    train_dl = DataLoader(train, batch_sampler=LengthPools([len(i) for i, _ in train], CFG["batch_size"]), collate_fn=collate)
    valid_dl = DataLoader(valid, 512, collate_fn=collate)

    model = BiGRU(len(itos), 14, **CFG["model"]).to(dev)
    o = CFG["optim"]
    opt = torch.optim.AdamW(model.parameters(), lr=o["lr"], weight_decay=o["weight_decay"])
    total = len(train_dl) * CFG["epochs"]
    sched = torch.optim.lr_scheduler.LambdaLR(
        opt, lambda s: min((s + 1) / o["warmup"], 0.5 * (1 + math.cos(math.pi * s / total))))
    scaler = GradScaler(dev, enabled=dev == "cuda")

    def accuracy(dl) -> float:
        model.eval()
        correct = n = 0
        with torch.inference_mode(), autocast(dev, enabled=dev == "cuda"):
            for x, lengths, y in dl:
                correct += (model(x.to(dev), lengths).argmax(-1).cpu() == y).sum().item()
                n += len(y)
        return correct / n

    best, best_epoch = 0.0, -1
    for epoch in range(CFG["epochs"]):
        model.train()
        for x, lengths, y in train_dl:
            with autocast(dev, enabled=dev == "cuda"):
                loss = nn.functional.cross_entropy(model(x.to(dev), lengths), y.to(dev))
            opt.zero_grad(set_to_none=True)
            scaler.scale(loss).backward()
            scaler.unscale_(opt)
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            scaler.step(opt)
            scaler.update()
            sched.step()
        acc = accuracy(valid_dl)
        print(f"epoch {epoch}: valid {acc:.4f}")
        if acc > best:
            best, best_epoch = acc, epoch
            torch.save({"model": model.state_dict(), "itos": itos, "cfg": CFG, "epoch": epoch}, root / "bigru.pt")

    model.load_state_dict(torch.load(root / "bigru.pt", map_location=dev)["model"])
    test_dl = DataLoader(encode(read(root / "test.csv")), 512, collate_fn=collate)
    print(f"best epoch {best_epoch}, test {accuracy(test_dl):.4f}")


if __name__ == "__main__":
    main()
