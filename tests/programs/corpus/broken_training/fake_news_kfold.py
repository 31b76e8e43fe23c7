"""Fake or real: titles of the fake-news csv, 5-fold cross-validation of a small LSTM."""
import argparse
import re
from collections import Counter

import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold
from torch.nn.utils.rnn import pack_padded_sequence


def get_args():
    p = argparse.ArgumentParser()
    p.add_argument("--csv", default="fake_news/train.csv")
    p.add_argument("--epochs", type=int, default=4)
    p.add_argument("--folds", type=int, default=5)
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--hidden", type=int, default=64)
    p.add_argument("--vocab", type=int, default=15000)
    return p.parse_args()


class TitleLSTM(nn.Module):
    def __init__(self, vocab, hidden):
        super().__init__()
        self.emb = nn.Embedding(vocab, 64, padding_idx=0)
        self.lstm = nn.LSTM(64, hidden, batch_first=True)
        self.dropout = nn.Dropout(0.3)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x, lengths):
        p = pack_padded_sequence(self.emb(x), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(p)
        return self.fc(self.dropout(h[-1])).squeeze(-1)


def build_vocab(docs, size):
    c = Counter(t for d in docs for t in d)
    return {w: i + 2 for i, (w, _) in enumerate(c.most_common(size))}


def encode(docs, vocab):
    return [[vocab.get(t, 1) for t in d] or [1] for d in docs]


def batches(x, y, size, rng=None):
    order = np.arange(len(x))
    if rng is not None:
        rng.shuffle(order)
    for i in range(0, len(order), size):
        take = order[i:i + size]
        lengths = torch.tensor([len(x[j]) for j in take])
        out = torch.zeros(len(take), int(lengths.max()), dtype=torch.long)
        for r, j in enumerate(take):
            out[r, :len(x[j])] = torch.tensor(x[j])
        yield out, lengths, torch.tensor(y[take], dtype=torch.float32)


def fit(model, opt, x, y, args, device, rng):
    bce = nn.BCEWithLogitsLoss()
    for _ in range(args.epochs):
        model.train()
        for xb, lb, yb in batches(x, y, args.batch, rng):
            opt.zero_grad()
            bce(model(xb.to(device), lb), yb.to(device)).backward()
            opt.step()


def predict_all(model, x, y, args, device):
    model.eval()
    out = []
    with torch.no_grad():
        for xb, lb, _ in batches(x, y, 256):
            out.append((model(xb.to(device), lb) > 0).long().cpu())
    return torch.cat(out).numpy()


def main():
    args = get_args()
    torch.manual_seed(9)
    rng = np.random.default_rng(9)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    df = pd.read_csv(args.csv).dropna(subset=["title"]).drop_duplicates("title")
    docs = np.array([re.findall(r"[a-z]+", t.lower()) for t in df["title"]], dtype=object)
    y = df["label"].to_numpy()

    model = TitleLSTM(args.vocab + 2, args.hidden).to(device)
    opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    scores = []
    skf = StratifiedKFold(n_splits=args.folds, shuffle=True, random_state=9)
    for fold, (tr, te) in enumerate(skf.split(docs, y)):  # <- model_goes_on_from_the_last_fold
        vocab = build_vocab(docs[tr], args.vocab)
        fit(model, opt, encode(docs[tr], vocab), y[tr], args, device, rng)
        pred = predict_all(model, encode(docs[te], vocab), y[te], args, device)
        f1 = f1_score(y[te], pred)
        scores.append(f1)
        print(f"fold {fold}: f1 {f1:.4f}  acc {(pred == y[te]).mean():.4f}")
    print(f"mean f1 {np.mean(scores):.4f} +- {np.std(scores):.4f}")


if __name__ == "__main__":
    main()
