# Türkçe film yorumları için duygu sınıflandırma (GRU)
import re
from collections import Counter

import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset, DataLoader

np.random.seed(3)
torch.manual_seed(3)

egitim = pd.read_csv("veri/egitim.csv", sep=";")       # yorum;puan (0 olumsuz, 1 olumlu)
dogrulama = pd.read_csv("veri/dogrulama.csv", sep=";")
test = pd.read_csv("veri/test.csv", sep=";")


def kucult(metin):
    # Türkçe'de I -> ı, İ -> i
    return metin.replace("I", "ı").replace("İ", "i").lower()


def parcala(metin):
    metin = re.sub(r"[^a-zçğıöşü ]", " ", kucult(str(metin)))
    kelimeler = metin.split()
    return kelimeler if kelimeler else ["bos"]


# sözlük yalnız eğitim verisinden
sayac = Counter()
for y in egitim["yorum"]:
    sayac.update(parcala(y))
DOLGU, BILINMEYEN = 0, 1
kelime2no = {"<dolgu>": DOLGU, "<bilinmeyen>": BILINMEYEN}
for kelime, adet in sayac.items():
    if adet >= 2:
        kelime2no[kelime] = len(kelime2no)


class YorumVeri(Dataset):
    def __init__(self, tablo):
        self.x = [torch.tensor([kelime2no.get(k, BILINMEYEN) for k in parcala(y)]) for y in tablo["yorum"]]
        self.y = torch.tensor(tablo["puan"].to_numpy(), dtype=torch.float32)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


def birlestir(parti):
    x, y = zip(*parti)
    uzunluk = torch.tensor([len(t) for t in x])
    return pad_sequence(list(x), batch_first=True, padding_value=DOLGU), uzunluk, torch.stack(y)


class DuyguGRU(nn.Module):
    def __init__(self, kelime_sayisi, gomme=100, gizli=128):
        super().__init__()
        self.gomme = nn.Embedding(kelime_sayisi, gomme, padding_idx=DOLGU)
        self.gru = nn.GRU(gomme, gizli, num_layers=2, batch_first=True, dropout=0.3)
        self.cikis = nn.Linear(gizli, 1)

    def forward(self, x, uzunluk):
        cikti, _ = self.gru(self.gomme(x))
        # her yorumun gerçek son kelimesindeki durum
        son = cikti[torch.arange(x.size(0), device=x.device), uzunluk.to(x.device) - 1]
        return self.cikis(son).squeeze(1)


aygit = "cuda" if torch.cuda.is_available() else "cpu"
egitim_yukleyici = DataLoader(YorumVeri(egitim), batch_size=64, shuffle=True, collate_fn=birlestir)
dogrulama_yukleyici = DataLoader(YorumVeri(dogrulama), batch_size=128, collate_fn=birlestir)
test_yukleyici = DataLoader(YorumVeri(test), batch_size=128, collate_fn=birlestir)

model = DuyguGRU(len(kelime2no)).to(aygit)
kayip_fn = nn.BCEWithLogitsLoss()
eniyileyici = torch.optim.AdamW(model.parameters(), lr=1e-3)
plan = torch.optim.lr_scheduler.ReduceLROnPlateau(eniyileyici, factor=0.5, patience=1)


def degerlendir(yukleyici):
    model.eval()
    toplam_kayip, dogru, adet = 0.0, 0, 0
    with torch.no_grad():
        for x, uzunluk, y in yukleyici:
            x, y = x.to(aygit), y.to(aygit)
            z = model(x, uzunluk)
            toplam_kayip += kayip_fn(z, y).item() * y.size(0)
            dogru += ((z > 0).float() == y).sum().item()
            adet += y.size(0)
    return toplam_kayip / adet, dogru / adet


for tur in range(1, 9):
    model.train()
    for x, uzunluk, y in egitim_yukleyici:
        x, y = x.to(aygit), y.to(aygit)
        eniyileyici.zero_grad()
        kayip = kayip_fn(model(x, uzunluk), y)
        kayip.backward()
        eniyileyici.step()
    dk, dd = degerlendir(dogrulama_yukleyici)
    plan.step(dk)
    print(f"tur {tur}: doğrulama kaybı {dk:.4f}, başarı {dd:.4f}")

print("test: kayıp %.4f, başarı %.4f" % degerlendir(test_yukleyici))

model.eval()
for cumle in ["Harika bir filmdi, herkese öneririm", "Zaman kaybı, hiç beğenmedim"]:
    no = torch.tensor([[kelime2no.get(k, BILINMEYEN) for k in parcala(cumle)]], device=aygit)
    with torch.no_grad():
        olasilik = torch.sigmoid(model(no, torch.tensor([no.size(1)]))).item()
    print(cumle, "->", "olumlu" if olasilik > 0.5 else "olumsuz", f"({olasilik:.2f})")
