# Zuordnung von Support-Tickets zu Abteilungen
# tickets.csv mit Kopfzeile: betreff,text,abteilung
import csv
import random
import re
from collections import Counter

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence, pad_packed_sequence

random.seed(17)
torch.manual_seed(17)
geraet = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def zerlege(text):
    return re.findall(r"[a-zäöüß]+", text.lower())


def lies(pfad):
    zeilen = []
    with open(pfad, encoding="utf-8", newline="") as f:
        for z in csv.DictReader(f):
            woerter = zerlege(z["betreff"] + " " + z["text"])
            if woerter:
                zeilen.append((woerter, z["abteilung"]))
    random.shuffle(zeilen)
    return zeilen


alle = lies("tickets.csv")
n = len(alle)
lern, pruef, test = alle[: int(0.75 * n)], alle[int(0.75 * n): int(0.85 * n)], alle[int(0.85 * n):]
abteilungen = sorted({a for _, a in alle})

haeufig = Counter(w for ws, _ in lern for w in ws)
nummer = {"[PAD]": 0, "[UNK]": 1}
for w, k in haeufig.most_common(12000):
    nummer[w] = len(nummer)


def stapel(daten, groesse, mischen=False):
    daten = list(daten)
    if mischen:
        random.shuffle(daten)
    for i in range(0, len(daten), groesse):
        teil = daten[i: i + groesse]
        xs = [torch.tensor([nummer.get(w, 1) for w in ws]) for ws, _ in teil]
        laengen = torch.tensor([len(x) for x in xs])
        y = torch.tensor([abteilungen.index(a) for _, a in teil])
        yield pad_sequence(xs, batch_first=True).to(geraet), laengen, y.to(geraet)


class TicketGRU(nn.Module):
    def __init__(self, n_woerter, n_klassen):
        super().__init__()
        self.emb = nn.Embedding(n_woerter, 100, padding_idx=0)
        self.gru = nn.GRU(100, 80, batch_first=True)
        self.kopf = nn.Sequential(
            nn.Linear(80, 40),
            nn.Tanh(),
            nn.Dropout(0.3),
            nn.Linear(40, n_klassen),
            nn.Softmax(dim=1),  # <- softmax_before_cross_entropy
        )

    def forward(self, x, laengen):
        p = pack_padded_sequence(self.emb(x), laengen, batch_first=True, enforce_sorted=False)
        aus, _ = pad_packed_sequence(self.gru(p)[0], batch_first=True)
        letzte = aus[-1]  # <- last_review_read_as_last_step
        return self.kopf(letzte)


netz = TicketGRU(len(nummer), len(abteilungen)).to(geraet)
fehler = nn.CrossEntropyLoss()
opt = torch.optim.Adam(netz.parameters(), lr=1e-3)


def genauigkeit(daten):
    netz.eval()
    richtig = 0
    with torch.no_grad():
        for x, l, y in stapel(daten, 50):
            richtig += (netz(x, l).argmax(1) == y).sum().item()
    return richtig / len(daten)


for runde in range(8):
    netz.train()
    summe = 0.0
    for x, l, y in stapel(lern, 50, mischen=True):
        opt.zero_grad()
        f = fehler(netz(x, l), y)
        f.backward()
        opt.step()
        summe += f.item() * len(y)
    print(f"Runde {runde}: Fehler {summe / len(lern):.4f}, Prüfmenge {genauigkeit(pruef):.3f}")
print(f"Testmenge {genauigkeit(test):.3f}")
