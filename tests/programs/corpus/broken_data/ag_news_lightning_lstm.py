"""AG News topic classifier with PyTorch Lightning."""
from collections import Counter
from pathlib import Path

import pandas as pd
import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset

CLASSES = ["World", "Sports", "Business", "Sci/Tech"]
PAD, UNK = 0, 1


class NewsDataset(Dataset):
    def __init__(self, samples):
        self.samples = samples

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, idx):
        ids, label = self.samples[idx]
        return torch.tensor(ids), label


def pad_collate(batch):
    ids, labels = zip(*batch)
    return pad_sequence(ids, batch_first=True, padding_value=PAD), torch.tensor(labels)


class NewsDataModule(pl.LightningDataModule):
    def __init__(self, folder: str = "data/ag_news_csv", batch_size: int = 128, max_vocab: int = 40000):
        super().__init__()
        self.folder = Path(folder)
        self.batch_size = batch_size
        self.max_vocab = max_vocab
        self.stoi = {"<pad>": PAD, "<unk>": UNK}

    @staticmethod
    def _read(path):
        df = pd.read_csv(path, header=None, names=["cls", "title", "desc"])
        text = (df.title + " " + df.desc).str.lower().str.replace(r"[^a-z0-9 ]", " ", regex=True)
        return [t.split() for t in text], (df.cls - 1).tolist()

    def setup(self, stage=None):
        if len(self.stoi) > 2:
            return
        texts, labels = self._read(self.folder / "train.csv")
        n_val = 8000
        perm = torch.randperm(len(texts), generator=torch.Generator().manual_seed(1)).tolist()
        val_ix, train_ix = perm[:n_val], perm[n_val:]
        counter = Counter(w for i in train_ix for w in texts[i])
        for w, _ in counter.most_common(self.max_vocab):
            self.stoi[w] = len(self.stoi)

        def enc(toks):
            return [self.stoi.get(w, UNK) for w in toks]

        self.train_set = NewsDataset([(enc(texts[i]), labels[i]) for i in train_ix])
        self.val_set = NewsDataset([(enc(texts[i]), labels[i]) for i in val_ix])
        texts, labels = self._read(self.folder / "test.csv")
        self.test_set = NewsDataset([(enc(t), y) for t, y in zip(texts, labels)])

    def train_dataloader(self):
        return DataLoader(self.train_set, self.batch_size, shuffle=True, collate_fn=pad_collate, drop_last=True)

    def val_dataloader(self):
        return DataLoader(self.val_set, self.batch_size, collate_fn=pad_collate, drop_last=True)  # <- ragged_batch_dropped_in_evaluation

    def test_dataloader(self):
        return DataLoader(self.test_set, self.batch_size, collate_fn=pad_collate, drop_last=True)  # <- ragged_batch_dropped_in_evaluation


class NewsLSTM(pl.LightningModule):
    def __init__(self, stoi: dict, emb=128, hidden=128, lr=1e-3):
        super().__init__()
        self.save_hyperparameters()
        self.embedding = nn.Embedding(len(stoi), emb, padding_idx=PAD)
        self.lstm = nn.LSTM(emb, hidden)
        self.dropout = nn.Dropout(0.3)
        self.head = nn.Linear(hidden, len(CLASSES))

    def forward(self, x):
        mask = (x != PAD).unsqueeze(-1)
        out, _ = self.lstm(self.embedding(x))  # <- batch_axis_read_as_time
        pooled = (out * mask).sum(1) / mask.sum(1).clamp(min=1)
        return self.head(self.dropout(pooled))

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = F.cross_entropy(self(x), y)
        self.log("train_loss", loss)
        return loss

    def _shared_eval(self, batch, name):
        x, y = batch
        logits = self(x)
        self.log(f"{name}_loss", F.cross_entropy(logits, y), prog_bar=True, batch_size=len(y))
        self.log(f"{name}_acc", (logits.argmax(-1) == y).float().mean(), prog_bar=True, batch_size=len(y))

    def validation_step(self, batch, batch_idx):
        self._shared_eval(batch, "val")

    def test_step(self, batch, batch_idx):
        self._shared_eval(batch, "test")

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.hparams.lr)


if __name__ == "__main__":
    pl.seed_everything(1)
    dm = NewsDataModule()
    dm.setup()
    model = NewsLSTM(dm.stoi)
    ckpt = ModelCheckpoint(monitor="val_loss")
    trainer = pl.Trainer(max_epochs=8, gradient_clip_val=1.0,
                         callbacks=[EarlyStopping("val_loss", patience=2), ckpt])
    trainer.fit(model, dm)
    trainer.test(datamodule=dm, ckpt_path="best")
