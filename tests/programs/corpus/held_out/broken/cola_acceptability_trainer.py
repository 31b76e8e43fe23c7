"""Grammatical or not (CoLA), small Trainer class."""
import re
from dataclasses import dataclass

import torch
from torch import nn, optim
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader


@dataclass
class Settings:
    folder: str = "cola_public/raw"
    embedding: int = 100
    hidden: int = 100
    batch: int = 32
    epochs: int = 10
    lr: float = 1e-3


def read(path):
    """source, label, mark, sentence; no header"""
    with open(path, encoding="utf-8") as f:
        rows = [line.rstrip("\n").split("\t") for line in f]
    return [(re.findall(r"\w+|[^\w\s]", r[3].lower()), int(r[1])) for r in rows]


class Model(nn.Module):
    def __init__(self, n_words, s: Settings):
        super().__init__()
        self.emb = nn.Embedding(n_words, s.embedding, padding_idx=0)
        self.drop = nn.Dropout(0.5)
        self.lstm = nn.LSTM(s.embedding, s.hidden, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * s.hidden, 2)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.drop(self.emb(x)), lengths, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.out(self.drop(torch.cat((h[0], h[1]), 1)))


class Trainer:
    def __init__(self, s: Settings):
        self.s = s
        train = read(f"{s.folder}/in_domain_train.tsv")
        dev = read(f"{s.folder}/in_domain_dev.tsv")
        self.stoi = {"<pad>": 0, "<unk>": 1}
        for words, _ in train:
            for w in words:
                self.stoi.setdefault(w, len(self.stoi))
        self.train_loader = DataLoader(train, batch_size=s.batch, shuffle=True, collate_fn=self.collate)
        self.dev_loader = DataLoader(dev, batch_size=s.batch, shuffle=False, drop_last=True, collate_fn=self.collate)  # <- ragged_batch_dropped_in_evaluation
        self.model = Model(len(self.stoi), s)
        self.optimizer = optim.Adam(self.model.parameters(), lr=s.lr)
        self.criterion = nn.CrossEntropyLoss()

    def collate(self, rows):
        ids = [torch.tensor([self.stoi.get(w, 1) for w in words]) for words, _ in rows]
        return pad_sequence(ids, batch_first=True), torch.tensor([len(i) for i in ids]), torch.tensor([y for _, y in rows])

    def evaluate(self):
        self.model.eval()  # <- training_mode_not_restored
        tp = tn = fp = fn = 0
        with torch.no_grad():
            for x, lengths, y in self.dev_loader:
                p = self.model(x, lengths).argmax(1)
                tp += ((p == 1) & (y == 1)).sum().item()
                tn += ((p == 0) & (y == 0)).sum().item()
                fp += ((p == 1) & (y == 0)).sum().item()
                fn += ((p == 0) & (y == 1)).sum().item()
        denominator = ((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)) ** 0.5
        return (tp * tn - fp * fn) / denominator if denominator else 0.0

    def fit(self):
        self.model.train()
        for epoch in range(self.s.epochs):
            running, seen = 0.0, 0
            for x, lengths, y in self.train_loader:
                self.optimizer.zero_grad()
                loss = self.criterion(self.model(x, lengths), y)
                loss.backward()
                self.optimizer.step()
                running += loss.item() * y.size(0)
                seen += y.size(0)
            print(f"epoch {epoch}: loss {running / seen:.4f}, dev MCC {self.evaluate():.4f}")


if __name__ == "__main__":
    torch.manual_seed(0)
    Trainer(Settings()).fit()
