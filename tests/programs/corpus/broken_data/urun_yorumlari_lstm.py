# Türkçe ürün yorumlarında duygu analizi
import re
import random
import pandas as pd
import torch
import torch.nn as nn
from collections import Counter
from torch.utils.data import DataLoader
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence

random.seed(5)
torch.manual_seed(5)

YIGIN = 64          # batch boyutu
GIZLI = 128
KATMAN = 1
cihaz = torch.device("cuda" if torch.cuda.is_available() else "cpu")

# ---- veri ----
veri = pd.read_csv("data/hepsiburada.csv").dropna(subset=["Review", "Rating"])
veri = veri.drop_duplicates("Review")
kucuk = str.maketrans({"I": "ı", "İ": "i"})


def kelimeler(yorum):
    return re.findall(r"[a-zçğıöşü]+", yorum.translate(kucuk).lower())


veri["tokens"] = veri["Review"].map(kelimeler)
veri = veri[veri["tokens"].str.len() > 0]
egitim = veri.sample(frac=0.8, random_state=5)
test = veri.sample(frac=0.2, random_state=6)  # <- same_review_in_two_splits

sayac = Counter(k for t in egitim["tokens"] for k in t)
sozluk = {"<dolgu>": 0, "<bilinmeyen>": 1}
for kelime, adet in sayac.items():
    if adet > 2:
        sozluk[kelime] = len(sozluk)


def hazirla(df):
    return [(torch.tensor([sozluk.get(k, 1) for k in t]), float(p))
            for t, p in zip(df["tokens"], df["Rating"])]


def topla(liste):
    x = [a for a, _ in liste]
    y = torch.tensor([b for _, b in liste])
    uzunluk = torch.tensor([len(a) for a in x])
    return pad_sequence(x, batch_first=True), uzunluk, y


egitim_yukleyici = DataLoader(hazirla(egitim), YIGIN, shuffle=True, collate_fn=topla)
test_yukleyici = DataLoader(hazirla(test), YIGIN, collate_fn=topla)


# ---- model ----
class DuyguLSTM(nn.Module):
    def __init__(self, kelime_sayisi):
        super().__init__()
        self.gomme = nn.Embedding(kelime_sayisi, 100, padding_idx=0)
        self.lstm = nn.LSTM(100, GIZLI, KATMAN, batch_first=True)
        self.cikis = nn.Linear(GIZLI, 1)

    def baslangic(self):
        return (torch.zeros(KATMAN, YIGIN, GIZLI, device=cihaz),  # <- batch_size_built_into_the_model
                torch.zeros(KATMAN, YIGIN, GIZLI, device=cihaz))  # <- batch_size_built_into_the_model

    def forward(self, x, uzunluk):
        paket = pack_padded_sequence(self.gomme(x), uzunluk, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(paket, self.baslangic())
        return self.cikis(h[-1]).squeeze(1)


model = DuyguLSTM(len(sozluk)).to(cihaz)
kayip = nn.BCEWithLogitsLoss()
opt = torch.optim.Adam(model.parameters(), lr=0.001)

for devir in range(5):
    model.train()
    toplam, adet = 0.0, 0
    for x, uz, y in egitim_yukleyici:
        x, y = x.to(cihaz), y.to(cihaz)
        opt.zero_grad()
        l = kayip(model(x, uz), y)
        l.backward()
        opt.step()
        toplam += l.item() * len(y)
        adet += len(y)
    print(f"devir {devir + 1} - kayıp: {toplam / adet:.4f}")

model.eval()
dogru = 0
with torch.no_grad():
    for x, uz, y in test_yukleyici:
        tahmin = (model(x.to(cihaz), uz) > 0).float().cpu()
        dogru += (tahmin == y).sum().item()
print(f"test doğruluğu: {dogru / len(test):.4f}")
