"""Intent detection on SNIPS with pytorch-lightning; data/snips/{train,valid,test}/{seq.in,label}"""
import os

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_sequence
from torch.utils.data import DataLoader


def read(split):
    folder = os.path.join("data", "snips", split)
    with open(os.path.join(folder, "seq.in")) as a, open(os.path.join(folder, "label")) as b:
        return [(s.strip().lower().split(), l.strip()) for s, l in zip(a, b)]


class Snips(pl.LightningDataModule):
    def __init__(self, batch_size=32):
        super().__init__()
        self.batch_size = batch_size
        self.train, self.valid, self.test = read("train"), read("valid"), read("test")
        self.words = {"<unk>": 0}
        for toks, _ in self.train:
            for t in toks:
                self.words.setdefault(t, len(self.words))
        self.intents = sorted({l for _, l in self.train})

    def collate(self, rows):
        seqs = [torch.tensor([self.words.get(t, 0) for t in toks]) for toks, _ in rows]
        return seqs, torch.tensor([self.intents.index(l) for _, l in rows])

    def _loader(self, rows, shuffle=False):
        return DataLoader(rows, self.batch_size, shuffle=shuffle, collate_fn=self.collate)

    def train_dataloader(self):
        return self._loader(self.train, True)

    def val_dataloader(self):
        return self._loader(self.valid)

    def test_dataloader(self):
        return self._loader(self.test)


class IntentLSTM(pl.LightningModule):
    def __init__(self, n_words, n_intents, dim=64, hid=96, lr=1e-3):
        super().__init__()
        self.save_hyperparameters()
        self.embed = nn.Embedding(n_words, dim)
        self.lstm = nn.LSTM(dim, hid, bidirectional=True)
        self.drop = nn.Dropout(0.3)
        self.fc = nn.Linear(2 * hid, n_intents)

    def forward(self, seqs):
        packed = pack_sequence([self.embed(s) for s in seqs], enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.fc(self.drop(torch.cat([h[0], h[1]], dim=1)))

    def training_step(self, batch, _):
        seqs, y = batch
        return F.nll_loss(F.softmax(self(seqs), dim=1), y)  # <- nll_loss_without_log_softmax

    def _evaluate(self, batch, name):
        seqs, y = batch
        acc = (self(seqs).argmax(1) == y).float().mean()
        self.log(name, acc, prog_bar=True, batch_size=len(y), on_epoch=True)

    def validation_step(self, batch, _):
        self._evaluate(batch, "val_acc")

    def test_step(self, batch, _):
        self._evaluate(batch, "test_acc")

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), self.hparams.lr)


if __name__ == "__main__":
    pl.seed_everything(12)
    data = Snips()
    model = IntentLSTM(len(data.words), len(data.intents))
    keep = ModelCheckpoint(monitor="val_acc", mode="max", filename="snips-{epoch}-{val_acc:.3f}")
    stop = EarlyStopping(monitor="val_acc", mode="max", patience=3)
    trainer = pl.Trainer(max_epochs=30, callbacks=[keep, stop], accelerator="auto", devices=1)
    trainer.fit(model, datamodule=data)
    torch.save(data.words, "snips_words.pt")
    trainer.test(model, datamodule=data)  # <- best_weights_never_loaded
