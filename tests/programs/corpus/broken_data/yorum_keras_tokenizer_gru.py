# Film yorumları (Beyazperde) - GRU modeli, Keras Tokenizer ile
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from sklearn.model_selection import train_test_split
from torch.utils.data import TensorDataset, DataLoader
from tensorflow.keras.preprocessing.text import Tokenizer
from tensorflow.keras.preprocessing.sequence import pad_sequences

torch.manual_seed(0)

df = pd.read_csv('beyazperde.csv', sep='\t').drop_duplicates('comment')
df = df[df['Score'] != 3]
df['etiket'] = (df['Score'] > 3).astype(int)

X_egitim, X_test, y_egitim, y_test = train_test_split(
    df['comment'].astype(str).tolist(), df['etiket'].values, test_size=0.2, random_state=0)

# kelimeleri sayılara çevir
tokenizer = Tokenizer(oov_token='<oov>')
tokenizer.fit_on_texts(X_egitim)
kelime_sayisi = len(tokenizer.word_index)
print('kelime sayısı:', kelime_sayisi)

UZUNLUK = 400


def diziye_cevir(metinler):
    # Keras varsayılanı: baştan doldurur, baştan keser
    d = tokenizer.texts_to_sequences(metinler)
    return torch.from_numpy(pad_sequences(d, maxlen=UZUNLUK).astype('int64'))


egitim = DataLoader(TensorDataset(diziye_cevir(X_egitim), torch.tensor(y_egitim)), batch_size=64, shuffle=True)
test = DataLoader(TensorDataset(diziye_cevir(X_test), torch.tensor(y_test)), batch_size=64)


class YorumGRU(nn.Module):
    def __init__(self, boyut=64, gizli=64):
        super().__init__()
        self.emb = nn.Embedding(kelime_sayisi, boyut, padding_idx=0)  # <- embedding_smaller_than_the_vocabulary
        self.gru1 = nn.GRU(boyut, gizli, batch_first=True)
        self.gru2 = nn.GRU(gizli, gizli // 2, batch_first=True)
        self.yogun = nn.Linear(gizli // 2, 2)

    def forward(self, x):
        x, _ = self.gru1(self.emb(x))
        x, _ = self.gru2(x)
        return self.yogun(x[:, -1, :])


model = YorumGRU()
olcut = nn.CrossEntropyLoss()
eniyi = torch.optim.Adam(model.parameters(), lr=1e-3)

for devir in range(5):
    model.train()
    kayip_toplam = 0.0
    for x, y in egitim:
        eniyi.zero_grad()
        kayip = olcut(model(x), y)
        kayip.backward()
        eniyi.step()
        kayip_toplam += kayip.item() * len(y)
    print('Devir:', devir + 1, 'Kayıp:', kayip_toplam / len(y_egitim))

model.eval()
dogru = 0
with torch.no_grad():
    for x, y in test:
        dogru += (model(x).argmax(1) == y).sum().item()
print('Doğruluk:', dogru / len(y_test))


def tahmin(metin):
    model.eval()
    d = tokenizer.texts_to_sequences([metin])
    x = torch.from_numpy(pad_sequences(d, maxlen=UZUNLUK, padding='post').astype('int64'))  # <- padding_on_different_sides
    with torch.no_grad():
        p = torch.softmax(model(x), dim=1)[0, 1].item()
    return ('olumlu' if p > 0.5 else 'olumsuz'), p


print(tahmin('harika bir film, çok beğendim'))
print(tahmin('zaman kaybı'))
