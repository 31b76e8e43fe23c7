import re
from pathlib import Path

import pytorch_lightning as pl
import torch
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader


def read_folder(split):
    texts, labels = [], []
    for name, value in (("pos", 1.0), ("neg", 0.0)):
        for p in sorted(Path("aclImdb", split, name).glob("*.txt")):
            texts.append(re.sub(r"<br />", " ", p.read_text(encoding="utf-8")).lower())
            labels.append(value)
    return texts, labels


class ImdbData(pl.LightningDataModule):
    def __init__(self, batch_size=32, max_vocab=20000):
        super().__init__()
        self.batch_size = batch_size
        self.max_vocab = max_vocab
        self.stoi = {}

    @staticmethod
    def tok(text):
        return re.findall(r"\w+", text)

    def setup(self, stage=None):
        if self.stoi:
            return
        x, y = read_folder("train")
        x = [self.tok(t) for t in x]
        xt, yt = read_folder("test")
        xt = [self.tok(t) for t in xt]
        xtr, xva, ytr, yva = train_test_split(x, y, test_size=0.1, stratify=y, random_state=0)
        counts = {}
        for doc in xtr:
            for w in doc:
                counts[w] = counts.get(w, 0) + 1
        self.stoi = {"[PAD]": 0, "[UNK]": 1}
        for w in sorted(counts, key=lambda k: (-counts[k], k))[: self.max_vocab]:
            self.stoi[w] = len(self.stoi)
        enc = lambda docs: [torch.tensor([self.stoi.get(w, 1) for w in d[:600]]) for d in docs]
        self.train_set = list(zip(enc(xtr), ytr))
        self.valid_set = list(zip(enc(xva), yva))
        self.test_set = list(zip(enc(xt), yt))

    @staticmethod
    def collate(rows):
        xs, ys = zip(*rows)
        return pad_sequence(xs, batch_first=True, padding_value=0), torch.tensor(ys)

    def train_dataloader(self):
        return DataLoader(self.train_set, self.batch_size, shuffle=True, collate_fn=self.collate)

    def val_dataloader(self):
        return DataLoader(self.valid_set, self.batch_size, collate_fn=self.collate)

    def test_dataloader(self):
        return DataLoader(self.test_set, self.batch_size, collate_fn=self.collate)


class AttentionLSTM(pl.LightningModule):
    def __init__(self, vocab_size, emb=100, hid=100, lr=1e-3):
        super().__init__()
        self.save_hyperparameters()
        self.emb = nn.Embedding(vocab_size, emb, padding_idx=0)
        self.lstm = nn.LSTM(emb, hid, batch_first=True, bidirectional=True)
        self.att = nn.Linear(2 * hid, 1)
        self.drop = nn.Dropout(0.5)
        self.out = nn.Linear(2 * hid, 1)
        self.loss_fn = nn.BCEWithLogitsLoss()

    def forward(self, x):
        states, _ = self.lstm(self.drop(self.emb(x)))
        weights = torch.softmax(self.att(torch.tanh(states)), dim=1)  # <- padding_averaged_into_the_review
        context = (weights * states).sum(dim=1)
        return torch.sigmoid(self.out(self.drop(context))).squeeze(1)  # <- sigmoid_applied_twice

    def _step(self, batch, name):
        x, y = batch
        p = self(x)
        loss = self.loss_fn(p, y)
        acc = ((p > 0.5).float() == y).float().mean()
        self.log(name + "_loss", loss, on_epoch=True, on_step=False, prog_bar=True, batch_size=len(y))
        self.log(name + "_acc", acc, on_epoch=True, on_step=False, prog_bar=True, batch_size=len(y))
        return loss

    def training_step(self, batch, batch_idx):
        return self._step(batch, "train")

    def validation_step(self, batch, batch_idx):
        self._step(batch, "val")

    def test_step(self, batch, batch_idx):
        self._step(batch, "test")

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.hparams.lr)


if __name__ == "__main__":
    pl.seed_everything(1)
    dm = ImdbData()
    dm.setup()
    model = AttentionLSTM(len(dm.stoi))
    ckpt = pl.callbacks.ModelCheckpoint(monitor="val_acc", mode="max")
    trainer = pl.Trainer(max_epochs=6, gradient_clip_val=1.0, callbacks=[ckpt])
    trainer.fit(model, datamodule=dm)
    trainer.test(datamodule=dm, ckpt_path="best")
    torch.save({"state": model.state_dict(), "stoi": dm.stoi}, "imdb_attention.pt")
