"""Beleidigende Tweets erkennen (GermEval): mehrere GRU-Schichten mit Residualverbindung."""
import argparse
import csv
import random
import re
from collections import Counter

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader


def zerlege(text):
    text = re.sub(r'@\w+', '@user', text.lower())
    text = re.sub(r'https?://\S+', 'url', text)
    return re.findall(r'[@#]?\w+|[!?]+', text) or ['leer']


def lies(datei):
    # Tab-getrennt, keine Kopfzeile: Text, grobe Klasse, feine Klasse
    beispiele = []
    with open(datei, encoding='utf-8', newline='') as f:
        for zeile in csv.reader(f, delimiter='\t', quoting=csv.QUOTE_NONE):
            beispiele.append((zerlege(zeile[0]), 1 if zeile[1].strip() == 'OFFENSE' else 0))
    return beispiele


class TiefeGRU(nn.Module):
    def __init__(self, woerter, dim, schichten, dropout):
        super().__init__()
        self.embedding = nn.Embedding(woerter, dim, padding_idx=0)
        self.schichten = nn.ModuleList([nn.GRU(dim, dim // 2, batch_first=True, bidirectional=True) for _ in range(schichten)])
        self.dropout = nn.Dropout(dropout)
        self.kopf = nn.Linear(dim, 2)

    def forward(self, x, laengen):
        h = self.embedding(x)
        for gru in self.schichten:
            gepackt = pack_padded_sequence(self.dropout(h), laengen, batch_first=True, enforce_sorted=False)
            aus, zustand = gru(gepackt)
            aus, _ = pad_packed_sequence(aus, batch_first=True)
            h = h + aus
        ende = torch.cat([zustand[0], zustand[1]], dim=1)   # oberste Schicht, beide Richtungen
        return self.kopf(self.dropout(ende))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--train', default='germeval2018.training.txt')
    parser.add_argument('--test', default='germeval2018.test.txt')
    parser.add_argument('--schichten', type=int, default=3)
    parser.add_argument('--epochen', type=int, default=10)
    args = parser.parse_args()

    random.seed(5)
    torch.manual_seed(5)
    geraet = torch.device('cuda' if torch.cuda.is_available() else 'cpu')

    alle = lies(args.train)
    random.shuffle(alle)
    grenze = len(alle) * 9 // 10
    train, dev, test = alle[:grenze], alle[grenze:], lies(args.test)
    zaehler = Counter(w for t, _ in train for w in t)
    index = {'<pad>': 0, '<unk>': 1}
    index.update({w: i for i, w in enumerate(sorted(zaehler), start=2)})

    def stapel(batch):
        folgen = [torch.tensor([index.get(w, 1) for w in t]) for t, _ in batch]
        laengen = torch.tensor([len(f) for f in folgen])
        return pad_sequence(folgen, batch_first=True), laengen, torch.tensor([y for _, y in batch])

    lader = DataLoader(train, batch_size=32, shuffle=True, collate_fn=stapel)
    dev_lader = DataLoader(dev, batch_size=64, collate_fn=stapel)
    test_lader = DataLoader(test, batch_size=64, collate_fn=stapel)

    modell = TiefeGRU(len(index), 128, args.schichten, 0.3).to(geraet)
    haeufig = Counter(y for _, y in train)
    gewichte = torch.tensor([1.0, haeufig[0] / haeufig[1]], device=geraet)
    verlust_fn = nn.CrossEntropyLoss(weight=gewichte)
    optimierer = torch.optim.Adam(modell.parameters(), lr=1e-3)

    def makro_f1(dl):
        modell.eval()
        wahr, vorh = [], []
        with torch.no_grad():
            for x, n, y in dl:
                vorh += modell(x.to(geraet), n).argmax(1).tolist()
                wahr += y.tolist()
        werte = []
        for k in (0, 1):
            tp = sum(w == k and v == k for w, v in zip(wahr, vorh))
            nenner = sum(w == k for w in wahr) + sum(v == k for v in vorh)
            werte.append(2 * tp / nenner if nenner else 0.0)
        return sum(werte) / 2

    bestes = -1.0
    for epoche in range(1, args.epochen + 1):
        modell.train()
        for x, n, y in lader:
            optimierer.zero_grad()
            verlust = verlust_fn(modell(x.to(geraet), n), y.to(geraet))
            verlust.backward()
            optimierer.step()
        f1 = makro_f1(dev_lader)
        print(f'Epoche {epoche}: F1 (Makro) auf Dev {f1:.3f}')
        if f1 > bestes:
            bestes = f1
            torch.save({'gewichte': modell.state_dict(), 'index': index}, 'germeval.pt')
    modell.load_state_dict(torch.load('germeval.pt')['gewichte'])
    print(f'F1 (Makro) auf Test {makro_f1(test_lader):.3f}')


if __name__ == '__main__':
    main()
