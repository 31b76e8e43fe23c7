#!/usr/bin/env python3
# GermEval: beleidigende Tweets erkennen (OTHER / OFFENSE) mit einem LSTM
# Aufruf:  python german_tweets_offensive_lstm.py --epochen 10
import argparse
import re
import random

import torch
from torch import nn, optim
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

parser = argparse.ArgumentParser()
parser.add_argument('--train', default='daten/germeval2018.training.txt')
parser.add_argument('--test', default='daten/germeval2018.test.txt')
parser.add_argument('--epochen', type=int, default=8)
parser.add_argument('--batch', type=int, default=32)
parser.add_argument('--lr', type=float, default=0.001)
opts = parser.parse_args()

random.seed(100)
torch.manual_seed(100)
geraet = torch.device('cuda' if torch.cuda.is_available() else 'cpu')


def zerlege(tweet):
    tweet = tweet.replace('|LBR|', ' ')
    tweet = re.sub(r'@\w+', ' @nutzer ', tweet)
    return re.findall(r'@nutzer|\w+|[^\w\s]', tweet.lower()) or ['leer']


def lade(datei):
    beispiele = []
    with open(datei, encoding='utf-8') as f:
        for zeile in f:
            teile = zeile.rstrip('\n').split('\t')
            if len(teile) < 2:
                continue
            beispiele.append((zerlege(teile[0]), 1.0 if teile[1] == 'OFFENSE' else 0.0))
    return beispiele


alle = lade(opts.train)
random.shuffle(alle)
dev, train = alle[:len(alle) // 10], alle[len(alle) // 10:]
test = lade(opts.test)

woerter = {}
for toks, _ in train:
    for t in toks:
        woerter[t] = woerter.get(t, 0) + 1
index = {'<pad>': 0, '<unk>': 1}
index.update((w, i + 2) for i, w in enumerate(sorted(w for w in woerter if woerter[w] > 1)))


def batches(daten, mischen):
    reihenfolge = list(range(len(daten)))
    if mischen:
        random.shuffle(reihenfolge)
    for i in range(0, len(daten), opts.batch):
        teil = [daten[j] for j in reihenfolge[i:i + opts.batch]]
        ids = [torch.tensor([index.get(t, 1) for t in toks]) for toks, _ in teil]
        laengen = torch.tensor([len(x) for x in ids])
        yield pad_sequence(ids, batch_first=True).to(geraet), laengen, torch.tensor([y for _, y in teil]).to(geraet)


class OffenseLSTM(nn.Module):
    def __init__(self, n, e=100, h=100):
        super().__init__()
        self.emb = nn.Embedding(n, e, padding_idx=0)
        self.lstm = nn.LSTM(e, h, batch_first=True, bidirectional=True)
        self.drop = nn.Dropout(0.5)
        self.lin = nn.Linear(2 * h, 1)

    def forward(self, x, laengen):
        p = pack_padded_sequence(self.emb(x), laengen, batch_first=True, enforce_sorted=False)
        aus, _ = pad_packed_sequence(self.lstm(p)[0], batch_first=True)
        # Mittelwert ueber die echten Woerter
        mittel = aus.sum(1) / laengen.unsqueeze(1).to(aus.device)
        return self.lin(self.drop(mittel))


def f1(modell, daten):
    modell.eval()
    tp = fp = fn = 0
    with torch.no_grad():
        for x, l, y in batches(daten, False):
            v = modell(x, l).squeeze(-1) > 0
            g = y > 0.5
            tp += (v & g).sum().item()
            fp += (v & ~g).sum().item()
            fn += (~v & g).sum().item()
    return 2 * tp / max(1, 2 * tp + fp + fn)


modell = OffenseLSTM(len(index)).to(geraet)
anteil = sum(y for _, y in train) / len(train)
gewicht = torch.tensor([(1 - anteil) / max(anteil, 1e-6)])  # <- class_weights_not_used
verlust = nn.BCEWithLogitsLoss()
opt = optim.Adam(modell.parameters(), lr=opts.lr)

for epoche in range(opts.epochen):
    modell.train()
    summe = 0.0
    for x, l, y in batches(train, True):
        a = modell(x, l)
        z = verlust(a, y.unsqueeze(1))
        z.backward()  # <- gradients_not_zeroed
        opt.zero_grad()
        opt.step()
        summe += z.item() * len(y)
    print('Epoche %d  Verlust %.4f  F1 (dev) %.4f' % (epoche + 1, summe / len(train), f1(modell, dev)))

print('F1 (test) %.4f' % f1(modell, test))
torch.save({'gewichte': modell.state_dict(), 'index': index}, 'germeval.pt')
