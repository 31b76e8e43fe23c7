"""Posts about stress (dreaddit csv), a GRUCell unrolled by hand."""
import argparse
import re

import pandas as pd
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class Posts(Dataset):
    def __init__(self, path, vocab=None):
        df = pd.read_csv(path)
        self.tokens = [re.findall(r"[a-z']+", t.lower()) or ["none"] for t in df["text"]]
        self.labels = df["label"].tolist()
        if vocab is None:
            vocab = {"<pad>": 0, "<unk>": 1}
            for toks in self.tokens:
                for t in toks:
                    vocab.setdefault(t, len(vocab))
        self.vocab = vocab
        self.ids = [torch.tensor([vocab.get(t, 1) for t in toks]) for toks in self.tokens]

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, i):
        return self.ids[i], self.labels[i]


def collate(batch):
    ids, labels = zip(*batch)
    width = max(len(i) for i in ids)
    x = torch.zeros(len(ids), width, dtype=torch.long)
    for r, i in enumerate(ids):
        x[r, width - len(i):] = i
    return x, torch.tensor(labels, dtype=torch.float)


class CellModel(nn.Module):
    def __init__(self, n_words, emb=64, hidden=64):
        super().__init__()
        self.hidden = hidden
        self.embedding = nn.Embedding(n_words, emb, padding_idx=0)
        self.cell = nn.GRUCell(emb, hidden)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        h = torch.zeros(x.size(0), self.hidden)  # <- model_never_moved_to_the_device
        emb = self.embedding(x)
        for t in range(x.size(1)):
            h = self.cell(emb[:, t], h)
        return self.out(h).squeeze(1)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--train", default="dreaddit-train.csv")
    ap.add_argument("--test", default="dreaddit-test.csv")
    ap.add_argument("--epochs", type=int, default=6)
    args = ap.parse_args()
    torch.manual_seed(16)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    train = Posts(args.train)
    test = Posts(args.test, train.vocab)
    train_dl = DataLoader(train, batch_size=32, shuffle=True, collate_fn=collate)
    test_dl = DataLoader(test, batch_size=32, collate_fn=collate)
    model = CellModel(len(train.vocab)).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss_fn = nn.BCEWithLogitsLoss()
    for epoch in range(args.epochs):
        model.train()
        losses = 0
        for x, y in train_dl:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses += loss.item() * len(y)
        print(f"epoch {epoch}: loss {losses / len(train):.4f}")
    model.eval()
    right = 0
    with torch.no_grad():
        for x, y in test_dl:
            right += ((model(x.to(device)) > 0).cpu() == (y > 0.5)).sum().item()
    print(f"test accuracy {right / len(test):.4f}")


if __name__ == "__main__":
    main()
