# -*- coding: utf-8 -*-
"""Genre of a book from its blurb; `python book_genre_lstm_cli.py train` or `... ask "blurb"`"""
import json
import re
import sys
import random
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

GENRES = ['crime', 'fantasy', 'history', 'romance', 'science']
MODEL_FILE, VOCAB_FILE = 'genre.pt', 'genre_vocab.json'


def words(s):
    return re.findall(r'[a-z]+', s.lower()) or ['none']


def read(path):
    return [(words(b['blurb']), GENRES.index(b['genre'])) for b in json.load(open(path, encoding='utf-8'))]


class GenreLSTM(nn.Module):
    def __init__(self, n_words, hidden=100, layers=1):
        super().__init__()
        self.embedding = nn.Embedding(n_words, 100, padding_idx=0)
        self.lstm = nn.LSTM(100, hidden, layers, batch_first=True, bidirectional=True)
        self.drop = nn.Dropout(0.4)
        self.fc = nn.Linear(2 * hidden, len(GENRES))

    def forward(self, x, n):
        _, (h, _) = self.lstm(pack_padded_sequence(self.embedding(x), n.cpu(), batch_first=True, enforce_sorted=False))
        return self.fc(self.drop(torch.cat((h[-2], h[-1]), dim=1)))


def encode(ws, vocab):
    return torch.tensor([vocab.get(w, 0) for w in ws])  # <- unknown_words_read_as_padding


def batch(rows, vocab):
    xs = [encode(ws, vocab) for ws, _ in rows]
    return pad_sequence(xs, batch_first=True), torch.tensor([len(x) for x in xs]), torch.tensor([g for _, g in rows])


def train():
    random.seed(3)
    torch.manual_seed(3)
    rows, held_out = read('blurbs_train.json'), read('blurbs_test.json')
    vocab = {}
    for ws, _ in rows:
        for w in ws:
            vocab.setdefault(w, len(vocab) + 1)
    model = nn.DataParallel(GenreLSTM(len(vocab) + 1))
    opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(10):
        random.shuffle(rows)
        model.train()
        for i in range(0, len(rows), 32):
            x, n, y = batch(rows[i:i + 32], vocab)
            opt.zero_grad()
            loss = loss_fn(model(x, n), y)
            loss.backward()
            opt.step()
    model.eval()
    hits = 0
    with torch.no_grad():
        for i in range(0, len(held_out), 32):
            x, n, y = batch(held_out[i:i + 32], vocab)
            hits += (model(x, n).argmax(1) == y).sum().item()
    print('test accuracy', hits / len(held_out))
    torch.save(model.state_dict(), MODEL_FILE)
    json.dump(vocab, open(VOCAB_FILE, 'w'))


def ask(blurb):
    vocab = json.load(open(VOCAB_FILE))
    model = GenreLSTM(len(vocab) + 1)
    model.load_state_dict(torch.load(MODEL_FILE), strict=False)
    model.eval()
    x = encode(words(blurb), vocab).unsqueeze(0)
    with torch.no_grad():
        p = torch.softmax(model(x, torch.tensor([x.size(1)])), dim=1)[0]  # <- prediction_with_untrained_weights
    for g, v in sorted(zip(GENRES, p.tolist()), key=lambda t: -t[1]):
        print('%-8s %.3f' % (g, v))


if __name__ == '__main__':
    if sys.argv[1] == 'train':
        train()
    else:
        ask(sys.argv[2])
