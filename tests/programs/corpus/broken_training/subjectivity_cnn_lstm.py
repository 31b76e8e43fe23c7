"""Subjective or objective sentences (Cornell subj data): Conv1d -> LSTM -> score."""
import argparse
import os
import random
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader


@dataclass
class HParams:
    folder: str = "rotten_imdb"
    emb: int = 100
    channels: int = 100
    hidden: int = 64
    dropout: float = 0.5
    batch: int = 50
    epochs: int = 8
    lr: float = 1e-3
    seed: int = 19


def read(hp: HParams) -> list:
    out = []
    for name, y in (("quote.tok.gt9.5000", 1), ("plot.tok.gt9.5000", 0)):
        with open(os.path.join(hp.folder, name), encoding="latin-1") as f:
            out.extend((line.split(), y) for line in f if line.strip())
    random.shuffle(out)
    return out


class ConvLSTM(nn.Module):
    def __init__(self, vocab_size: int, hp: HParams):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, hp.emb, padding_idx=0)
        self.conv = nn.Conv1d(hp.emb, hp.channels, 3, padding=1)
        self.lstm = nn.LSTM(hp.channels, hp.hidden, batch_first=True)
        self.dropout = nn.Dropout(hp.dropout)
        self.fc = nn.Linear(hp.hidden, 1)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        e = self.embedding(x).transpose(1, 2)
        c = torch.relu(self.conv(e)).transpose(1, 2)
        packed = nn.utils.rnn.pack_padded_sequence(c, lengths, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.fc(self.dropout(h[-1]))


def focal_loss(logits: Tensor, y: Tensor, gamma: float = 2.0) -> Tensor:
    p = torch.sigmoid(logits).clamp(1e-6, 1 - 1e-6)
    pt = y * p + (1 - y) * (1 - p)
    return (-((1 - pt) ** gamma) * torch.log(pt)).mean()


def main():
    parser = argparse.ArgumentParser()
    for k, v in asdict(HParams()).items():
        parser.add_argument("--" + k, type=type(v), default=v)
    hp = HParams(**vars(parser.parse_args()))
    random.seed(hp.seed)
    torch.manual_seed(hp.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    rows = read(hp)
    train, valid, test = rows[:8000], rows[8000:9000], rows[9000:]
    vocab = {"<pad>": 0, "<unk>": 1}
    for toks, _ in train:
        for t in toks:
            vocab.setdefault(t, len(vocab))

    def collate(batch):
        xs = [torch.tensor([vocab.get(t, 1) for t in toks]) for toks, _ in batch]
        lengths = torch.tensor([x.numel() for x in xs])
        return nn.utils.rnn.pad_sequence(xs, batch_first=True), lengths, torch.tensor([float(y) for _, y in batch])

    train_dl = DataLoader(train, hp.batch, shuffle=True, collate_fn=collate)
    valid_dl = DataLoader(valid, hp.batch, collate_fn=collate)
    test_dl = DataLoader(test, hp.batch, collate_fn=collate)
    model = ConvLSTM(len(vocab), hp).to(device)
    opt = torch.optim.Adam(model.parameters(), lr=hp.lr)

    def accuracy(dl):
        model.eval()
        ok = n = 0
        with torch.no_grad():
            for x, lengths, y in dl:
                guess = (model(x.to(device), lengths).flatten() > 0).float().cpu()
                ok += (guess == y).sum().item()
                n += len(y)
        return ok / n

    for epoch in range(hp.epochs):
        model.train()
        for x, lengths, y in train_dl:
            opt.zero_grad()
            loss = focal_loss(model(x.to(device), lengths), y.to(device))  # <- scores_and_labels_broadcast
            loss.backward()
            opt.step()
        print(f"epoch {epoch}  train loss {loss.item():.4f}  valid acc {accuracy(valid_dl):.4f}")  # <- last_batch_reported_for_the_epoch
    print(f"test acc {accuracy(test_dl):.4f}")


if __name__ == "__main__":
    main()
