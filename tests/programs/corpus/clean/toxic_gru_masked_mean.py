"""Toxic comments (six labels, several may hold at once). GRU over words, mean over the real words only."""
import copy
import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

LABELS = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]


@dataclass
class Config:
    train_csv: str = "input/train.csv"
    max_words: int = 50_000
    max_len: int = 1500
    emb: int = 128
    hidden: int = 96
    lr: float = 1e-3
    epochs: int = 5
    batch_size: int = 64
    seed: int = 2018


def words(text: str) -> list[str]:
    return re.findall(r"[a-z]+|[!?*@#]", text.lower())


class Comments(Dataset):
    def __init__(self, frame: pd.DataFrame, stoi: dict[str, int], max_len: int):
        self.ids = [[stoi.get(w, 1) for w in words(t)[:max_len]] or [1] for t in frame["comment_text"]]
        self.y = torch.tensor(frame[LABELS].values, dtype=torch.float32)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, i: int):
        return self.ids[i], self.y[i]


def collate(batch):
    ids, y = zip(*batch)
    n = max(map(len, ids))
    x = torch.tensor([row + [0] * (n - len(row)) for row in ids])
    return x, torch.stack(y)


class ToxicGRU(nn.Module):
    def __init__(self, n_words: int, cfg: Config):
        super().__init__()
        self.embedding = nn.Embedding(n_words, cfg.emb, padding_idx=0)
        self.spatial = nn.Dropout(0.2)
        self.gru = nn.GRU(cfg.emb, cfg.hidden, batch_first=True)
        self.head = nn.Sequential(nn.Linear(cfg.hidden, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, len(LABELS)))

    def forward(self, x: Tensor) -> Tensor:
        mask = (x != 0).unsqueeze(-1).float()              # [B, T, 1]
        states, _ = self.gru(self.spatial(self.embedding(x)))
        mean = (states * mask).sum(dim=1) / mask.sum(dim=1)
        return self.head(mean)


@torch.no_grad()
def predict_all(model: nn.Module, loader: DataLoader, device: torch.device) -> tuple[np.ndarray, np.ndarray]:
    model.eval()
    probs, golds = [], []
    for x, y in loader:
        probs.append(torch.sigmoid(model(x.to(device))).cpu())
        golds.append(y)
    return torch.cat(probs).numpy(), torch.cat(golds).numpy()


def mean_auc(probs: np.ndarray, golds: np.ndarray) -> float:
    return float(np.mean([roc_auc_score(golds[:, k], probs[:, k]) for k in range(len(LABELS))]))


def main(cfg: Config = Config()) -> None:
    torch.manual_seed(cfg.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    frame = pd.read_csv(cfg.train_csv)
    rest, test = train_test_split(frame, test_size=0.1, random_state=cfg.seed)
    train, valid = train_test_split(rest, test_size=0.1, random_state=cfg.seed)

    counts = Counter(w for t in train["comment_text"] for w in words(t))
    stoi = {w: i for i, (w, _) in enumerate(counts.most_common(cfg.max_words), start=2)}
    loaders = {
        name: DataLoader(Comments(part, stoi, cfg.max_len), batch_size=cfg.batch_size,
                         shuffle=(name == "train"), collate_fn=collate)
        for name, part in (("train", train), ("valid", valid), ("test", test))
    }

    model = ToxicGRU(len(stoi) + 2, cfg).to(device)
    positives = torch.tensor(train[LABELS].mean().values, dtype=torch.float32)
    criterion = nn.BCEWithLogitsLoss(pos_weight=((1 - positives) / positives).sqrt().to(device))
    optimizer = torch.optim.AdamW(model.parameters(), lr=cfg.lr)

    best_auc, best_state = 0.0, copy.deepcopy(model.state_dict())
    for epoch in range(cfg.epochs):
        model.train()
        for x, y in loaders["train"]:
            loss = criterion(model(x.to(device)), y.to(device))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        auc = mean_auc(*predict_all(model, loaders["valid"], device))
        print(f"epoch {epoch}: validation AUC {auc:.4f}")
        if auc > best_auc:
            best_auc, best_state = auc, copy.deepcopy(model.state_dict())

    model.load_state_dict(best_state)
    print(f"test AUC {mean_auc(*predict_all(model, loaders['test'], device)):.4f}")


if __name__ == "__main__":
    main()
