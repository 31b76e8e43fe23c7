import os
import re
import glob
import random
import argparse
import torch
from torch import nn, optim


class Corpus:
    """data/<genre>/<film>.txt; the films of test.lst are held out"""
    def __init__(self, root):
        held_out = set(open(os.path.join(root, 'test.lst')).read().split())
        self.genres = sorted(d for d in os.listdir(root) if os.path.isdir(os.path.join(root, d)))
        self.train, self.test = [], []
        for g, genre in enumerate(self.genres):
            for f in sorted(glob.glob(os.path.join(root, genre, '*.txt'))):
                words = re.findall(r"[a-z']+", open(f, encoding='utf-8', errors='ignore').read().lower())
                target = self.test if os.path.basename(f) in held_out else self.train
                for i in range(0, len(words), 400):
                    target.append((words[i:i + 400], g))
        self.stoi = {'<pad>': 0, '<unk>': 1}
        for words, _ in self.train:
            for w in words:
                self.stoi.setdefault(w, len(self.stoi))

    def batches(self, part, size):
        for i in range(0, len(part), size):
            rows = part[i:i + size]
            n = torch.tensor([len(w) for w, _ in rows])
            x = torch.zeros(len(rows), int(n.max()), dtype=torch.long)
            for r, (ws, _) in enumerate(rows):
                x[r, :len(ws)] = torch.tensor([self.stoi.get(w, 1) for w in ws])
            yield x, n, torch.tensor([g for _, g in rows])


class GenreGRU(nn.Module):
    def __init__(self, n_words, n_genres):
        super().__init__()
        self.embed = nn.Embedding(n_words, 100, padding_idx=0)
        self.gru = nn.GRU(100, 128, batch_first=True)
        self.fc = nn.Linear(128, n_genres)

    def forward(self, x, n):
        _, h = self.gru(nn.utils.rnn.pack_padded_sequence(self.embed(x), n, batch_first=True, enforce_sorted=False))
        return self.fc(h[-1])


def train_epoch(model, corpus, optimizer, criterion):
    model.train()
    random.shuffle(corpus.train)
    loss_sum = 0.
    optimizer.zero_grad()
    for x, n, y in corpus.batches(corpus.train, 32):
        loss = criterion(model(x, n), y)
        loss.backward()  # <- gradients_not_zeroed
        optimizer.step()
        loss_sum += loss.item() * len(y)
    return loss_sum / len(corpus.train)


def test(model, corpus):
    model.eval()
    right = 0
    with torch.no_grad():
        for x, n, y in corpus.batches(corpus.test, 64):
            right += (model(x, n).argmax(1) == y).sum().item()
    return right / len(corpus.test)


if __name__ == '__main__':
    ap = argparse.ArgumentParser()
    ap.add_argument('root')
    ap.add_argument('--epochs', type=int, default=8)
    a = ap.parse_args()
    random.seed(13)
    torch.manual_seed(13)
    corpus = Corpus(a.root)
    model = GenreGRU(len(corpus.stoi), len(corpus.genres))
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(a.epochs):
        print(epoch, train_epoch(model, corpus, optimizer, criterion))
    print('test accuracy', test(model, corpus))
