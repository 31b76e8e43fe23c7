#!/usr/bin/env python3
"""Sentiment140: 1.6 million tweets, polarity 0 or 4 in the first column (no header)."""
import os
import re
import time
import argparse
import pandas as pd
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence
from torch.utils.data import DataLoader, Dataset

COLUMNS = ['polarity', 'id', 'date', 'query', 'user', 'text']


def get_args():
    parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument('--data', default='data/training.1600000.processed.noemoticon.csv')
    parser.add_argument('--vocab-size', default=50000, type=int)
    parser.add_argument('--batch-size', default=256, type=int)
    parser.add_argument('--hidden', default=128, type=int)
    parser.add_argument('--epochs', default=2, type=int)
    parser.add_argument('--gpu', action='store_true')
    return parser.parse_args()


def normalize(text):
    text = re.sub(r'https?://\S+|www\.\S+', 'URL', text)
    text = re.sub(r'@\w+', 'USER', text)
    text = re.sub(r'(.)\1{2,}', r'\1\1', text)
    return text.lower().split() or ['empty']


class TweetData(Dataset):
    def __init__(self, tokens, labels, word_to_ix):
        self.tokens, self.labels, self.word_to_ix = tokens, labels, word_to_ix

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return torch.tensor([self.word_to_ix.get(t, 1) for t in self.tokens[i]]), self.labels[i]


def collate(batch):
    seqs = [s for s, _ in batch]
    return pad_sequence(seqs, batch_first=True), torch.tensor([len(s) for s in seqs]), torch.tensor([l for _, l in batch])


class BiLSTM(nn.Module):
    def __init__(self, n_words, hidden):
        super().__init__()
        self.embedding = nn.Embedding(n_words, 100, padding_idx=0)
        self.lstm = nn.LSTM(100, hidden, batch_first=True, bidirectional=True)
        self.hidden2tag = nn.Linear(hidden * 2, 2)
        self.log_softmax = nn.LogSoftmax(dim=1)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.embedding(x), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.log_softmax(self.hidden2tag(torch.cat([h[0], h[1]], 1)))  # <- log_softmax_before_cross_entropy


def main():
    args = get_args()
    torch.manual_seed(80)
    device = torch.device('cuda' if args.gpu and torch.cuda.is_available() else 'cpu')
    df = pd.read_csv(args.data, encoding='latin-1', header=None, names=COLUMNS)
    df = df.drop_duplicates('text').sample(frac=1.0, random_state=80)
    tokens = [normalize(t) for t in df['text']]
    labels = (df['polarity'] == 4).astype(int).tolist()
    a, b = int(len(df) * 0.9), int(len(df) * 0.95)

    freq = {}
    for t in tokens[:a]:
        for w in t:
            freq[w] = freq.get(w, 0) + 1
    kept = sorted(freq, key=lambda w: (-freq[w], w))[:args.vocab_size]
    word_to_ix = {w: i + 2 for i, w in enumerate(kept)}

    train_dl = DataLoader(TweetData(tokens[:a], labels[:a], word_to_ix), args.batch_size, shuffle=True, collate_fn=collate)
    valid_dl = DataLoader(TweetData(tokens[a:b], labels[a:b], word_to_ix), args.batch_size, collate_fn=collate)
    test_dl = DataLoader(TweetData(tokens[b:], labels[b:], word_to_ix), args.batch_size, collate_fn=collate)

    model = BiLSTM(len(kept) + 2, args.hidden).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss_function = nn.CrossEntropyLoss()

    def evaluate(dl):
        model.eval()
        with torch.no_grad():
            correct = sum((model(x.to(device), n).argmax(1) == y.to(device)).sum().item() for x, n, y in dl)
        return correct / len(dl.dataset)

    for epoch in range(args.epochs):
        model.train()
        start, losses = time.time(), []
        for i, (x, n, y) in enumerate(train_dl):
            model.zero_grad()
            loss = loss_function(model(x.to(device), n), y.to(device))
            loss.backward()
            optimizer.step()
            losses.append(loss)  # <- loss_summed_with_its_graph
            if i % 500 == 499:
                recent = torch.stack(losses[-500:]).mean().item()
                print('  %5d batches, mean of the last 500 losses %.4f, %.0f s' % (i + 1, recent, time.time() - start))
        print('epoch %d: valid accuracy %.4f' % (epoch, evaluate(valid_dl)))

    print('test accuracy: %.4f' % evaluate(test_dl))
    os.makedirs('models', exist_ok=True)
    torch.save({'word_to_ix': word_to_ix, 'state': model.state_dict(), 'hidden': args.hidden}, 'models/sentiment140.pt')


if __name__ == '__main__':
    main()
