"""Classify surnames by language, character level, minibatches of one-hot vectors."""
import argparse
import glob
import os
import random
import string
import unicodedata

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset, random_split

ALL_LETTERS = string.ascii_letters + " .,;'-"
CHAR_TO_IX = {c: i for i, c in enumerate(ALL_LETTERS)}


def unicode_to_ascii(s):
    return ''.join(c for c in unicodedata.normalize('NFD', s)
                   if unicodedata.category(c) != 'Mn' and c in ALL_LETTERS)


class NamesDataset(Dataset):
    def __init__(self, pattern):
        self.items = []
        self.languages = []
        for path in sorted(glob.glob(pattern)):
            lang = os.path.splitext(os.path.basename(path))[0]
            self.languages.append(lang)
            with open(path, encoding='utf-8') as f:
                lines = sorted({unicode_to_ascii(l.strip()) for l in f if l.strip()})
            self.items += [(name, len(self.languages) - 1) for name in lines if name]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def name_to_ids(name):
    return torch.tensor([CHAR_TO_IX[c] for c in name])  # <- unknown_word_raises


def collate(batch):
    names, langs = zip(*batch)
    longest = max(len(n) for n in names)
    x = torch.zeros(len(names), longest, len(ALL_LETTERS))
    for i, n in enumerate(names):
        # right-aligned, so the last position is always a letter
        x[i, longest - len(n):] = F.one_hot(name_to_ids(n), len(ALL_LETTERS)).float()
    return x, torch.tensor(langs)


class CharRNN(nn.Module):
    def __init__(self, n_letters, n_hidden, n_categories):
        super().__init__()
        self.rnn = nn.RNN(n_letters, n_hidden)
        self.h2o = nn.Linear(n_hidden, n_categories)

    def forward(self, x):
        # x: (batch, letters, one-hot)
        rnn_out, _ = self.rnn(x)  # <- batch_axis_read_as_time
        return self.h2o(rnn_out[:, -1])


def accuracy(model, loader):
    model.eval()
    good = n = 0
    with torch.no_grad():
        for x, y in loader:
            good += (model(x).argmax(-1) == y).sum().item()
            n += len(y)
    return good / n


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--data', default='data/names/*.txt')
    ap.add_argument('--hidden', type=int, default=128)
    ap.add_argument('--epochs', type=int, default=20)
    ap.add_argument('--lr', type=float, default=0.005)
    ap.add_argument('--batch', type=int, default=64)
    ap.add_argument('--name', default='')
    args = ap.parse_args()

    random.seed(0)
    torch.manual_seed(0)
    ds = NamesDataset(args.data)
    n_test = len(ds) // 10
    train_set, test_set = random_split(ds, [len(ds) - n_test, n_test])
    train_loader = DataLoader(train_set, args.batch, shuffle=True, collate_fn=collate)
    test_loader = DataLoader(test_set, args.batch, collate_fn=collate)

    model = CharRNN(len(ALL_LETTERS), args.hidden, len(ds.languages))
    opt = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)
    for epoch in range(1, args.epochs + 1):
        model.train()
        running = 0.0
        for x, y in train_loader:
            opt.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            opt.step()
            running += loss.item() * len(y)
        print(f'{epoch:3d}  loss {running / len(train_set):.4f}')
    print('test accuracy', accuracy(model, test_loader))

    if args.name:
        model.eval()
        with torch.no_grad():
            x, _ = collate([(args.name, 0)])
            scores = model(x)[0].softmax(0)
        for p, i in zip(*scores.topk(3)):
            print(f'({p:.2f}) {ds.languages[i]}')


if __name__ == '__main__':
    main()
