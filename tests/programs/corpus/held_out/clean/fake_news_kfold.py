"""Fake or real news headline? Five-fold cross-validation with an LSTM."""
import re
from collections import Counter

import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from sklearn.model_selection import StratifiedKFold
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
EPOCHS, BATCH, EMB, HID = 4, 64, 100, 64


def load():
    fake = pd.read_csv("data/Fake.csv").assign(label=1)
    true = pd.read_csv("data/True.csv").assign(label=0)
    df = pd.concat([fake, true], ignore_index=True).drop_duplicates("title")
    tokens = [re.findall(r"[a-z0-9]+", t.lower()) or ["none"] for t in df["title"]]
    return tokens, df["label"].to_numpy()


def build_vocab(token_lists):
    c = Counter(w for t in token_lists for w in t)
    return {w: i + 2 for i, (w, _) in enumerate(c.most_common(20000))}   # 0 = pad, 1 = unk


def make_loader(tokens, labels, vocab, shuffle):
    items = [(torch.tensor([vocab.get(w, 1) for w in t]), int(y)) for t, y in zip(tokens, labels)]

    def collate(rows):
        xs = [x for x, _ in rows]
        return (pad_sequence(xs, batch_first=True, padding_value=0),
                torch.tensor([len(x) for x in xs]),
                torch.tensor([y for _, y in rows]))

    return DataLoader(items, batch_size=BATCH, shuffle=shuffle, collate_fn=collate)


class HeadlineLSTM(nn.Module):
    def __init__(self, n_words):
        super().__init__()
        self.emb = nn.Embedding(n_words, EMB, padding_idx=0)
        self.lstm = nn.LSTM(EMB, HID, batch_first=True)
        self.drop = nn.Dropout(0.4)
        self.fc = nn.Linear(HID, 2)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.emb(x), lengths, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.fc(self.drop(h[-1]))


def fit_and_score(train_loader, test_loader, n_words):
    model = HeadlineLSTM(n_words).to(DEVICE)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.CrossEntropyLoss()
    for _ in range(EPOCHS):
        model.train()
        for x, lengths, y in train_loader:
            optimizer.zero_grad()
            criterion(model(x.to(DEVICE), lengths), y.to(DEVICE)).backward()
            optimizer.step()
    model.eval()
    right = 0
    with torch.no_grad():
        for x, lengths, y in test_loader:
            right += (model(x.to(DEVICE), lengths).argmax(1).cpu() == y).sum().item()
    return right / len(test_loader.dataset)


def main():
    torch.manual_seed(17)
    tokens, labels = load()
    folds = StratifiedKFold(n_splits=5, shuffle=True, random_state=17)
    scores = []
    for k, (tr, te) in enumerate(folds.split(np.zeros(len(labels)), labels)):
        train_tokens = [tokens[i] for i in tr]
        vocab = build_vocab(train_tokens)
        train_loader = make_loader(train_tokens, labels[tr], vocab, shuffle=True)
        test_loader = make_loader([tokens[i] for i in te], labels[te], vocab, shuffle=False)
        scores.append(fit_and_score(train_loader, test_loader, len(vocab) + 2))
        print(f"fold {k}: accuracy {scores[-1]:.4f}")
    print(f"mean {np.mean(scores):.4f} +- {np.std(scores):.4f}")


if __name__ == "__main__":
    main()
