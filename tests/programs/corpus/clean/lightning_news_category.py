"""HuffPost news categories with pytorch-lightning."""
import json
import re
from collections import Counter
from pathlib import Path
from typing import Dict, List, Optional

import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset, random_split
from torchmetrics import Accuracy


def tokenize(s: str) -> List[str]:
    return re.findall(r"\w+", s.lower())


class Headlines(Dataset):
    def __init__(self, items, stoi: Dict[str, int], classes: Dict[str, int]):
        self.x = [torch.tensor([stoi.get(t, 1) for t in toks]) for toks, _ in items]
        self.y = [classes[c] for _, c in items]

    def __len__(self):
        return len(self.x)

    def __getitem__(self, idx):
        return self.x[idx], self.y[idx]


def pad_batch(batch):
    x, y = zip(*batch)
    return pad_sequence(x, batch_first=True), torch.tensor([len(s) for s in x]), torch.tensor(y)


class NewsData(pl.LightningDataModule):
    def __init__(self, path: str = "News_Category_Dataset_v3.json", batch_size: int = 128):
        super().__init__()
        self.path, self.batch_size = Path(path), batch_size

    def setup(self, stage: Optional[str] = None):
        if hasattr(self, "train"):
            return
        items = []
        with self.path.open() as f:
            for line in f:
                d = json.loads(line)
                toks = tokenize(d["headline"] + " " + d["short_description"])
                if toks:
                    items.append((toks, d["category"]))
        n = len(items)
        n_val = n_test = n // 10
        parts = random_split(items, [n - n_val - n_test, n_val, n_test], generator=torch.Generator().manual_seed(0))
        train, val, test = parts
        counts = Counter(t for toks, _ in train for t in toks)
        self.itos = ["<pad>", "<unk>"] + [w for w, c in counts.most_common(40000) if c > 1]
        stoi = {w: i for i, w in enumerate(self.itos)}
        self.classes = sorted({c for _, c in items})
        cls = {c: i for i, c in enumerate(self.classes)}
        self.train, self.val, self.test = (Headlines(p, stoi, cls) for p in (train, val, test))

    def train_dataloader(self):
        return DataLoader(self.train, self.batch_size, shuffle=True, collate_fn=pad_batch, num_workers=2)

    def val_dataloader(self):
        return DataLoader(self.val, self.batch_size, collate_fn=pad_batch)

    def test_dataloader(self):
        return DataLoader(self.test, self.batch_size, collate_fn=pad_batch)


class NewsGRU(pl.LightningModule):
    def __init__(self, itos: List[str], n_classes: int, emb: int = 128, hidden: int = 128, lr: float = 1e-3):
        super().__init__()
        self.save_hyperparameters()          # the vocabulary goes into the checkpoint with the weights
        self.embedding = nn.Embedding(len(itos), emb, padding_idx=0)
        self.rnn = nn.GRU(emb, hidden, num_layers=2, dropout=0.3, bidirectional=True, batch_first=True)
        self.classifier = nn.Sequential(nn.Dropout(0.3), nn.Linear(2 * hidden, n_classes))
        self.val_acc = Accuracy(task="multiclass", num_classes=n_classes)
        self.test_acc = Accuracy(task="multiclass", num_classes=n_classes)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.embedding(x), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, h = self.rnn(packed)
        h = h.view(2, 2, x.size(0), -1)[-1]                # (layers, directions, B, H), top layer
        return self.classifier(torch.cat([h[0], h[1]], dim=-1))

    def training_step(self, batch, batch_idx):
        x, lengths, y = batch
        loss = F.cross_entropy(self(x, lengths), y)
        self.log("train_loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch, batch_idx):
        x, lengths, y = batch
        logits = self(x, lengths)
        self.val_acc(logits, y)
        self.log("val_loss", F.cross_entropy(logits, y), batch_size=len(y), prog_bar=True)
        self.log("val_acc", self.val_acc, prog_bar=True)

    def test_step(self, batch, batch_idx):
        x, lengths, y = batch
        self.test_acc(self(x, lengths), y)
        self.log("test_acc", self.test_acc)

    def configure_optimizers(self):
        optimizer = torch.optim.Adam(self.parameters(), lr=self.hparams.lr)
        scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=1)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "monitor": "val_loss"}}


if __name__ == "__main__":
    pl.seed_everything(1)
    dm = NewsData()
    dm.setup()
    model = NewsGRU(dm.itos, len(dm.classes))
    checkpoint = ModelCheckpoint(monitor="val_acc", mode="max")
    trainer = pl.Trainer(max_epochs=10, gradient_clip_val=1.0, accelerator="auto", devices=1,
                         callbacks=[checkpoint, EarlyStopping(monitor="val_acc", mode="max", patience=3)])
    trainer.fit(model, datamodule=dm)
    trainer.test(ckpt_path="best", datamodule=dm)
