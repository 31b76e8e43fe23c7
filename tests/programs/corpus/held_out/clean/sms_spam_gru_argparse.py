#!/usr/bin/env python3
"""SMS spam filter: GRU over words, own vocabulary, plain csv module."""
import argparse
import csv
import random
import re
from collections import Counter

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

TOKEN_RE = re.compile(r"[a-z0-9£$']+|[!?]")


def tokenize(text):
    return TOKEN_RE.findall(text.lower()) or ['<empty>']


class Vocab:
    PAD, UNK = 0, 1

    def __init__(self, min_freq=2):
        self.min_freq = min_freq
        self.itos = ['<pad>', '<unk>']
        self.stoi = {}

    def fit(self, token_lists):
        counts = Counter(t for tokens in token_lists for t in tokens)
        self.itos += [w for w, c in counts.most_common() if c >= self.min_freq]
        self.stoi = {w: i for i, w in enumerate(self.itos)}
        return self

    def encode(self, tokens):
        return [self.stoi.get(t, self.UNK) for t in tokens]

    def __len__(self):
        return len(self.itos)


class SmsDataset(Dataset):
    def __init__(self, rows, vocab):
        self.items = [(torch.tensor(vocab.encode(tokens)), label) for tokens, label in rows]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    seqs, labels = zip(*batch)
    lengths = torch.tensor([len(s) for s in seqs])
    padded = pad_sequence(list(seqs), batch_first=True, padding_value=Vocab.PAD)
    return padded, lengths, torch.tensor(labels, dtype=torch.float)


class SpamGRU(nn.Module):
    def __init__(self, n_words, emb, hidden):
        super().__init__()
        self.emb = nn.Embedding(n_words, emb, padding_idx=Vocab.PAD)
        self.gru = nn.GRU(emb, hidden, batch_first=True)
        self.drop = nn.Dropout(0.3)
        self.out = nn.Linear(hidden, 1)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.emb(x), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, h = self.gru(packed)
        return self.out(self.drop(h[-1])).squeeze(1)


def read_rows(path):
    """v1,v2 = label,text, with a header line."""
    rows = []
    with open(path, encoding='latin-1', newline='') as f:
        reader = csv.reader(f)
        next(reader)
        seen = set()
        for row in reader:
            if row[1] in seen:      # the collection has many repeated messages
                continue
            seen.add(row[1])
            rows.append((tokenize(row[1]), 1 if row[0] == 'spam' else 0))
    return rows


@torch.no_grad()
def evaluate(model, loader, device):
    model.eval()
    tp = fp = fn = right = n = 0
    for x, lengths, y in loader:
        pred = (model(x.to(device), lengths) > 0).float().cpu()
        tp += ((pred == 1) & (y == 1)).sum().item()
        fp += ((pred == 1) & (y == 0)).sum().item()
        fn += ((pred == 0) & (y == 1)).sum().item()
        right += (pred == y).sum().item()
        n += len(y)
    return right / n, 2 * tp / max(1, 2 * tp + fp + fn)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--data', default='spam.csv')
    ap.add_argument('--epochs', type=int, default=8)
    ap.add_argument('--batch-size', type=int, default=32)
    ap.add_argument('--hidden', type=int, default=96)
    ap.add_argument('--lr', type=float, default=2e-3)
    ap.add_argument('--seed', type=int, default=0)
    args = ap.parse_args()

    random.seed(args.seed)
    torch.manual_seed(args.seed)
    device = 'cuda' if torch.cuda.is_available() else 'cpu'

    rows = read_rows(args.data)
    random.shuffle(rows)
    cut = int(0.8 * len(rows))
    train_rows, test_rows = rows[:cut], rows[cut:]
    vocab = Vocab().fit(t for t, _ in train_rows)
    train_loader = DataLoader(SmsDataset(train_rows, vocab), args.batch_size, shuffle=True, collate_fn=collate)
    test_loader = DataLoader(SmsDataset(test_rows, vocab), args.batch_size, collate_fn=collate)

    n_spam = sum(label for _, label in train_rows)
    pos_weight = torch.tensor([(len(train_rows) - n_spam) / max(1, n_spam)], device=device)
    model = SpamGRU(len(vocab), 64, args.hidden).to(device)
    loss_fn = nn.BCEWithLogitsLoss(pos_weight=pos_weight)
    opt = torch.optim.Adam(model.parameters(), lr=args.lr)

    for epoch in range(args.epochs):
        model.train()
        running = 0.0
        for x, lengths, y in train_loader:
            opt.zero_grad()
            loss = loss_fn(model(x.to(device), lengths), y.to(device))
            loss.backward()
            opt.step()
            running += loss.item() * len(y)
        print(f'epoch {epoch}: loss {running / len(train_rows):.4f}')

    acc, f1 = evaluate(model, test_loader, device)
    print(f'test accuracy {acc:.4f}, F1 of spam {f1:.4f}')
    torch.save({'weights': model.state_dict(), 'itos': vocab.itos, 'hidden': args.hidden}, 'spam_gru.pt')


if __name__ == '__main__':
    main()
