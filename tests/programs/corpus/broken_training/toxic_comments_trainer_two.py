"""Toxic comment classification (six labels per comment), bi-GRU, trainer class."""
import copy
import re
from dataclasses import dataclass
from typing import Dict, List, Tuple

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

LABELS = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]


@dataclass
class Config:
    csv_path: str = "jigsaw/train.csv"
    emb_dim: int = 128
    hidden: int = 96
    batch_size: int = 128
    epochs: int = 4
    lr: float = 1e-3
    max_words: int = 400
    min_count: int = 5
    seed: int = 2024


def tokenize(text: str) -> List[str]:
    return re.findall(r"[a-z']+|[!?]", text.lower())


class Vocab:
    def __init__(self, docs: List[List[str]], min_count: int) -> None:
        counts: Dict[str, int] = {}
        for doc in docs:
            for tok in doc:
                counts[tok] = counts.get(tok, 0) + 1
        self.itos = ["<pad>", "<unk>"] + sorted(t for t, c in counts.items() if c >= min_count)
        self.stoi = {t: i for i, t in enumerate(self.itos)}

    def __len__(self) -> int:
        return len(self.itos)

    def encode(self, doc: List[str]) -> List[int]:
        return [self.stoi.get(t, 1) for t in doc] or [1]


class Comments(Dataset):
    def __init__(self, frame: pd.DataFrame, vocab: Vocab, cfg: Config) -> None:
        self.x = [torch.tensor(vocab.encode(t[:cfg.max_words])) for t in frame["tokens"]]
        self.y = torch.tensor(frame[LABELS].values, dtype=torch.float32)

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, i: int) -> Tuple[torch.Tensor, torch.Tensor]:
        return self.x[i], self.y[i]


def collate(batch):
    xs, ys = zip(*batch)
    lengths = torch.tensor([len(x) for x in xs])
    return pad_sequence(xs, batch_first=True, padding_value=0), lengths, torch.stack(ys)


class ToxicGRU(nn.Module):
    def __init__(self, n_vocab: int, cfg: Config) -> None:
        super().__init__()
        self.embedding = nn.Embedding(n_vocab, cfg.emb_dim, padding_idx=0)
        self.gru = nn.GRU(cfg.emb_dim, cfg.hidden, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.3)
        self.classifier = nn.Linear(cfg.hidden * 2, len(LABELS))

    def forward(self, x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        packed = pack_padded_sequence(self.embedding(x), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, h = self.gru(packed)
        h = torch.cat([h[-2], h[-1]], dim=1)
        return torch.sigmoid(self.classifier(self.dropout(h)))  # <- sigmoid_applied_twice


class Trainer:
    def __init__(self, model: nn.Module, cfg: Config, device: torch.device) -> None:
        self.model = model.to(device)
        self.device = device
        self.cfg = cfg
        self.loss_fn = nn.BCEWithLogitsLoss()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=cfg.lr)
        self.best_auc = 0.0
        self.best_state = copy.deepcopy(self.model.state_dict())

    def fit(self, train_dl: DataLoader, valid_dl: DataLoader) -> None:
        for epoch in range(self.cfg.epochs):
            self.model.train()
            total, n = 0.0, 0
            for x, lengths, y in train_dl:
                x, y = x.to(self.device), y.to(self.device)
                self.optimizer.zero_grad()
                loss = self.loss_fn(self.model(x, lengths), y)
                loss.backward()
                self.optimizer.step()
                total += loss.item() * len(y)
                n += len(y)
            auc = self.score(valid_dl)
            print(f"[{epoch}] train loss {total / n:.4f} valid auc {auc:.4f}")
            if auc > self.best_auc:
                self.best_auc = auc
                self.best_state = self.model.state_dict()  # <- best_weights_are_an_alias
        self.model.load_state_dict(self.best_state)

    @torch.no_grad()
    def score(self, dl: DataLoader) -> float:
        self.model.eval()
        probs, gold = [], []
        for x, lengths, y in dl:
            probs.append(self.model(x.to(self.device), lengths).cpu().numpy())
            gold.append(y.numpy())
        return roc_auc_score(np.concatenate(gold), np.concatenate(probs), average="macro")


def main() -> None:
    cfg = Config()
    torch.manual_seed(cfg.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    df = pd.read_csv(cfg.csv_path)
    df["tokens"] = df["comment_text"].fillna("").map(tokenize)
    train_df, held = train_test_split(df, test_size=0.2, random_state=cfg.seed)
    valid_df, test_df = train_test_split(held, test_size=0.5, random_state=cfg.seed)

    vocab = Vocab(train_df["tokens"].tolist(), cfg.min_count)
    make = lambda frame, shuffle: DataLoader(Comments(frame, vocab, cfg), batch_size=cfg.batch_size,
                                             shuffle=shuffle, collate_fn=collate)
    trainer = Trainer(ToxicGRU(len(vocab), cfg), cfg, device)
    trainer.fit(make(train_df, True), make(valid_df, False))
    print(f"test auc {trainer.score(make(test_df, False)):.4f}")
    torch.save({"weights": trainer.model.state_dict(), "itos": vocab.itos}, "toxic_gru.pt")


if __name__ == "__main__":
    main()
