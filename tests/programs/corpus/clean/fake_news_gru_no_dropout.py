# -*- coding: utf-8 -*-
# Noticias falsas / verdaderas. Modelo pequeño sin dropout ni batch norm.
import pandas as pd
import numpy as np
import torch
from torch import nn, optim
from collections import Counter
import unicodedata

semilla = 2021
torch.manual_seed(semilla)
rng = np.random.RandomState(semilla)

def normalizar(texto):
    texto = unicodedata.normalize('NFKD', str(texto).lower())
    texto = ''.join(c if c.isalnum() else ' ' for c in texto if not unicodedata.combining(c))
    return texto.split()

# dos archivos, uno por clase -> se juntan y se barajan
falsas = pd.read_csv('noticias/falsas.csv', sep=';')
verdaderas = pd.read_csv('noticias/verdaderas.csv', sep=';')
falsas['etiqueta'] = 0
verdaderas['etiqueta'] = 1
datos = pd.concat([falsas, verdaderas], ignore_index=True).drop_duplicates(subset='titulo')
datos['tokens'] = datos['titulo'].apply(normalizar)
datos = datos[datos['tokens'].str.len() > 0].reset_index(drop=True)
orden = rng.permutation(len(datos))
corte = int(len(datos) * 0.85)
entrenamiento = datos.iloc[orden[:corte]]
prueba = datos.iloc[orden[corte:]]
print(len(entrenamiento), len(prueba), entrenamiento['etiqueta'].mean())

contador = Counter()
for t in entrenamiento['tokens']:
    contador.update(t)
vocabulario = {'<rell>': 0, '<desc>': 1}
for palabra, veces in contador.items():
    if veces >= 2:
        vocabulario[palabra] = len(vocabulario)

def codificar(marco):
    xs = [[vocabulario.get(p, 1) for p in t] for t in marco['tokens']]
    return xs, marco['etiqueta'].tolist()

def lotes(xs, ys, tam, barajar=False):
    idx = rng.permutation(len(xs)) if barajar else np.arange(len(xs))
    for i in range(0, len(idx), tam):
        sel = idx[i:i + tam]
        largos = torch.tensor([len(xs[j]) for j in sel])
        x = torch.zeros(len(sel), int(largos.max()), dtype=torch.long)
        for k, j in enumerate(sel):
            x[k, :len(xs[j])] = torch.tensor(xs[j])
        yield x, largos, torch.tensor([ys[j] for j in sel], dtype=torch.float32).unsqueeze(1)

class Clasificador(nn.Module):
    def __init__(self, n_palabras, dim=50, oculto=50):
        super().__init__()
        self.emb = nn.Embedding(n_palabras, dim, padding_idx=0)
        self.gru = nn.GRU(dim, oculto, batch_first=True)
        self.salida = nn.Linear(oculto, 1)

    def forward(self, x, largos):
        todas, _ = self.gru(self.emb(x))
        ultimo = todas[torch.arange(x.size(0)), largos - 1]
        return torch.sigmoid(self.salida(ultimo))

modelo = Clasificador(len(vocabulario))
perdida = nn.BCELoss()
opt = optim.Adam(modelo.parameters(), lr=0.002)
xe, ye = codificar(entrenamiento)
xp, yp = codificar(prueba)

for epoca in range(1, 8):
    acumulada = 0.0
    for x, largos, y in lotes(xe, ye, 64, barajar=True):
        opt.zero_grad()
        prob = modelo(x, largos)
        l = perdida(prob, y)          # los dos [lote, 1]
        l.backward()
        opt.step()
        acumulada += l.item() * x.size(0)
    print('época %d  pérdida %.4f' % (epoca, acumulada / len(xe)))

aciertos = 0
with torch.no_grad():
    for x, largos, y in lotes(xp, yp, 256):  # <- evaluated_in_training_mode
        aciertos += ((modelo(x, largos) > 0.5).float() == y).sum().item()
print('exactitud en prueba: %d de %d (%.2f%%)' % (aciertos, len(xp), 100 * aciertos / len(xp)))

def predecir(titulo):
    ids = [vocabulario.get(p, 1) for p in normalizar(titulo)]
    with torch.no_grad():
        p = modelo(torch.tensor([ids]), torch.tensor([len(ids)])).item()  # <- evaluated_in_training_mode
    return 'verdadera' if p > 0.5 else 'falsa', p

print(predecir('El gobierno anuncia nuevas medidas contra el paro'))
print(predecir('Descubren que los extraterrestres viven en el metro'))
