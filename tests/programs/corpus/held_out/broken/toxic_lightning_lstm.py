import re
from collections import Counter

import pandas as pd
import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, Dataset


class CommentDataset(Dataset):
    def __init__(self, frame, stoi):
        self.ids = [torch.tensor([stoi.get(w, 1) for w in words]) for words in frame["words"]]
        self.y = frame["toxic"].tolist()

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, i):
        return self.ids[i], self.y[i]


def collate(rows):
    ids, y = zip(*rows)
    lengths = torch.tensor([len(i) for i in ids])
    return nn.utils.rnn.pad_sequence(list(ids), batch_first=True), lengths, torch.tensor(y)


class ToxicModule(pl.LightningModule):
    def __init__(self, n_words, emb=128, hidden=128, lr=1e-3):
        super().__init__()
        self.save_hyperparameters()
        self.embedding = nn.Embedding(n_words, emb, padding_idx=0)
        self.lstm = nn.LSTM(emb, hidden, batch_first=True, bidirectional=True, num_layers=2, dropout=0.2)
        self.head = nn.Sequential(nn.Linear(2 * hidden, 64), nn.ReLU(), nn.Linear(64, 2), nn.Softmax(dim=-1))  # <- softmax_before_cross_entropy

    def forward(self, x, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(self.embedding(x), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = self.lstm(packed)
        out, _ = nn.utils.rnn.pad_packed_sequence(out, batch_first=True)
        return self.head(out[torch.arange(x.size(0)), lengths - 1])  # <- backward_direction_read_at_the_wrong_end

    def training_step(self, batch, _):
        x, lengths, y = batch
        loss = F.cross_entropy(self(x, lengths), y)
        self.log("train_loss", loss)
        return loss

    def _evaluate(self, batch, name):
        x, lengths, y = batch
        acc = (self(x, lengths).argmax(1) == y).float().mean()
        self.log(name, acc, on_epoch=True, prog_bar=True, batch_size=len(y))

    def validation_step(self, batch, _):
        self._evaluate(batch, "val_acc")

    def test_step(self, batch, _):
        self._evaluate(batch, "test_acc")

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.hparams.lr)


def main():
    pl.seed_everything(1)
    df = pd.read_csv("train.csv", usecols=["comment_text", "toxic"]).drop_duplicates("comment_text")
    df["words"] = df["comment_text"].map(lambda t: re.findall(r"[a-z']+", t.lower())[-400:] or ["none"])
    train, rest = train_test_split(df, test_size=0.2, random_state=1, stratify=df["toxic"])
    valid, test = train_test_split(rest, test_size=0.5, random_state=1, stratify=rest["toxic"])
    counts = Counter(w for words in train["words"] for w in words)
    stoi = {w: i for i, (w, _) in enumerate(counts.most_common(30000), start=2)}
    loaders = [DataLoader(CommentDataset(f, stoi), batch_size=64, shuffle=s, collate_fn=collate)
               for f, s in ((train, True), (valid, False), (test, False))]
    model = ToxicModule(len(stoi) + 2)
    trainer = pl.Trainer(max_epochs=3, gradient_clip_val=1.0, enable_checkpointing=False)
    trainer.fit(model, loaders[0], loaders[1])
    trainer.test(model, loaders[2])


if __name__ == "__main__":
    main()
