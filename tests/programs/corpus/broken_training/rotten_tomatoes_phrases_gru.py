"""
Kaggle "Sentiment Analysis on Movie Reviews": phrases with a sentiment from 0 to 4.
Phrases of one sentence stay in one split.
"""
import argparse
import copy
import random

import pandas as pd
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils.data import DataLoader
from sklearn.model_selection import GroupShuffleSplit

ap = argparse.ArgumentParser()
ap.add_argument("--train", default="data/train.tsv")
ap.add_argument("--emb", default=100, type=int)
ap.add_argument("--hid", default=150, type=int)
ap.add_argument("--layers", default=2, type=int)
ap.add_argument("--epochs", default=8, type=int)
ap.add_argument("--eval-every", default=400, type=int)
opt = ap.parse_args()
torch.manual_seed(19)

df = pd.read_csv(opt.train, sep="\t").dropna(subset=["Phrase"])
df["toks"] = df["Phrase"].str.lower().str.split()
df = df[df["toks"].str.len() > 0].reset_index(drop=True)
split = GroupShuffleSplit(n_splits=1, test_size=0.2, random_state=19)
tr, rest = next(split.split(df, groups=df["SentenceId"]))
train, rest = df.iloc[tr], df.iloc[rest].reset_index(drop=True)
split = GroupShuffleSplit(n_splits=1, test_size=0.5, random_state=19)
va, te = next(split.split(rest, groups=rest["SentenceId"]))
valid, test = rest.iloc[va], rest.iloc[te]

w2i = {"<pad>": 0, "<unk>": 1}
for toks in train["toks"]:
    for t in toks:
        w2i.setdefault(t, len(w2i))


def collate(rows):
    rows = sorted(rows, key=lambda r: len(r[0]), reverse=True)
    lens = [len(r[0]) for r in rows]
    x = torch.zeros(len(rows), lens[0], dtype=torch.long)
    for i, (ids, _) in enumerate(rows):
        x[i, :len(ids)] = torch.tensor(ids)
    return x, torch.tensor(lens), torch.tensor([r[1] for r in rows])


def loader(frame, shuffle):
    rows = [([w2i.get(t, 1) for t in toks], s) for toks, s in zip(frame["toks"], frame["Sentiment"])]
    return DataLoader(rows, batch_size=64, shuffle=shuffle, collate_fn=collate)


class PhraseGRU(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(len(w2i), opt.emb, padding_idx=0)
        self.gru = nn.GRU(opt.emb, opt.hid, opt.layers, batch_first=True, dropout=0.3)
        self.norm = nn.LayerNorm(opt.hid)
        self.drop = nn.Dropout(0.4)
        self.out = nn.Linear(opt.hid, 5)

    def forward(self, x, lens):
        _, h = self.gru(pack_padded_sequence(self.emb(x), lens, batch_first=True))
        return self.out(self.drop(self.norm(h[-1])))


device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
train_dl, valid_dl, test_dl = loader(train, True), loader(valid, False), loader(test, False)
model = PhraseGRU().to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()


def check(dl):
    model.eval()  # <- training_mode_not_restored
    ok = n = 0
    with torch.no_grad():
        for x, lens, y in dl:
            ok += (model(x.to(device), lens).argmax(1).cpu() == y).sum().item()
            n += len(y)
    return ok / n


best, kept = 0.0, copy.deepcopy(model.state_dict())
step = 0
for epoch in range(opt.epochs):
    model.train()
    for x, lens, y in train_dl:
        optimizer.zero_grad()
        loss = criterion(model(x.to(device), lens), y.to(device))
        loss.backward()
        optimizer.step()
        step += 1
        if step % opt.eval_every == 0:
            acc = check(valid_dl)
            print(f"epoch {epoch} step {step} loss of this step {loss.item():.4f} valid {acc:.4f}")
            if acc > best:
                best, kept = acc, copy.deepcopy(model.state_dict())

model.load_state_dict(kept)
print("test accuracy %.4f" % check(test_dl))
