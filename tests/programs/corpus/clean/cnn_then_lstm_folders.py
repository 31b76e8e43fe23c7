"""Movie reviews from folders (pos/ and neg/): convolution over words, then an LSTM over what it finds."""
import re
import sys
from collections import Counter

import numpy as np
import torch
from sklearn.datasets import load_files
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

ROOT = sys.argv[1] if len(sys.argv) > 1 else "txt_sentoken"
torch.manual_seed(12)
np.random.seed(12)

bunch = load_files(ROOT, categories=["neg", "pos"], encoding="utf-8", decode_error="replace", shuffle=True, random_state=12)
print(bunch.target_names)
docs = [re.findall(r"[a-z']+", d.lower()) for d in bunch.data]
X_train, X_test, y_train, y_test = train_test_split(docs, bunch.target, test_size=0.2, random_state=12, stratify=bunch.target)
X_train, X_val, y_train, y_val = train_test_split(X_train, y_train, test_size=0.125, random_state=12, stratify=y_train)

freq = Counter(w for d in X_train for w in d)
lookup = {w: i for i, (w, c) in enumerate(freq.most_common(20000), start=2)}


def numbers(d):
    return [lookup.get(w, 1) for w in d]


class ConvLSTM(nn.Module):
    def __init__(self, n_words, emb=100, channels=100, hidden=100):
        super().__init__()
        self.emb = nn.Embedding(n_words, emb, padding_idx=0)
        self.conv = nn.Conv1d(emb, channels, kernel_size=5, padding=2)
        self.pool = nn.MaxPool1d(kernel_size=4, ceil_mode=True)
        self.lstm = nn.LSTM(channels, hidden, batch_first=True)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(hidden, 2)

    def forward(self, x, lengths):
        e = self.drop(self.emb(x)).transpose(1, 2)          # B, E, T
        z = torch.relu(self.conv(e))
        z = z * (x != 0).unsqueeze(1)                       # nothing from behind the end of a review
        z = self.pool(z).transpose(1, 2)                    # B, ceil(T/4), C
        steps = torch.div(lengths + 3, 4, rounding_mode="floor")
        packed = pack_padded_sequence(z, steps, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.fc(self.drop(h[-1]))


def loop(X, y, size, shuffle):
    order = np.random.permutation(len(X)) if shuffle else range(len(X))
    order = list(order)
    for i in range(0, len(order), size):
        sel = order[i : i + size]
        seqs = [numbers(X[j]) for j in sel]
        lengths = torch.tensor([len(s) for s in seqs])
        x = torch.zeros(len(sel), int(lengths.max()), dtype=torch.long)
        for r, s in enumerate(seqs):
            x[r, : len(s)] = torch.tensor(s)
        yield x, lengths, torch.tensor([y[j] for j in sel])


def accuracy(X, y):
    model.eval()
    n = 0
    with torch.no_grad():
        for x, lengths, t in loop(X, y, 50, False):
            n += (model(x, lengths).argmax(1) == t).sum().item()
    return n / len(X)


model = ConvLSTM(len(lookup) + 2)
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
ce = nn.CrossEntropyLoss()
history = []
for epoch in range(10):
    model.train()
    for x, lengths, t in loop(X_train, y_train, 20, True):
        opt.zero_grad()
        ce(model(x, lengths), t).backward()
        opt.step()
    state = {k: v.clone() for k, v in model.state_dict().items()}
    history.append((accuracy(X_val, y_val), -epoch, state))
    print("epoch %d validation %.4f" % (epoch, history[-1][0]))

val, minus_epoch, state = max(history, key=lambda h: h[:2])
model.load_state_dict(state)
print("epoch %d chosen (validation %.4f), test %.4f" % (-minus_epoch, val, accuracy(X_test, y_test)))
