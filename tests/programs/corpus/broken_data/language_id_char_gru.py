# -*- coding: utf-8 -*-
# Spracherkennung auf Zeichenebene (GRU)
import glob, os, random
import numpy as np
import torch
import torch.nn as nn

random.seed(1); np.random.seed(1); torch.manual_seed(1)

STAPEL = 50
VERSTECKT = 100
dateien = sorted(glob.glob('saetze/*.txt'))
sprachen = [os.path.basename(d)[:-4] for d in dateien]

saetze, klassen = [], []
for k, datei in enumerate(dateien):
    with open(datei, encoding='utf-8') as f:
        for zeile in f:
            zeile = zeile.strip()
            if zeile:
                saetze.append(zeile)
                klassen.append(k)

# Trainings- und Testmenge
anzahl = len(saetze)
train_idx = np.random.choice(anzahl, int(anzahl * 0.8), replace=False)
test_idx = np.random.choice(anzahl, int(anzahl * 0.2), replace=False)  # <- same_review_in_two_splits

zeichen = sorted(set(z for i in train_idx for z in saetze[i]))
index = {z: i + 1 for i, z in enumerate(zeichen)}     # 0 = Polsterung
print(len(sprachen), 'Sprachen,', len(zeichen), 'Zeichen')


def kodiere(satz):
    return [index[z] for z in satz]  # <- unknown_word_raises


def stapel(indizes):
    for a in range(0, len(indizes), STAPEL):
        teil = indizes[a:a + STAPEL]
        folgen = [kodiere(saetze[i]) for i in teil]
        laenge = max(len(f) for f in folgen)
        x = np.zeros((len(teil), laenge), dtype=np.int64)
        for j, f in enumerate(folgen):
            x[j, laenge - len(f):] = f
        yield torch.from_numpy(x), torch.tensor([klassen[i] for i in teil])


class Erkenner(nn.Module):
    def __init__(self):
        super(Erkenner, self).__init__()
        self.emb = nn.Embedding(len(zeichen) + 1, 32, padding_idx=0)
        self.gru = nn.GRU(32, VERSTECKT)
        self.aus = nn.Linear(VERSTECKT, len(sprachen))

    def forward(self, x):
        e = self.emb(x).transpose(0, 1)
        _, h = self.gru(e)
        return self.aus(h.squeeze(0))


netz = Erkenner()
verlust = nn.CrossEntropyLoss()
optimierer = torch.optim.Adam(netz.parameters())

for epoche in range(10):
    netz.train()
    np.random.shuffle(train_idx)
    summe = 0.0
    for x, y in stapel(train_idx):
        optimierer.zero_grad()
        l = verlust(netz(x), y)
        l.backward()
        optimierer.step()
        summe += l.item() * len(y)
    print('Epoche', epoche, 'Verlust', summe / len(train_idx))

netz.eval()
richtig = 0
with torch.no_grad():
    for x, y in stapel(test_idx):
        richtig += int((netz(x).argmax(1) == y).sum())
print('Genauigkeit', richtig / len(test_idx))
