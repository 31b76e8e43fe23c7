"""Rating prediction (low / mid / high) from product reviews. csv: review_id, review_text, rating."""
import json
import logging
import re

import numpy as np
import pandas as pd
import torch
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, Dataset

logging.basicConfig(level=logging.INFO)
logger = logging.getLogger(__name__)
torch.manual_seed(64)
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
CLASSES = ["low", "mid", "high"]


def bucket(r):
    return 0 if r <= 2 else (1 if r == 3 else 2)


class Reviews(Dataset):
    def __init__(self, df, stoi):
        self.x = [torch.tensor([stoi.get(t, 1) for t in toks] or [1]) for toks in df["tokens"]]
        self.y = df["cls"].to_numpy()

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], int(self.y[i])


def collate(batch):
    x = nn.utils.rnn.pad_sequence([b[0] for b in batch], batch_first=True)
    n = torch.tensor([len(b[0]) for b in batch])
    y = torch.tensor([b[1] for b in batch])
    return x, n, y


class LSTMClassifier(nn.Module):
    """Two directions, two layers, classic head."""

    def __init__(self, vocab_size, emb=64, hidden=64):
        super().__init__()
        self.hidden = hidden
        self.embedding = nn.Embedding(vocab_size, emb, padding_idx=0)
        self.lstm = nn.LSTM(emb, hidden, num_layers=2, bidirectional=True, batch_first=True, dropout=0.2)
        self.fc1 = nn.Linear(2 * hidden, hidden)
        self.fc2 = nn.Linear(hidden, len(CLASSES))
        self.drop = nn.Dropout(0.3)

    def forward(self, x, n):
        packed = nn.utils.rnn.pack_padded_sequence(self.embedding(x), n, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        h = h.view(2, 2, x.size(0), self.hidden)[-1]          # directions of the top layer
        h = h.contiguous().view(-1, 2 * self.hidden)  # <- view_instead_of_transpose
        return self.fc2(self.drop(torch.relu(self.fc1(h))))


def load():
    df = pd.read_csv("reviews.csv").dropna(subset=["review_text", "rating"]).drop_duplicates("review_text")
    df["tokens"] = df["review_text"].str.lower().map(lambda s: re.findall(r"\w+", s))
    df["cls"] = df["rating"].map(bucket)
    train, test = train_test_split(df, test_size=0.2, stratify=df["cls"], random_state=64)
    train, valid = train_test_split(train, test_size=0.15, stratify=train["cls"], random_state=64)
    return train, valid, test


def evaluate(model, dl):
    model.eval()
    conf = np.zeros((3, 3), dtype=int)
    with torch.no_grad():
        for x, n, y in dl:
            p = model(x.to(DEVICE), n).argmax(1).cpu()
            for a, b in zip(y.tolist(), p.tolist()):
                conf[a, b] += 1
    return conf


def main():
    train, valid, test = load()
    words = sorted({t for toks in train["tokens"] for t in toks})
    stoi = {"<pad>": 0, "<unk>": 1, **{w: i for i, w in enumerate(words, 2)}}
    json.dump(stoi, open("stoi.json", "w"))
    train_dl = DataLoader(Reviews(train, stoi), 64, shuffle=True, collate_fn=collate)
    valid_dl = DataLoader(Reviews(valid, stoi), 64, collate_fn=collate)
    test_dl = DataLoader(Reviews(test, stoi), 64, collate_fn=collate)

    model = LSTMClassifier(len(stoi)).to(DEVICE)
    opt = torch.optim.Adam(model.parameters())
    criterion = nn.CrossEntropyLoss()
    for epoch in range(6):
        model.train()
        epoch_loss = 0
        for x, n, y in train_dl:
            logits = model(x.to(DEVICE), n)
            loss = criterion(logits, y.to(DEVICE))
            loss.backward()  # <- gradients_not_zeroed
            opt.zero_grad()
            opt.step()
            epoch_loss += loss.item() * len(y)
        conf = evaluate(model, valid_dl)
        logger.info("epoch %d loss %.4f valid acc %.4f", epoch, epoch_loss / len(train), np.trace(conf) / conf.sum())
        torch.save(model.state_dict(), f"ratings_{epoch}.pt")
    conf = evaluate(model, test_dl)
    logger.info("test acc %.4f\n%s", np.trace(conf) / conf.sum(), pd.DataFrame(conf, CLASSES, CLASSES))


if __name__ == "__main__":
    main()
