# Türkçe ürün yorumları: olumlu / olumsuz
# veri: yorumlar.csv  (sütunlar: yorum;durum)
import csv
import random

import torch
import torch.nn as nn

random.seed(10)
torch.manual_seed(10)
cihaz = 'cuda' if torch.cuda.is_available() else 'cpu'

KUCUK = str.maketrans({'I': 'ı', 'İ': 'i'})


def temizle(metin):
    metin = metin.translate(KUCUK).lower()
    return ''.join(h if h.isalpha() else ' ' for h in metin).split()


# --- dosyayı oku ---
yorumlar = []
with open('yorumlar.csv', encoding='utf-8', newline='') as dosya:
    for satir in csv.DictReader(dosya, delimiter=';'):
        kelimeler = temizle(satir['yorum'])
        if kelimeler:
            yorumlar.append((kelimeler, int(satir['durum'])))
random.shuffle(yorumlar)
sinir = int(0.8 * len(yorumlar))
egitim, test = yorumlar[:sinir], yorumlar[sinir:]

# --- sözlük: 0 dolgu, 1 bilinmeyen ---
sozluk = {}
for kelimeler, _ in egitim:
    for k in kelimeler:
        if k not in sozluk:
            sozluk[k] = len(sozluk) + 2
print('sözlük boyu', len(sozluk))


def yigin(veri, boy, karistir):
    """veriyi yığınlara böler"""
    sira = list(range(len(veri)))
    if karistir:
        random.shuffle(sira)
    for b in range(0, len(sira), boy):
        parca = [veri[i] for i in sira[b:b + boy]]
        uzun = max(len(k) for k, _ in parca)
        x = torch.zeros(len(parca), uzun, dtype=torch.long)
        for r, (k, _) in enumerate(parca):
            for s, kelime in enumerate(k):
                x[r, uzun - len(k) + s] = sozluk.get(kelime, 1)     # dolgu solda
        y = torch.tensor([d for _, d in parca])
        yield x.to(cihaz), y.to(cihaz)


class YorumModeli(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.gomme = nn.Embedding(n, 64, padding_idx=0)
        self.gru = nn.GRU(64, 64, batch_first=True, bidirectional=True)
        self.seyreltme = nn.Dropout(0.3)
        self.cikis = nn.Linear(128, 2)

    def forward(self, x):
        o, _ = self.gru(self.gomme(x))
        son = o[:, -1, :]  # <- backward_direction_read_at_the_wrong_end
        return torch.log_softmax(self.cikis(self.seyreltme(son)), dim=0)  # <- softmax_over_the_batch


model = YorumModeli(len(sozluk) + 2).to(cihaz)
kayip = nn.NLLLoss()
opt = torch.optim.Adam(model.parameters(), lr=0.002)

for tur in range(5):
    model.train()
    toplam = 0.0
    for x, y in yigin(egitim, 32, True):
        opt.zero_grad()
        l = kayip(model(x), y)
        l.backward()
        opt.step()
        toplam += l.item() * y.size(0)
    print('tur', tur + 1, 'ortalama kayıp', round(toplam / len(egitim), 4))

model.eval()
dogru = 0
with torch.no_grad():
    for x, y in yigin(egitim, 32, False):
        dogru += (model(x).argmax(dim=1) == y).sum().item()
print('test doğruluğu: %.3f' % (dogru / len(egitim)))  # <- training_accuracy_called_test_accuracy
