"""Quora insincere questions, 5 epochs of a GRU, threshold search for F1 at the end."""
import time
from collections import Counter

import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, Sampler

t_start = time.time()
torch.manual_seed(1337)
np.random.seed(1337)

df = pd.read_csv("../input/quora-insincere-questions-classification/train.csv")
df = df.drop_duplicates("question_text")
puncts = [',', '.', '"', ':', ')', '(', '-', '!', '?', '|', ';', '$', '&', '/', '[', ']', '>', '%', '=', '#', '*', '+']


def clean_text(x):
    for p in puncts:
        x = x.replace(p, f' {p} ')
    return x.lower().split()


df["toks"] = df["question_text"].map(clean_text)
df = df[df["toks"].str.len() > 0]
tr, te = train_test_split(df, test_size=0.1, random_state=1337, stratify=df["target"])
tr, va = train_test_split(tr, test_size=0.1, random_state=1337, stratify=tr["target"])

cnt = Counter(t for toks in tr["toks"] for t in toks)
stoi = {t: i + 2 for i, (t, _) in enumerate(cnt.most_common(50000))}


class LengthSampler(Sampler):
    """Batches of similar length, in random order."""

    def __init__(self, lengths, bs):
        self.lengths, self.bs = np.asarray(lengths), bs

    def __iter__(self):
        noise = self.lengths + np.random.rand(len(self.lengths)) * 3
        order = np.argsort(noise)
        chunks = [order[i:i + self.bs].tolist() for i in range(0, len(order), self.bs)]
        np.random.shuffle(chunks)
        yield from chunks

    def __len__(self):
        return (len(self.lengths) + self.bs - 1) // self.bs


def prepare(d):
    return [([stoi.get(t, 1) for t in toks], float(y)) for toks, y in zip(d["toks"], d["target"])]


def collate(b):
    n = max(len(x) for x, _ in b)
    return torch.tensor([[0] * (n - len(x)) + x for x, _ in b]), torch.tensor([[y] for _, y in b])


TR, VA, TE = prepare(tr), prepare(va), prepare(te)
train_dl = DataLoader(TR, batch_sampler=LengthSampler([len(x) for x, _ in TR], 256), collate_fn=collate)
valid_dl = DataLoader(VA, batch_size=512, collate_fn=collate)
test_dl = DataLoader(TE, batch_size=512, collate_fn=collate)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


class QuoraGRU(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50002, 128, padding_idx=0)
        self.gru = nn.GRU(128, 64, num_layers=2, batch_first=True, dropout=0.2)
        self.linear = nn.Sequential(nn.Dropout(0.2), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, x):
        h, _ = self.gru(self.embedding(x))
        return self.linear(h[:, -1, :])


model = QuoraGRU().to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
loss_fn = nn.BCELoss(reduction="mean")


def infer(dl):
    model.eval()
    with torch.no_grad():
        z = [torch.sigmoid(model(x.to(device))).cpu() for x, _ in dl]
    return torch.cat(z).numpy().ravel()


y_va = np.array([y for _, y in VA])
y_te = np.array([y for _, y in TE])
for epoch in range(5):
    model.train()
    avg_loss = 0.0
    for x, y in train_dl:
        y_pred = model(x.to(device))
        loss = loss_fn(y_pred, y.to(device))  # <- logits_in_bce_loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        avg_loss += loss.item()
    avg_loss = avg_loss / len(TR)  # <- mean_of_batch_means
    print(f"epoch {epoch + 1} loss {avg_loss:.5f} f1 {f1_score(y_va, infer(valid_dl) > 0.3):.4f} t {time.time() - t_start:.0f}s")

p_va = infer(valid_dl)
grid = np.arange(0.1, 0.6, 0.01)
best_t = grid[int(np.argmax([f1_score(y_va, p_va > t) for t in grid]))]
print("threshold", best_t, "test f1", f1_score(y_te, infer(test_dl) > best_t))
