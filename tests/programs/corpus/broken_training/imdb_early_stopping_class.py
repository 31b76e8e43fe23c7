import argparse
import os
import random
import re

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


def set_seed(s):
    random.seed(s)
    np.random.seed(s)
    torch.manual_seed(s)


class EarlyStopping:
    """Stops when the score has not risen for `patience` epochs and keeps the best weights on disk."""

    def __init__(self, patience=3, path="checkpoint.pt"):
        self.patience = patience
        self.path = path
        self.counter = 0
        self.best_score = None
        self.early_stop = False

    def __call__(self, score, model, vocab):
        if self.best_score is None or score > self.best_score:
            self.best_score = score
            self.counter = 0
            torch.save({"model": model.state_dict(), "vocab": vocab}, self.path)
        else:
            self.counter += 1
            print(f"EarlyStopping counter: {self.counter} out of {self.patience}")
            if self.counter >= self.patience:
                self.early_stop = True


class AclImdb(Dataset):
    def __init__(self, root, split):
        self.data = []
        for label, name in enumerate(("neg", "pos")):
            d = os.path.join(root, split, name)
            for fn in sorted(os.listdir(d)):
                with open(os.path.join(d, fn), encoding="utf-8") as f:
                    text = re.sub(r"(<br\s*/?>)+", " ", f.read().lower())
                self.data.append((re.findall(r"[a-z']+", text), label))

    def __len__(self):
        return len(self.data)

    def __getitem__(self, i):
        return self.data[i]


class Collate:
    def __init__(self, vocab, maxlen):
        self.vocab, self.maxlen = vocab, maxlen

    def __call__(self, batch):
        # the last maxlen words of each review
        seqs = [torch.tensor([self.vocab.get(w, 1) for w in toks[-self.maxlen:]]) for toks, _ in batch]
        lens = torch.tensor([len(s) for s in seqs])
        x = nn.utils.rnn.pad_sequence(seqs, batch_first=True, padding_value=0)
        return x, lens, torch.tensor([y for _, y in batch], dtype=torch.float)


class SentimentLSTM(nn.Module):
    def __init__(self, n_vocab, emb, hid):
        super().__init__()
        self.emb = nn.Embedding(n_vocab, emb, padding_idx=0)
        self.lstm = nn.LSTM(emb, hid, batch_first=True)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(hid, 1)

    def forward(self, x, lens):
        pk = nn.utils.rnn.pack_padded_sequence(self.drop(self.emb(x)), lens, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(pk)
        return torch.sigmoid(self.fc(self.drop(h[-1])).squeeze(1))


def test(model, loader, device):
    model.eval()
    ok = 0
    with torch.no_grad():
        for x, lens, y in loader:
            ok += ((model(x.to(device), lens).cpu() > 0.5).float() == y).sum().item()
    return ok / len(loader.dataset)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--root", default="aclImdb")
    p.add_argument("--epochs", type=int, default=20)
    p.add_argument("--bs", type=int, default=64)
    p.add_argument("--maxlen", type=int, default=400)
    p.add_argument("--vocab", type=int, default=20000)
    args = p.parse_args()
    set_seed(55)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    train_set = AclImdb(args.root, "train")
    test_set = AclImdb(args.root, "test")
    counts = {}
    for toks, _ in train_set.data:
        for w in toks:
            counts[w] = counts.get(w, 0) + 1
    vocab = {"<pad>": 0, "<unk>": 1}
    for w in sorted(counts, key=lambda w: (-counts[w], w))[:args.vocab]:
        vocab[w] = len(vocab)
    coll = Collate(vocab, args.maxlen)
    train_loader = DataLoader(train_set, args.bs, shuffle=True, collate_fn=coll)
    test_loader = DataLoader(test_set, args.bs, collate_fn=coll)

    model = SentimentLSTM(len(vocab), 100, 128).to(device)
    loss_fn = nn.BCELoss()
    opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    sched = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, mode="min", factor=0.5, patience=1)
    stopper = EarlyStopping(patience=3, path="imdb_best.pt")

    for epoch in range(args.epochs):
        model.train()
        total = 0.0
        for x, lens, y in train_loader:
            opt.zero_grad()
            loss = loss_fn(model(x.to(device), lens), y.to(device))
            loss.backward()
            opt.step()
            total += loss.item() * len(y)
        total /= len(train_set)
        acc = test(model, test_loader, device)
        sched.step(total)
        print(f"epoch {epoch:02d}  loss {total:.4f}  acc {acc:.4f}")
        stopper(acc, model, vocab)  # <- test_set_chooses_the_epoch
        if stopper.early_stop:
            break

    model.load_state_dict(torch.load("imdb_best.pt")["model"])
    print(f"final test accuracy: {test(model, test_loader, device):.4f}")


if __name__ == "__main__":
    main()
