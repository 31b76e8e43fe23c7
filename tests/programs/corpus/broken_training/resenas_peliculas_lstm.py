"""Clasificador de reseñas de cine en español (carpetas de txt: datos/positivas, datos/negativas)."""
import os
import random
import unicodedata

import torch
from torch import nn
from torch.utils.data import DataLoader

CARPETA = "datos"
TAM_LOTE = 16
EPOCAS = 15
PACIENCIA = 3
DISPOSITIVO = torch.device("cuda" if torch.cuda.is_available() else "cpu")
random.seed(99)
torch.manual_seed(99)


def quitar_tildes(s):
    return "".join(c for c in unicodedata.normalize("NFD", s) if unicodedata.category(c) != "Mn")


def tokenizar(texto):
    limpio = "".join(c if c.isalnum() else " " for c in quitar_tildes(texto.lower()))
    return limpio.split()


def cargar():
    ejemplos = []
    for etiqueta, nombre in enumerate(["negativas", "positivas"]):
        ruta = os.path.join(CARPETA, nombre)
        for archivo in sorted(os.listdir(ruta)):
            with open(os.path.join(ruta, archivo), encoding="utf-8") as f:
                palabras = tokenizar(f.read())
            if palabras:
                ejemplos.append((palabras, etiqueta))
    random.shuffle(ejemplos)
    return ejemplos


ejemplos = cargar()
a, b = int(0.7 * len(ejemplos)), int(0.85 * len(ejemplos))
entrenamiento, validacion, prueba = ejemplos[:a], ejemplos[a:b], ejemplos[b:]

indice = {"<relleno>": 0, "<desconocida>": 1}
for palabras, _ in entrenamiento:
    for p in palabras:
        indice.setdefault(p, len(indice))


def juntar(lote):
    largos = torch.tensor([len(p) for p, _ in lote])
    x = torch.zeros(len(lote), int(largos.max()), dtype=torch.long)
    for i, (palabras, _) in enumerate(lote):
        x[i, : len(palabras)] = torch.tensor([indice.get(p, 1) for p in palabras])
    return x, largos, torch.tensor([e for _, e in lote])


class Clasificador(nn.Module):
    def __init__(self, n_palabras, emb=80, oculto=80, capas=2):
        super().__init__()
        self.emb = nn.Embedding(n_palabras, emb, padding_idx=0)
        self.lstm = nn.LSTM(emb, oculto, capas, batch_first=True, bidirectional=True, dropout=0.4)
        self.drop = nn.Dropout(0.5)
        self.lineal = nn.Linear(2 * oculto, 2)

    def forward(self, x, largos):
        x = nn.utils.rnn.pack_padded_sequence(self.emb(x), largos, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(x)
        h = torch.cat((h[-2], h[-1]), dim=-1)
        return self.lineal(self.drop(h))


def medir(modelo, lotes):
    modelo.eval()
    bien, total, perdida = 0, 0, 0.0
    with torch.no_grad():
        for x, largos, y in lotes:
            x, y = x.to(DISPOSITIVO), y.to(DISPOSITIVO)
            s = modelo(x, largos)
            perdida += nn.functional.cross_entropy(s, y, reduction="sum").item()
            bien += (s.argmax(1) == y).sum().item()
            total += y.numel()
    return perdida / total, bien / total


lotes_e = DataLoader(entrenamiento, TAM_LOTE, shuffle=True, collate_fn=juntar)
lotes_v = DataLoader(validacion, TAM_LOTE, collate_fn=juntar)
lotes_p = DataLoader(prueba, TAM_LOTE, collate_fn=juntar)

modelo = Clasificador(len(indice)).to(DISPOSITIVO)
opt = torch.optim.Adam(modelo.parameters(), lr=1e-3)
mejor_perdida = float("inf")
mejor_modelo = None
sin_mejora = 0

for epoca in range(1, EPOCAS + 1):
    modelo.train()
    for x, largos, y in lotes_e:
        x, y = x.to(DISPOSITIVO), y.to(DISPOSITIVO)
        perdida = nn.functional.cross_entropy(modelo(x, largos), y)
        opt.zero_grad()
        perdida.backward()
        opt.step()
    pv, ev = medir(modelo, lotes_v)
    print(f"Época {epoca}: pérdida de entrenamiento {perdida.item():.4f}, validación {pv:.4f}, exactitud {ev:.3f}")  # <- last_batch_reported_for_the_epoch
    if pv < mejor_perdida:
        mejor_perdida, sin_mejora = pv, 0
        mejor_modelo = modelo  # <- best_weights_are_an_alias
    else:
        sin_mejora += 1
        if sin_mejora >= PACIENCIA:
            print("Parada temprana")
            break

print("Prueba: pérdida %.4f exactitud %.3f" % medir(mejor_modelo, lotes_p))
torch.save({"pesos": mejor_modelo.state_dict(), "indice": indice}, "clasificador_resenas.pt")
