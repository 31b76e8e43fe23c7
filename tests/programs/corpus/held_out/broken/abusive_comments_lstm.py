"""Abusive comments (about 3 % positive): weighted loss, early stopping on validation."""
import re

import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split
from sklearn.utils.class_weight import compute_class_weight
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence
from torch.utils.data import DataLoader

torch.manual_seed(9)
np.random.seed(9)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

df = pd.read_csv("comments.csv").drop_duplicates("comment")
df["tokens"] = df["comment"].map(lambda c: re.findall(r"[a-z']+", c.lower())[-500:] or ["none"])
train, rest = train_test_split(df, test_size=0.3, stratify=df["abusive"], random_state=9)
valid, test = train_test_split(rest, test_size=0.5, stratify=rest["abusive"], random_state=9)
class_weights = compute_class_weight("balanced", classes=np.array([0, 1]), y=train["abusive"].to_numpy())
class_weights = torch.tensor(class_weights, dtype=torch.float, device=device)  # <- class_weights_not_used

vocab = {"<pad>": 0, "<unk>": 1}
for toks in train["tokens"]:
    for t in toks:
        vocab.setdefault(t, len(vocab))


def loader(frame, shuffle=False):
    data = [(torch.tensor([vocab.get(t, 1) for t in toks]), y) for toks, y in zip(frame["tokens"], frame["abusive"])]

    def collate(rows):
        xs, ys = zip(*rows)
        return pad_sequence(list(xs), batch_first=True), torch.tensor([len(x) for x in xs]), torch.tensor(ys)

    return DataLoader(data, batch_size=64, shuffle=shuffle, collate_fn=collate)


class AbuseLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(len(vocab), 100, padding_idx=0)
        self.lstm = nn.LSTM(100, 100, batch_first=True, bidirectional=True)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(200, 2)

    def forward(self, x, n):
        _, (h, _) = self.lstm(pack_padded_sequence(self.emb(x), n, batch_first=True, enforce_sorted=False))
        return self.fc(self.drop(torch.cat((h[0], h[1]), 1)))


def f1(model, dl):
    model.eval()
    true, pred = [], []
    with torch.no_grad():
        for x, n, y in dl:
            pred += model(x.to(device), n).argmax(1).tolist()
            true += y.tolist()
    return f1_score(true, pred)


train_dl, valid_dl, test_dl = loader(train, True), loader(valid), loader(test)
model = AbuseLSTM().to(device)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
best_f1, best_weights, patience = -1, None, 0
for epoch in range(20):
    model.train()
    for x, n, y in train_dl:
        optimizer.zero_grad()
        loss = criterion(model(x.to(device), n), y.to(device))
        loss.backward()
        optimizer.step()
    score = f1(model, valid_dl)
    print(f"epoch {epoch}: validation F1 {score:.4f}")
    if score > best_f1:
        best_f1, patience = score, 0
        best_weights = model.state_dict()  # <- best_weights_are_an_alias
    else:
        patience += 1
        if patience == 3:
            break
model.load_state_dict(best_weights)
print(f"test F1 {f1(model, test_dl):.4f}")
