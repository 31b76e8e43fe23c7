"""
Davidson et al. hate speech data (class: 0 hate, 1 offensive, 2 neither). GRU + self-attention, macro F1.
"""
import os
import re
from typing import List

import numpy as np
import pandas as pd
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.metrics import classification_report, f1_score
from sklearn.model_selection import train_test_split
from sklearn.utils.class_weight import compute_class_weight
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset

CFG = dict(path="data/labeled_data.csv", emb=100, hid=100, att=64, batch=32, lr=1e-3, epochs=6, seed=55)


def tokenize(t: str) -> List[str]:
    t = re.sub(r"&#\d+;|&amp;|http\S+|@\w+", " ", t)
    return re.findall(r"[a-z']+", t.lower()) or ["null"]


class Tweets(Dataset):
    def __init__(self, df, stoi):
        self.x = [torch.tensor([stoi.get(w, 1) for w in tokenize(t)]) for t in df["tweet"]]
        self.y = torch.tensor(df["class"].values)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]

    @staticmethod
    def collate(items):
        xs, ys = zip(*items)
        return pad_sequence(xs, batch_first=True), torch.stack(ys)


class SelfAttentionGRU(nn.Module):
    def __init__(self, n_words, n_classes):
        super().__init__()
        self.embedding = nn.Embedding(n_words, CFG["emb"], padding_idx=0)
        self.gru = nn.GRU(CFG["emb"], CFG["hid"], batch_first=True, bidirectional=True)
        self.w1 = nn.Linear(2 * CFG["hid"], CFG["att"])
        self.w2 = nn.Linear(CFG["att"], 1)
        self.drop = nn.Dropout(0.3)
        self.cls = nn.Linear(2 * CFG["hid"], n_classes)

    def forward(self, x):
        states, _ = self.gru(self.drop(self.embedding(x)))
        energy = self.w2(torch.tanh(self.w1(states))).squeeze(2)      # (batch, length)
        energy = energy.masked_fill(x == 0, -1e4)
        alpha = torch.softmax(energy, dim=0)  # <- softmax_over_the_batch
        context = torch.bmm(alpha.unsqueeze(1), states).squeeze(1)
        return self.cls(self.drop(context))


def predict(model, loader, device):
    model.eval()
    out, gold = [], []
    with torch.no_grad():
        for x, y in loader:
            out += model(x.to(device)).argmax(1).tolist()
            gold += y.tolist()
    return gold, out


def main():
    torch.manual_seed(CFG["seed"])
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    df = pd.read_csv(CFG["path"])[["tweet", "class"]]
    tr, te = train_test_split(df, test_size=0.2, stratify=df["class"], random_state=CFG["seed"])
    tr, va = train_test_split(tr, test_size=0.1, stratify=tr["class"], random_state=CFG["seed"])
    stoi = {"<pad>": 0, "<unk>": 1}
    for t in tr["tweet"]:
        for w in tokenize(t):
            stoi.setdefault(w, len(stoi))

    weights = compute_class_weight("balanced", classes=np.array([0, 1, 2]), y=tr["class"].values)  # <- class_weights_not_used
    print("class weights:", weights)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.05)

    train_dl = DataLoader(Tweets(tr, stoi), CFG["batch"], shuffle=True, collate_fn=Tweets.collate)
    valid_dl = DataLoader(Tweets(va, stoi), CFG["batch"], collate_fn=Tweets.collate)
    test_dl = DataLoader(Tweets(te, stoi), CFG["batch"], collate_fn=Tweets.collate)
    model = SelfAttentionGRU(len(stoi), 3).to(device)
    opt = torch.optim.Adam(model.parameters(), lr=CFG["lr"])

    best_f1, best_file = -1.0, "hate_best.pt"
    for epoch in range(CFG["epochs"]):
        model.train()
        total = 0.0
        for x, y in train_dl:
            opt.zero_grad()
            loss = criterion(model(x.to(device)), y.to(device))
            loss.backward()
            opt.step()
            total += loss.item() * len(y)
        gold, out = predict(model, valid_dl, device)
        f1 = f1_score(gold, out, average="macro")
        print(f"epoch {epoch} loss {total / len(tr):.4f} macro-F1 {f1:.4f}")
        if f1 > best_f1:
            best_f1 = f1
            torch.save({"model": model.state_dict(), "stoi": stoi}, best_file)

    model.load_state_dict(torch.load(best_file)["model"])
    gold, out = predict(model, test_dl, device)
    print(classification_report(gold, out, labels=[0, 1, 2], target_names=["hate", "offensive", "neither"]))


if __name__ == "__main__":
    main()
