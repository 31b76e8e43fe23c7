# Comentarios de estudiantes: positivo / negativo / neutral
import re
import pandas as pd
import torch
import torch.nn as nn
from collections import Counter
from torch.utils.data import Dataset, DataLoader, random_split
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence, pad_packed_sequence

torch.manual_seed(2023)
CLASES = ['negativo', 'neutral', 'positivo']

datos = pd.read_csv('datos/comentarios.csv').dropna().drop_duplicates('comentario')
datos['palabras'] = datos['comentario'].str.lower().apply(lambda s: re.findall(r'[a-záéíóúñü]+', s))
datos = datos[datos['palabras'].apply(len) > 0]
ejemplos = list(zip(datos['palabras'], datos['clase'].map(CLASES.index)))

n = len(ejemplos)
n_entrena, n_valida = int(0.7 * n), int(0.1 * n)
n_prueba = n - n_entrena - n_valida
entrena, prueba, valida = random_split(ejemplos, [n_entrena, n_valida, n_prueba])  # <- three_way_split_read_in_the_wrong_order

conteo = Counter(p for palabras, _ in entrena for p in palabras)
vocabulario = {'<pad>': 0, '<unk>': 1}
for p, c in conteo.most_common():
    vocabulario[p] = len(vocabulario)


def juntar(lote):
    xs = [torch.tensor([vocabulario.get(p, 1) for p in palabras]) for palabras, _ in lote]
    ys = torch.tensor([y for _, y in lote])
    return pad_sequence(xs, batch_first=True), torch.tensor([len(x) for x in xs]), ys


class ModeloLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(len(vocabulario), 100, padding_idx=0)
        self.lstm = nn.LSTM(100, 64, batch_first=True)
        self.salida = nn.Linear(64, 3)

    def forward(self, x, largos):
        paquete = pack_padded_sequence(self.emb(x), largos, batch_first=True, enforce_sorted=False)
        y, _ = self.lstm(paquete)
        y, _ = pad_packed_sequence(y)  # <- unpacked_with_the_other_batch_first
        ultimo = y[torch.arange(x.size(0)), largos - 1]
        return self.salida(ultimo)


cargador = DataLoader(entrena, batch_size=16, shuffle=True, collate_fn=juntar)
cargador_valida = DataLoader(valida, batch_size=16, collate_fn=juntar)
cargador_prueba = DataLoader(prueba, batch_size=16, collate_fn=juntar)
modelo = ModeloLSTM()
perdida = nn.CrossEntropyLoss()
optimizador = torch.optim.Adam(modelo.parameters(), lr=0.001)


def exactitud(c):
    modelo.eval()
    bien = 0
    with torch.no_grad():
        for x, largos, y in c:
            bien += (modelo(x, largos).argmax(1) == y).sum().item()
    return bien / len(c.dataset)


for epoca in range(12):
    modelo.train()
    suma = 0.0
    for x, largos, y in cargador:
        optimizador.zero_grad()
        l = perdida(modelo(x, largos), y)
        l.backward()
        optimizador.step()
        suma += l.item() * len(y)
    print(f'época {epoca}: pérdida {suma / len(entrena):.4f}, validación {exactitud(cargador_valida):.4f}')
print(f'prueba: {exactitud(cargador_prueba):.4f}')
