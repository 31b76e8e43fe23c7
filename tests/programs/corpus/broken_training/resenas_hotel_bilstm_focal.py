"""Reseñas de hoteles en español: positiva o negativa.  BiLSTM con max-pooling enmascarado."""
import json
import re
import random
from pathlib import Path

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

RUTA = Path("datos")
SEMILLA = 2019
random.seed(SEMILLA)
torch.manual_seed(SEMILLA)
dispositivo = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def limpiar(texto):
    texto = texto.lower()
    texto = re.sub(r"[^a-záéíóúüñ¿?¡!]+", " ", texto)
    return texto.split() or ["vacío"]


def leer(nombre):
    with open(RUTA / nombre, encoding="utf8") as f:
        return [(limpiar(d["texto"]), 1.0 if d["nota"] >= 6 else 0.0) for d in map(json.loads, f)]


class Vocabulario:
    PAD, DESC = 0, 1

    def __init__(self, ejemplos, minimo=3):
        frec = {}
        for palabras, _ in ejemplos:
            for p in palabras:
                frec[p] = frec.get(p, 0) + 1
        self.lista = ["<pad>", "<desc>"] + sorted(p for p, n in frec.items() if n >= minimo)
        self.indice = {p: i for i, p in enumerate(self.lista)}

    def __len__(self):
        return len(self.lista)

    def codificar(self, palabras):
        return [self.indice.get(p, self.DESC) for p in palabras]


class Resenas(Dataset):
    def __init__(self, ejemplos, vocab):
        self.x = [vocab.codificar(p) for p, _ in ejemplos]
        self.y = [e for _, e in ejemplos]

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


def juntar(lote):
    largo = max(len(x) for x, _ in lote)
    x = torch.tensor([ids + [Vocabulario.PAD] * (largo - len(ids)) for ids, _ in lote])
    return x, torch.tensor([y for _, y in lote])


class BiLSTMMax(nn.Module):
    def __init__(self, n_palabras, d=100, h=100):
        super().__init__()
        self.emb = nn.Embedding(n_palabras, d, padding_idx=Vocabulario.PAD)
        self.lstm = nn.LSTM(d, h, bidirectional=True, batch_first=True)
        self.salida = nn.Sequential(nn.Linear(2 * h, h), nn.ReLU(), nn.Dropout(0.5), nn.Linear(h, 1))

    def forward(self, x):
        s, _ = self.lstm(self.emb(x))
        relleno = (x == Vocabulario.PAD).unsqueeze(2)
        s = s.masked_fill(relleno, -1e9).max(dim=1).values
        return self.salida(s)


def perdida_focal(logitos, y, gamma=2.0):
    p = torch.sigmoid(logitos)
    pt = y * p + (1 - y) * (1 - p)
    return (-(1 - pt) ** gamma * torch.log(pt.clamp_min(1e-7))).mean()


def exactitud(modelo, cargador):
    modelo.eval()
    aciertos = total = 0
    with torch.no_grad():
        for x, y in cargador:
            pred = (modelo(x.to(dispositivo)).squeeze(1) > 0).float().cpu()
            aciertos += (pred == y).sum().item()
            total += len(y)
    return aciertos / total


entreno = leer("entreno.jsonl")
prueba = leer("prueba.jsonl")
random.shuffle(entreno)
corte = int(len(entreno) * 0.9)
entreno, desarrollo = entreno[:corte], entreno[corte:]
vocab = Vocabulario(entreno)
c_entreno = DataLoader(Resenas(entreno, vocab), 32, shuffle=True, collate_fn=juntar)
c_desarrollo = DataLoader(Resenas(desarrollo, vocab), 64, collate_fn=juntar)
c_prueba = DataLoader(Resenas(prueba, vocab), 64, collate_fn=juntar)

modelo = BiLSTMMax(len(vocab)).to(dispositivo)
opt = torch.optim.Adam(modelo.parameters(), 1e-3)
mejor = 0.0
for epoca in range(8):
    modelo.train()
    suma = 0.0
    for x, y in c_entreno:
        opt.zero_grad()
        perdida = perdida_focal(modelo(x.to(dispositivo)), y.to(dispositivo))  # <- scores_and_labels_broadcast
        perdida.backward()
        opt.step()
        suma += perdida.item() * len(y)
    ex = exactitud(modelo, c_desarrollo)
    print(f"época {epoca}: pérdida {suma / len(entreno):.4f}, desarrollo {ex:.4f}")
    if ex > mejor:
        mejor = ex
        torch.save({"pesos": modelo.state_dict(), "lista": vocab.lista}, "mejor_modelo.pt")

print(f"mejor exactitud en desarrollo: {mejor:.4f}")
print(f"exactitud en prueba: {exactitud(modelo, c_prueba):.4f}")  # <- best_weights_never_loaded
