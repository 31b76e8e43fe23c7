# Clasificación de opiniones de productos en español (5 estrellas -> negativa / neutra / positiva)
# Un JSON por línea: {"review_body": ..., "stars": ...}
import json
import re
import unicodedata
from collections import Counter

import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import Dataset, DataLoader

torch.manual_seed(33)
DISPOSITIVO = torch.device("cuda" if torch.cuda.is_available() else "cpu")
CLASES = ["negativa", "neutra", "positiva"]


def normalizar(texto):
    texto = unicodedata.normalize("NFC", texto.lower())
    return re.findall(r"[a-záéíóúüñ]+|[¡!¿?]", texto)


def a_clase(estrellas):
    if estrellas <= 2:
        return 0
    return 1 if estrellas == 3 else 2


def leer(ruta):
    datos = []
    with open(ruta, encoding="utf-8") as f:
        for linea in f:
            d = json.loads(linea)
            palabras = normalizar(d["review_body"])
            if palabras:
                datos.append((palabras, a_clase(int(d["stars"]))))
    return datos


entrenamiento = leer("datos/amazon_es_train.json")
validacion = leer("datos/amazon_es_dev.json")
prueba = leer("datos/amazon_es_test.json")

frecuencias = Counter(p for palabras, _ in entrenamiento for p in palabras)
RELLENO, DESCONOCIDA = "<relleno>", "<desconocida>"
vocabulario = [RELLENO, DESCONOCIDA] + [p for p, n in frecuencias.most_common(25000) if n > 1]
indice = {p: i for i, p in enumerate(vocabulario)}


class Opiniones(Dataset):
    def __init__(self, datos):
        self.datos = [(torch.tensor([indice.get(p, indice[DESCONOCIDA]) for p in palabras]), c) for palabras, c in datos]

    def __len__(self):
        return len(self.datos)

    def __getitem__(self, k):
        return self.datos[k]


def agrupar(lote):
    textos, clases = zip(*lote)
    x = nn.utils.rnn.pad_sequence(list(textos), batch_first=True, padding_value=indice[RELLENO])
    return x, torch.tensor(clases)


class RedOpiniones(nn.Module):
    def __init__(self, n_palabras, dim=128, oculto=128):
        super().__init__()
        self.emb = nn.Embedding(n_palabras, dim, padding_idx=indice[RELLENO])
        self.lstm = nn.LSTM(dim, oculto, batch_first=True, bidirectional=True)
        self.abandono = nn.Dropout(0.4)
        self.salida = nn.Linear(2 * oculto, len(CLASES))

    def forward(self, x):
        mascara = (x != indice[RELLENO])
        largos = mascara.sum(dim=1)
        empaquetado = nn.utils.rnn.pack_padded_sequence(self.emb(x), largos.cpu(), batch_first=True, enforce_sorted=False)
        estados, _ = self.lstm(empaquetado)
        estados, _ = nn.utils.rnn.pad_packed_sequence(estados, batch_first=True, total_length=x.size(1))
        m = mascara.unsqueeze(2).float()
        media = (estados * m).sum(dim=1) / largos.unsqueeze(1).float()   # promedio solo de palabras reales
        return torch.log_softmax(self.salida(self.abandono(media)), dim=1)


cargador_ent = DataLoader(Opiniones(entrenamiento), batch_size=64, shuffle=True, collate_fn=agrupar)
cargador_val = DataLoader(Opiniones(validacion), batch_size=128, collate_fn=agrupar)
cargador_pru = DataLoader(Opiniones(prueba), batch_size=128, collate_fn=agrupar)

# pesos inversos a la frecuencia: las neutras son pocas
conteo = Counter(c for _, c in entrenamiento)
pesos = torch.tensor([len(entrenamiento) / (3 * conteo[c]) for c in range(3)], device=DISPOSITIVO)

red = RedOpiniones(len(vocabulario)).to(DISPOSITIVO)
perdida_fn = nn.NLLLoss(weight=pesos)
opt = optim.Adam(red.parameters(), lr=0.001)


def medir(cargador):
    red.eval()
    matriz = torch.zeros(3, 3, dtype=torch.long)
    with torch.no_grad():
        for x, c in cargador:
            pred = red(x.to(DISPOSITIVO)).argmax(dim=1).cpu()
            for real, dado in zip(c.tolist(), pred.tolist()):
                matriz[real, dado] += 1
    return matriz


for epoca in range(5):
    red.train()
    suma, vistos = 0.0, 0
    for x, c in cargador_ent:
        x, c = x.to(DISPOSITIVO), c.to(DISPOSITIVO)
        opt.zero_grad()
        perdida = perdida_fn(red(x), c)
        perdida.backward()
        opt.step()
        suma += perdida.item() * c.size(0)
        vistos += c.size(0)
    m = medir(cargador_val)
    print("época", epoca + 1, "pérdida %.4f" % (suma / vistos), "exactitud val. %.4f" % (m.diag().sum().item() / m.sum().item()))

m = medir(cargador_pru)
print("matriz de confusión (filas = real):")
print(m)
print("exactitud en prueba %.4f" % (m.diag().sum().item() / m.sum().item()))
torch.save({"red": red.state_dict(), "vocabulario": vocabulario}, "opiniones.pt")
