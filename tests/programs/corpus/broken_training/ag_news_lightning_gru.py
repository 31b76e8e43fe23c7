import re
from argparse import ArgumentParser
from collections import Counter

import pandas as pd
import pytorch_lightning as pl
import torch
import torch.nn as nn
import torch.nn.functional as F
from pytorch_lightning.callbacks import ModelCheckpoint
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence
from torch.utils.data import DataLoader, Dataset

PAD_IDX = 0
UNK_IDX = 1


def simple_tokenizer(text):
    return re.findall(r"\w+", text.lower())


class NewsDataset(Dataset):
    def __init__(self, rows, stoi):
        self.items = []
        for label, tokens in rows:
            ids = [stoi.get(t, UNK_IDX) for t in tokens]
            self.items.append((torch.tensor(ids), label))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, idx):
        return self.items[idx]


def collate(batch):
    texts, labels = zip(*batch)
    lengths = torch.tensor([t.numel() for t in texts])
    return pad_sequence(texts, batch_first=True, padding_value=PAD_IDX), lengths, torch.tensor(labels)


class AGNewsData(pl.LightningDataModule):
    def __init__(self, root, batch_size, min_freq=3):
        super().__init__()
        self.root = root
        self.batch_size = batch_size
        self.min_freq = min_freq

    def _read(self, name):
        # the files of AG News come without a header line; classes are 1..4
        frame = pd.read_csv(f"{self.root}/{name}", header=None, names=["cls", "title", "body"])
        text = frame["title"] + " " + frame["body"]
        return [(c - 1, simple_tokenizer(t)) for c, t in zip(frame["cls"], text)]

    def setup(self, stage=None):
        train_rows = self._read("train.csv")
        test_rows = self._read("test.csv")
        counts = Counter(t for _, toks in train_rows for t in toks)
        self.stoi = {"<pad>": PAD_IDX, "<unk>": UNK_IDX}
        for w, n in counts.items():
            if n >= self.min_freq:
                self.stoi[w] = len(self.stoi)
        self.train_set = NewsDataset(train_rows, self.stoi)
        self.test_set = NewsDataset(test_rows, self.stoi)

    def train_dataloader(self):
        return DataLoader(self.train_set, self.batch_size, shuffle=True, collate_fn=collate)

    def test_dataloader(self):
        return DataLoader(self.test_set, self.batch_size, collate_fn=collate)


class GRUClassifier(pl.LightningModule):
    def __init__(self, vocab_size, num_classes=4, emb=100, hidden=128, lr=1e-3):
        super().__init__()
        self.save_hyperparameters()
        self.embed = nn.Embedding(vocab_size, emb, padding_idx=PAD_IDX)
        self.rnn = nn.GRU(emb, hidden, batch_first=True)
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(hidden, num_classes)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.embed(x), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, h_n = self.rnn(packed)
        return F.softmax(self.fc(self.dropout(h_n[-1])), dim=1)  # <- softmax_before_cross_entropy

    def training_step(self, batch, batch_idx):
        x, lengths, y = batch
        loss = F.cross_entropy(self(x, lengths), y)
        self.log("train_loss", loss, batch_size=len(y))
        return loss

    def validation_step(self, batch, batch_idx):
        x, lengths, y = batch
        out = self(x, lengths)
        self.log("val_loss", F.cross_entropy(out, y), prog_bar=True, batch_size=len(y))
        self.log("val_acc", (out.argmax(1) == y).float().mean(), prog_bar=True, batch_size=len(y))

    def test_step(self, batch, batch_idx):
        x, lengths, y = batch
        out = self(x, lengths)
        self.log("test_acc", (out.argmax(1) == y).float().mean(), batch_size=len(y))

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.hparams.lr)


if __name__ == "__main__":
    parser = ArgumentParser()
    parser.add_argument("--root", default="./data/ag_news_csv")
    parser.add_argument("--batch_size", type=int, default=128)
    parser.add_argument("--max_epochs", type=int, default=8)
    args = parser.parse_args()

    pl.seed_everything(2021)
    dm = AGNewsData(args.root, args.batch_size)
    dm.setup()
    model = GRUClassifier(len(dm.stoi))
    checkpoint = ModelCheckpoint(monitor="val_acc", mode="max", save_top_k=1)  # <- test_set_chooses_the_epoch
    trainer = pl.Trainer(max_epochs=args.max_epochs, callbacks=[checkpoint], accelerator="auto", devices=1)
    trainer.fit(model, dm.train_dataloader(), dm.test_dataloader())
    trainer.test(ckpt_path="best", dataloaders=dm.test_dataloader())
