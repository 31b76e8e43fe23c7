"""
Women's clothing reviews: recommended or not.
A little Keras-like wrapper (compile / fit / evaluate / predict) around a torch RNN.
"""
import re
import time

import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

np.random.seed(99)
torch.manual_seed(99)


class TextVectorizer:
    """adapt() on the training texts, then call. 0: padding, 1: [UNK]"""

    def __init__(self, max_tokens=20000):
        self.max_tokens = max_tokens
        self.index = {}

    def standardize(self, text):
        return re.sub(r"[^a-z ]", " ", text.lower()).split()

    def adapt(self, texts):
        counts = {}
        for t in texts:
            for w in self.standardize(t):
                counts[w] = counts.get(w, 0) + 1
        ranked = sorted(counts, key=counts.get, reverse=True)[: self.max_tokens - 2]
        self.index = {w: i + 2 for i, w in enumerate(ranked)}

    def __call__(self, text):
        return [self.index.get(w, 1) for w in self.standardize(text)] or [1]

    @property
    def size(self):
        return len(self.index) + 2


class ReviewSet(Dataset):
    def __init__(self, seqs, y):
        self.seqs, self.y = seqs, y

    def __len__(self):
        return len(self.seqs)

    def __getitem__(self, i):
        return self.seqs[i], self.y[i]


def pad_collate(batch):
    seqs, y = zip(*batch)
    m = max(len(s) for s in seqs)
    X = torch.zeros(len(seqs), m, dtype=torch.long)
    L = torch.tensor([len(s) for s in seqs])
    for i, s in enumerate(seqs):
        X[i, : len(s)] = torch.as_tensor(s)
    return X, L, torch.tensor(y, dtype=torch.float32)


class Model(nn.Module):
    """base class with the Keras-like methods"""

    def compile_with(self, optimizer, loss):
        self.optimizer, self.loss_fn = optimizer, loss

    def fit(self, train, epochs, validation_data=None, verbose=1):
        history = {"loss": [], "accuracy": [], "val_loss": [], "val_accuracy": []}
        for ep in range(epochs):
            t0 = time.time()
            self.train()
            s = c = n = 0
            for X, L, y in train:
                self.optimizer.zero_grad()
                z = self(X, L)
                loss = self.loss_fn(z, y)
                loss.backward()
                self.optimizer.step()
                s += loss.item() * len(y)
                c += ((z > 0) == (y > 0.5)).sum().item()
                n += len(y)
            history["loss"].append(s / n)
            history["accuracy"].append(c / n)
            if validation_data is not None:
                vl, va = self.evaluate(validation_data)
                history["val_loss"].append(vl)
                history["val_accuracy"].append(va)
            if verbose:
                print(f"Epoch {ep + 1}/{epochs} - {time.time() - t0:.0f}s - "
                      + " - ".join(f"{k}: {v[-1]:.4f}" for k, v in history.items() if v))
        return history

    def evaluate(self, loader):
        self.eval()
        s = c = n = 0
        with torch.no_grad():
            for X, L, y in loader:
                z = self(X, L)
                s += self.loss_fn(z, y).item() * len(y)
                c += ((z > 0) == (y > 0.5)).sum().item()
                n += len(y)
        return s / n, c / n

    def predict(self, seqs):
        self.eval()
        probs = []
        with torch.no_grad():
            for X, L, _ in DataLoader(ReviewSet(seqs, [0] * len(seqs)), 256, collate_fn=pad_collate):
                probs.append(torch.sigmoid(self(X, L)))
        return torch.cat(probs).numpy()


class Recommender(Model):
    def __init__(self, vocab):
        super().__init__()
        self.embedding = nn.Embedding(vocab, 64, padding_idx=0)
        self.rnn = nn.RNN(64, 64, nonlinearity="tanh", batch_first=True)
        self.dropout = nn.Dropout(0.4)
        self.dense = nn.Linear(64, 1)

    def forward(self, X, L):
        E = nn.utils.rnn.pack_padded_sequence(self.embedding(X), L, batch_first=True, enforce_sorted=False)
        _, h = self.rnn(E)
        return self.dense(self.dropout(h.squeeze(0))).squeeze(-1)


df = pd.read_csv("Womens Clothing E-Commerce Reviews.csv", index_col=0)
df = df.dropna(subset=["Review Text"]).drop_duplicates("Review Text")
df = df.sample(frac=1, random_state=99).reset_index(drop=True)
n_train, n_val = int(0.7 * len(df)), int(0.15 * len(df))
parts = [df.iloc[:n_train], df.iloc[n_train:n_train + n_val], df.iloc[n_train + n_val:]]

vectorize = TextVectorizer()
vectorize.adapt(parts[0]["Review Text"])
sets = [ReviewSet([vectorize(t) for t in p["Review Text"]], p["Recommended IND"].tolist()) for p in parts]
train_dl = DataLoader(sets[0], batch_size=64, shuffle=True, collate_fn=pad_collate)
val_dl = DataLoader(sets[1], batch_size=256, collate_fn=pad_collate)
test_dl = DataLoader(sets[2], batch_size=256, collate_fn=pad_collate)

model = Recommender(vectorize.size)
model.compile_with(torch.optim.RMSprop(model.parameters(), lr=1e-3), nn.BCEWithLogitsLoss())
history = model.fit(train_dl, epochs=6, validation_data=val_dl)
print("test loss %.4f, test accuracy %.4f" % model.evaluate(test_dl))

# loader of predict() neither shuffles nor sorts: same order as the frame
out = parts[2][["Review Text", "Recommended IND"]].copy()
out["prob"] = model.predict(sets[2].seqs)
out.to_csv("clothing_predictions.csv", index=False)
print(model.predict([vectorize("Love this dress, fits perfectly"), vectorize("Sent it back, cheap fabric")]))
