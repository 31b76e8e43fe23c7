"""
Topics of headlines (uci-news-aggregator.csv: b business, t technology, e entertainment, m health).
RNN over words + small dense net; class-per-cell style script.
"""
import os
import re
import string
from collections import Counter

import numpy as np
import pandas as pd
import torch
import torch.nn as nn
import torch.optim as optim
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

RANDOM_STATE = 2017
np.random.seed(RANDOM_STATE)
torch.manual_seed(RANDOM_STATE)
DEVICE = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
CATS = ["b", "t", "e", "m"]


class Text2Ids:
    def __init__(self, size):
        self.size = size
        self.word2id = None

    @staticmethod
    def split(s):
        return [w for w in re.split(r"\W+", s.lower()) if w]

    def fit(self, sentences):
        c = Counter(w for s in sentences for w in self.split(s))
        self.word2id = {w: i + 2 for i, (w, _) in enumerate(c.most_common(self.size))}
        return self

    def transform(self, sentences, length):
        m = np.zeros((len(sentences), length), dtype=np.int64)
        for r, s in enumerate(sentences):
            ids = [self.word2id.get(w, 1) for w in self.split(s)][-length:]
            if ids:
                m[r, -len(ids):] = ids
        return torch.from_numpy(m)


class TopicRNN(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.embedding = nn.Embedding(size + 2, 64, padding_idx=0)
        self.lstm = nn.LSTM(64, 64, batch_first=True)
        self.dense = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.25), nn.Linear(64, len(CATS)))
        self.softmax = nn.Softmax(dim=0)  # <- softmax_over_the_batch

    def forward(self, x):
        out, _ = self.lstm(self.embedding(x))
        return self.softmax(self.dense(out[:, -1]))


df = pd.read_csv(os.path.join("data", "uci-news-aggregator.csv"))[["TITLE", "CATEGORY"]].drop_duplicates("TITLE")
train_t, test_t, train_c, test_c = train_test_split(
    df["TITLE"].tolist(), df["CATEGORY"].map(CATS.index).values, test_size=0.2, random_state=RANDOM_STATE)
train_t, valid_t, train_c, valid_c = train_test_split(train_t, train_c, test_size=0.1, random_state=RANDOM_STATE)
coder = Text2Ids(20000).fit(train_t)


def loader(texts, cats, shuffle=False):
    ds = TensorDataset(coder.transform(texts, 40), torch.from_numpy(cats))
    return DataLoader(ds, batch_size=128, shuffle=shuffle)


train_dl, valid_dl, test_dl = loader(train_t, train_c, True), loader(valid_t, valid_c), loader(test_t, test_c)
model = TopicRNN(20000).to(DEVICE)
optimizer = optim.Adam(model.parameters(), lr=1e-3)
nll = nn.NLLLoss()


def evaluate(dl):
    model.eval()
    right = n = 0
    with torch.no_grad():
        for x, y in dl:
            right += (model(x.to(DEVICE)).argmax(1).cpu() == y).sum().item()
            n += len(y)
    return right / n


for epoch in range(6):
    model.train()
    s, n = 0.0, 0
    for x, y in train_dl:
        optimizer.zero_grad()
        p = model(x.to(DEVICE))
        loss = nll(torch.log(p + 1e-9), y.to(DEVICE))
        loss.backward()
        optimizer.step()
        s += loss.item() * len(y)
        n += len(y)
    print(f"epoch {epoch}: loss {s / n:.4f}, validation accuracy {evaluate(valid_dl):.4f}")

print(f"test accuracy {evaluate(test_dl):.4f}")
