"""Multi-label classification of toxic comments with a GRU (Jigsaw data)."""
from dataclasses import dataclass, field
import re
from collections import Counter

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils.data import DataLoader, TensorDataset
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from tqdm import tqdm

COLS = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]


@dataclass
class Config:
    csv: str = "../input/jigsaw-toxic-comment-classification-challenge/train.csv"
    max_words: int = 50000
    max_len: int = 500
    emb_dim: int = 128
    hidden: int = 96
    dropout: float = 0.4
    batch_size: int = 128
    lr: float = 1e-3
    epochs: int = 3
    device: str = field(default_factory=lambda: "cuda" if torch.cuda.is_available() else "cpu")


def clean(text):
    text = text.lower().replace("\n", " ")
    text = re.sub(r"https?://\S+", " url ", text)
    text = re.sub(r"[^a-z!?']+", " ", text)
    return text.split() or ["<empty>"]


class Vocab:
    def __init__(self, texts, max_words):
        counter = Counter(w for t in texts for w in t)
        self.itos = ["<pad>", "<unk>"] + [w for w, _ in counter.most_common(max_words)]
        self.stoi = {w: i for i, w in enumerate(self.itos)}

    def __len__(self):
        return len(self.itos)

    def encode(self, tokens, max_len):
        ids = [self.stoi.get(w, 1) for w in tokens[:max_len]]
        return ids + [0] * (max_len - len(ids)), len(ids)


class ToxicGRU(nn.Module):
    def __init__(self, cfg, n_words):
        super().__init__()
        self.embedding = nn.Embedding(n_words, cfg.emb_dim, padding_idx=0)
        self.gru = nn.GRU(cfg.emb_dim, cfg.hidden, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(cfg.dropout)
        self.head = nn.Linear(2 * cfg.hidden, len(COLS))

    def forward(self, ids, lengths):
        x = self.dropout(self.embedding(ids))
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, h = self.gru(packed)
        h = torch.cat([h[0], h[1]], dim=1)
        return self.head(self.dropout(h))


class Trainer:
    def __init__(self, cfg, model, train_loader, valid_loader):
        self.cfg = cfg
        self.model = model.to(cfg.device)
        self.train_loader = train_loader
        self.valid_loader = valid_loader
        self.criterion = nn.BCELoss()
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=cfg.lr)
        self.history = []

    def fit(self):
        self.model.train()
        for epoch in range(self.cfg.epochs):
            loss = self._train_epoch(epoch)
            auc = self.validate()
            self.history.append((loss, auc))
            print(f"[{epoch}] train loss {loss:.4f}  valid auc {auc:.4f}")

    def _train_epoch(self, epoch):
        total, n = 0.0, 0
        for ids, lengths, y in tqdm(self.train_loader, desc=f"epoch {epoch}"):
            ids, y = ids.to(self.cfg.device), y.to(self.cfg.device)
            self.optimizer.zero_grad()
            out = self.model(ids, lengths)
            loss = self.criterion(out, y)  # <- logits_in_bce_loss
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()
            total += loss.item() * y.size(0)
            n += y.size(0)
        return total / n

    def validate(self):
        self.model.eval()  # <- training_mode_not_restored
        scores, gold = [], []
        with torch.no_grad():
            for ids, lengths, y in self.valid_loader:
                scores.append(self.model(ids.to(self.cfg.device), lengths).cpu().numpy())
                gold.append(y.numpy())
        return roc_auc_score(np.vstack(gold), np.vstack(scores), average="macro")


def to_dataset(tokens, labels, vocab, max_len):
    pairs = [vocab.encode(t, max_len) for t in tokens]
    ids = torch.tensor([p[0] for p in pairs])
    lengths = torch.tensor([p[1] for p in pairs])
    return TensorDataset(ids, lengths, torch.tensor(labels, dtype=torch.float32))


def main():
    cfg = Config()
    torch.manual_seed(11)
    df = pd.read_csv(cfg.csv)
    tokens = df["comment_text"].fillna("").map(clean).tolist()
    labels = df[COLS].values
    tr_x, va_x, tr_y, va_y = train_test_split(tokens, labels, test_size=0.1, random_state=11)
    vocab = Vocab(tr_x, cfg.max_words)
    train_loader = DataLoader(to_dataset(tr_x, tr_y, vocab, cfg.max_len), cfg.batch_size, shuffle=True)
    valid_loader = DataLoader(to_dataset(va_x, va_y, vocab, cfg.max_len), cfg.batch_size)
    trainer = Trainer(cfg, ToxicGRU(cfg, len(vocab)), train_loader, valid_loader)
    trainer.fit()
    torch.save({"model": trainer.model.state_dict(), "itos": vocab.itos}, "toxic_gru.pt")


if __name__ == "__main__":
    main()
