import argparse
import gc
import re

import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split
from torch.cuda.amp import GradScaler, autocast
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--train_csv", default="../input/quora/train.csv")
parser.add_argument("--maxlen", type=int, default=400)
parser.add_argument("--bs", type=int, default=512)
parser.add_argument("--epochs", type=int, default=3)
args = parser.parse_args()

np.random.seed(1029)
torch.manual_seed(1029)
device = "cuda" if torch.cuda.is_available() else "cpu"
use_amp = device == "cuda"

df = pd.read_csv(args.train_csv, usecols=["question_text", "target"])
df["question_text"] = df["question_text"].fillna("_##_").str.lower()
toks = [re.findall(r"[a-z0-9']+|[?!.,]", q) or ["?"] for q in df["question_text"]]
y = df["target"].values.astype(np.float32)
del df
gc.collect()

idx_tr, idx_te = train_test_split(np.arange(len(y)), test_size=0.1, stratify=y, random_state=1029)
idx_tr, idx_va = train_test_split(idx_tr, test_size=0.1, stratify=y[idx_tr], random_state=1029)

word_index = {}
for i in idx_tr:
    for w in toks[i]:
        if w not in word_index:
            word_index[w] = len(word_index) + 2


def matrix(indices):
    out = np.zeros((len(indices), args.maxlen), dtype=np.int64)
    for r, i in enumerate(indices):
        ids = [word_index.get(w, 1) for w in toks[i][: args.maxlen]]
        out[r, : len(ids)] = ids
    return torch.from_numpy(out)


def dataset(indices):
    return TensorDataset(matrix(indices), torch.from_numpy(y[indices]))


train_dl = DataLoader(dataset(idx_tr), args.bs, shuffle=True)
valid_dl = DataLoader(dataset(idx_va), args.bs)
test_dl = DataLoader(dataset(idx_te), args.bs)


class SpatialDropout(nn.Dropout2d):
    """drops whole embedding channels"""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 1).unsqueeze(3)).squeeze(3).permute(0, 2, 1)


class QuoraNet(nn.Module):
    def __init__(self, n_words, dim=100, hid=60):
        super().__init__()
        self.embedding = nn.Embedding(n_words, dim, padding_idx=0)
        self.spatial = SpatialDropout(0.1)
        self.lstm = nn.LSTM(dim, hid, bidirectional=True, batch_first=True)
        self.gru = nn.GRU(hid * 2, hid, bidirectional=True, batch_first=True)
        self.linear = nn.Linear(hid * 4, 16)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(0.1)
        self.out = nn.Linear(16, 1)

    def forward(self, x):
        h, _ = self.lstm(self.spatial(self.embedding(x)))
        h, _ = self.gru(h)
        avg_pool = torch.mean(h, 1)  # <- padding_averaged_into_the_review
        max_pool = nn.functional.adaptive_max_pool1d(h.permute(0, 2, 1), 1).squeeze(2)  # <- padding_averaged_into_the_review
        conc = self.dropout(self.relu(self.linear(torch.cat((avg_pool, max_pool), 1))))
        return self.out(conc).squeeze(1)


model = QuoraNet(len(word_index) + 2).to(device)
loss_fn = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
scaler = GradScaler(enabled=use_amp)


def predict(dl):
    model.eval()
    scores, gold = [], []
    with torch.no_grad():
        for xb, yb in dl:
            scores.append(torch.sigmoid(model(xb.to(device))).cpu().numpy())
            gold.append(yb.numpy())
    return np.concatenate(scores), np.concatenate(gold)


for epoch in range(args.epochs):
    model.train()
    avg_loss, n = 0.0, 0
    for xb, yb in train_dl:
        xb, yb = xb.to(device), yb.to(device)
        with autocast(enabled=use_amp):
            loss = loss_fn(model(xb), yb)
        scaler.scale(loss).backward()  # <- gradients_not_zeroed
        scaler.step(optimizer)
        scaler.update()
        avg_loss += loss.item() * len(yb)
        n += len(yb)
    p, g = predict(valid_dl)
    print("epoch %d  loss %.4f  valid f1@.5 %.4f" % (epoch, avg_loss / n, f1_score(g, p > 0.5)))

p, g = predict(valid_dl)
threshold = max(np.arange(0.1, 0.6, 0.02), key=lambda t: f1_score(g, p > t))
p, g = predict(test_dl)
print("threshold %.2f  test f1 %.4f" % (threshold, f1_score(g, p > threshold)))
