"""Sentiment on the IMDB 50k csv, bidirectional LSTM with average pooling."""
import re
import random
from collections import Counter

import numpy as np
import pandas as pd
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.model_selection import train_test_split
from torch.utils.data import Dataset, DataLoader

SEED = 1234
random.seed(SEED)
np.random.seed(SEED)
torch.manual_seed(SEED)

MAX_LEN = 500
MAX_VOCAB = 25000
BATCH = 64
EPOCHS = 5
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def clean(text):
    text = re.sub(r"<br\s*/?>", " ", text.lower())
    text = re.sub(r"[^a-z0-9' ]", " ", text)
    return text.split()


df = pd.read_csv("IMDB Dataset.csv").drop_duplicates("review")
df["tokens"] = df["review"].map(clean)
df["label"] = df["sentiment"].map({"negative": 0, "positive": 1})

train_df, rest_df = train_test_split(df, test_size=0.3, random_state=SEED, stratify=df["label"])
valid_df, test_df = train_test_split(rest_df, test_size=0.5, random_state=SEED, stratify=rest_df["label"])

counter = Counter()
for toks in train_df["tokens"]:
    counter.update(toks)
itos = ["<pad>", "<unk>"] + [w for w, c in counter.most_common(MAX_VOCAB)]
stoi = {w: i for i, w in enumerate(itos)}
PAD, UNK = 0, 1


class ReviewData(Dataset):
    def __init__(self, frame):
        self.rows = []
        for toks, label in zip(frame["tokens"], frame["label"]):
            ids = [stoi.get(t, UNK) for t in toks[:MAX_LEN]] or [UNK]
            self.rows.append((ids, int(label)))

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]


def collate(rows):
    longest = max(len(r[0]) for r in rows)
    x = torch.full((len(rows), longest), PAD, dtype=torch.long)
    for i, (ids, _) in enumerate(rows):
        x[i, :len(ids)] = torch.tensor(ids)
    y = torch.tensor([r[1] for r in rows])
    return x, y


class MeanLSTM(nn.Module):
    def __init__(self, vocab_size, emb=100, hidden=128, classes=2):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, emb, padding_idx=PAD)
        self.lstm = nn.LSTM(emb, hidden, batch_first=True, bidirectional=True)
        self.drop = nn.Dropout(0.4)
        self.fc = nn.Linear(2 * hidden, classes)

    def forward(self, x):
        e = self.drop(self.embedding(x))
        out, _ = self.lstm(e)
        pooled = out.mean(dim=1)  # <- padding_averaged_into_the_review
        logits = self.fc(self.drop(pooled))
        return F.softmax(logits, dim=1)  # <- softmax_before_cross_entropy


train_loader = DataLoader(ReviewData(train_df), batch_size=BATCH, shuffle=True, collate_fn=collate)
valid_loader = DataLoader(ReviewData(valid_df), batch_size=BATCH, collate_fn=collate)
test_loader = DataLoader(ReviewData(test_df), batch_size=BATCH, collate_fn=collate)

model = MeanLSTM(len(itos)).to(device)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)


def evaluate(loader):
    model.eval()
    correct, n = 0, 0
    with torch.no_grad():
        for x, y in loader:
            x, y = x.to(device), y.to(device)
            correct += (model(x).argmax(1) == y).sum().item()
            n += y.size(0)
    return correct / n


for epoch in range(EPOCHS):
    model.train()
    running, seen = 0.0, 0
    for x, y in train_loader:
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        running += loss.item() * y.size(0)
        seen += y.size(0)
    print(f"epoch {epoch + 1}: loss {running / seen:.4f} valid acc {evaluate(valid_loader):.4f}")

print(f"test acc {evaluate(test_loader):.4f}")
torch.save({"model": model.state_dict(), "itos": itos}, "imdb_mean_lstm.pt")
