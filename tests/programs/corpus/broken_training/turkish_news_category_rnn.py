# TTC-3600 haber siniflandirma: 6 kategori, klasor basina bir kategori
import os
import re
import random
import torch
import torch.nn as nn
import torch.optim as optim
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence
from torch.utils.data import DataLoader, Dataset, random_split

KOK = "veri/ttc3600"
KATEGORI = ["ekonomi", "kultursanat", "saglik", "siyaset", "spor", "teknoloji"]
cihaz = torch.device("cuda" if torch.cuda.is_available() else "cpu")
torch.manual_seed(34); random.seed(34)


def ayikla(metin):
    metin = metin.replace("İ", "i").replace("I", "ı").lower()
    return re.sub(r"[^a-zçğıöşü ]", " ", metin).split()


class Haberler(Dataset):
    def __init__(self):
        self.ornek = []
        for no, kategori in enumerate(KATEGORI):
            klasor = os.path.join(KOK, kategori)
            for dosya in sorted(os.listdir(klasor)):
                with open(os.path.join(klasor, dosya), encoding="utf-8") as f:
                    kelimeler = ayikla(f.read())
                if kelimeler:
                    self.ornek.append((kelimeler, no))

    def __len__(self):
        return len(self.ornek)

    def __getitem__(self, i):
        return self.ornek[i]


hepsi = Haberler()
n = len(hepsi)
egitim, dogrulama, sinama = random_split(hepsi, [n - 2 * (n // 8), n // 8, n // 8], torch.Generator().manual_seed(34))

sayi = {}
for kelimeler, _ in egitim:
    for k in kelimeler:
        sayi[k] = sayi.get(k, 0) + 1
sozluk = {"<d>": 0, "<b>": 1}
for k, s in sayi.items():
    if s > 1:
        sozluk[k] = len(sozluk)


def paketle(grup):
    x = [torch.tensor([sozluk.get(k, 1) for k in kelimeler]) for kelimeler, _ in grup]
    return pad_sequence(x, batch_first=True), torch.tensor([len(s) for s in x]), torch.tensor([y for _, y in grup])


class HaberLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.gomme = nn.Embedding(len(sozluk), 100, padding_idx=0)
        self.lstm = nn.LSTM(100, 100, num_layers=2, batch_first=True, dropout=0.3)
        self.katman = nn.Sequential(
            nn.Linear(100, 50),
            nn.ReLU(),
            nn.Linear(50, len(KATEGORI)),
            nn.Softmax(dim=1),  # <- softmax_before_cross_entropy
        )

    def forward(self, x, uzunluk):
        p = pack_padded_sequence(self.gomme(x), uzunluk, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(p)
        return self.katman(h[-1])


egitim_y = DataLoader(egitim, 32, shuffle=True, collate_fn=paketle)
dogrulama_y = DataLoader(dogrulama, 64, collate_fn=paketle)
sinama_y = DataLoader(sinama, 64, collate_fn=paketle)

ag = HaberLSTM().to(cihaz)
eniyileyici = optim.Adam(ag.parameters(), lr=0.001)
kayip_fonk = nn.CrossEntropyLoss()


def basari(yukleyici):
    ag.eval()
    dogru, toplam = 0, 0
    with torch.no_grad():
        for x, u, y in yukleyici:
            dogru += (ag(x.to(cihaz), u).argmax(1).cpu() == y).sum().item()
            toplam += len(y)
    return dogru / toplam


for devir in range(10):
    ag.train()
    t = 0.0
    for x, u, y in egitim_y:
        eniyileyici.zero_grad()
        kayip = kayip_fonk(ag(x.to(cihaz), u), y.to(cihaz))
        kayip.backward()
        eniyileyici.step()
        t += kayip.item() * len(y)
    print("devir %d  kayip %.4f  dogrulama %%%.2f" % (devir + 1, t / len(egitim), 100 * basari(dogrulama_y)))

print("sinama basarisi %%%.2f" % (100 * basari(sinama_y)))
torch.save(ag.state_dict(), "haber_lstm.pt")  # <- weights_saved_without_the_vocabulary
