import argparse
import logging
import random
from dataclasses import dataclass, asdict

import numpy as np
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils.data import DataLoader, Dataset

# CoLA (raw): source \t label \t mark \t sentence ; matthews correlation

logging.basicConfig(level="INFO")
L = logging.getLogger("cola")


@dataclass
class HP:
    emb: int = 128
    hid: int = 128
    layers: int = 1
    dropout: float = 0.3
    lr: float = 5e-4
    batch: int = 32
    epochs: int = 12
    seed: int = 2018


class Cola(Dataset):
    def __init__(self, path, stoi=None):
        self.sents, self.labels = [], []
        with open(path, encoding="utf-8") as f:
            for line in f:
                _, label, _, sentence = line.rstrip("\n").split("\t")
                self.sents.append(sentence.lower().replace(".", " .").replace(",", " ,").split())
                self.labels.append(int(label))
        if stoi is None:
            stoi = {"<pad>": 0, "<unk>": 1}
            for s in self.sents:
                for w in s:
                    stoi.setdefault(w, len(stoi))
        self.stoi = stoi

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return [self.stoi.get(w, 1) for w in self.sents[i]], self.labels[i]

    @staticmethod
    def collate(items):
        items.sort(key=lambda it: len(it[0]), reverse=True)
        lengths = torch.tensor([len(ids) for ids, _ in items])
        ids = torch.zeros(int(lengths[0]), len(items), dtype=torch.long)
        for j, (s, _) in enumerate(items):
            ids[: len(s), j] = torch.tensor(s)
        return ids, lengths, torch.tensor([y for _, y in items])


class ColaGRU(nn.Module):
    def __init__(self, n_words, hp):
        super().__init__()
        self.embed = nn.Embedding(n_words, hp.emb, padding_idx=0)
        self.gru = nn.GRU(hp.emb, hp.hid, hp.layers, bidirectional=True)
        self.drop = nn.Dropout(hp.dropout)
        self.clf = nn.Linear(2 * hp.hid, 1)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths)
        states, lengths = pad_packed_sequence(self.gru(packed)[0])
        last = states[lengths - 1, torch.arange(states.size(1))]  # <- backward_direction_read_at_the_wrong_end
        return self.clf(self.drop(last))


def matthews(model, loader, device):
    model.eval()
    c = np.zeros((2, 2))
    with torch.no_grad():
        for ids, lengths, y in loader:
            guess = (model(ids.to(device), lengths).squeeze(1) > 0).long().cpu()
            np.add.at(c, (y.numpy(), guess.numpy()), 1)
    tn, fp, fn, tp = c.ravel()
    bottom = np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    return (tp * tn - fp * fn) / bottom if bottom else 0.0


def main():
    ap = argparse.ArgumentParser()
    for k, v in asdict(HP()).items():
        ap.add_argument("--" + k, type=type(v), default=v)
    ap.add_argument("--dir", default="data/CoLA")
    args = vars(ap.parse_args())
    folder = args.pop("dir")
    hp = HP(**args)
    random.seed(hp.seed), np.random.seed(hp.seed), torch.manual_seed(hp.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    train = Cola(f"{folder}/in_domain_train.tsv")
    dev = Cola(f"{folder}/in_domain_dev.tsv", train.stoi)
    test = Cola(f"{folder}/out_of_domain_dev.tsv", train.stoi)
    train_dl = DataLoader(train, hp.batch, shuffle=True, collate_fn=Cola.collate)
    dev_dl = DataLoader(dev, 128, collate_fn=Cola.collate)
    test_dl = DataLoader(test, 128, collate_fn=Cola.collate)

    model = ColaGRU(len(train.stoi), hp).to(device)
    opt = torch.optim.Adam(model.parameters(), lr=hp.lr)
    loss_fn = nn.BCELoss()
    for epoch in range(1, hp.epochs + 1):
        model.train()
        for ids, lengths, y in train_dl:
            opt.zero_grad()
            loss = loss_fn(model(ids.to(device), lengths).squeeze(1), y.float().to(device))  # <- logits_in_bce_loss
            loss.backward()
            opt.step()
        L.info("epoch %d MCC dev %.4f", epoch, matthews(model, dev_dl, device))
    L.info("MCC out of domain %.4f", matthews(model, test_dl, device))


if __name__ == "__main__":
    main()
