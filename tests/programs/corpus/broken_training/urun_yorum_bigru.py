"""
Turkce urun yorumlarinda duygu analizi (olumlu / olumsuz / notr)
Iki yonlu GRU, kelime seviyesi.
"""
import argparse
import csv
import random
import re

import torch
import torch.nn as nn
from torch.utils.data import DataLoader

SINIFLAR = {"Olumsuz": 0, "Notr": 1, "Olumlu": 2}
DOLGU, BILINMEYEN = 0, 1


def kucult(metin):
    # Python'un lower() fonksiyonu I/İ harflerini yanlis cevirir
    return metin.replace("I", "ı").replace("İ", "i").lower()


def parcala(metin):
    return re.findall(r"\w+", kucult(metin)) or ["bos"]


def oku(yol):
    ornekler = []
    with open(yol, encoding="utf-8", newline="") as f:
        for satir in csv.DictReader(f, delimiter=";"):
            ornekler.append((parcala(satir["Metin"]), SINIFLAR[satir["Durum"]]))
    return ornekler


def sozluk_kur(ornekler, en_az=2):
    sayac = {}
    for kelimeler, _ in ornekler:
        for k in kelimeler:
            sayac[k] = sayac.get(k, 0) + 1
    sozluk = {"<dolgu>": DOLGU, "<bilinmeyen>": BILINMEYEN}
    for k in sorted(sayac, key=sayac.get, reverse=True):
        if sayac[k] >= en_az:
            sozluk[k] = len(sozluk)
    return sozluk


class Paketleyici:
    def __init__(self, sozluk):
        self.sozluk = sozluk

    def __call__(self, grup):
        uzunluk = torch.tensor([len(k) for k, _ in grup])
        x = torch.full((len(grup), int(uzunluk.max())), DOLGU, dtype=torch.long)
        for i, (kelimeler, _) in enumerate(grup):
            x[i, :len(kelimeler)] = torch.tensor([self.sozluk.get(k, BILINMEYEN) for k in kelimeler])
        y = torch.tensor([s for _, s in grup])
        return x, uzunluk, y


class YorumAgi(nn.Module):
    def __init__(self, kelime_sayisi, gomme=128, gizli=100, sinif=3):
        super().__init__()
        self.gomme = nn.Embedding(kelime_sayisi, gomme, padding_idx=DOLGU)
        self.gru = nn.GRU(gomme, gizli, batch_first=True, bidirectional=True)
        self.seyreltme = nn.Dropout(0.5)
        self.cikis = nn.Linear(gizli * 2, sinif)

    def forward(self, x, uzunluk):
        cikti, _ = self.gru(self.gomme(x))
        # her yorumun son gercek kelimesi
        son = cikti[torch.arange(x.size(0)), uzunluk - 1]  # <- backward_direction_read_at_the_wrong_end
        return self.cikis(self.seyreltme(son))


def egit(model, yukleyici, opt, kayip_fn, aygit):
    model.train()
    toplam, adet = 0, 0
    for x, uzunluk, y in yukleyici:
        x, y = x.to(aygit), y.to(aygit)
        opt.zero_grad()
        kayip = kayip_fn(model(x, uzunluk.to(aygit)), y)
        kayip.backward()
        opt.step()
        toplam += kayip * len(y)  # <- loss_summed_with_its_graph
        adet += len(y)
    return float(toplam) / adet


def olc(model, yukleyici, aygit):
    model.eval()
    dogru = adet = 0
    with torch.no_grad():
        for x, uzunluk, y in yukleyici:
            tahmin = model(x.to(aygit), uzunluk.to(aygit)).argmax(dim=1).cpu()
            dogru += int((tahmin == y).sum())
            adet += len(y)
    return dogru / adet


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--egitim", default="veri/yorumlar_egitim.csv")
    ap.add_argument("--gelistirme", default="veri/yorumlar_gelistirme.csv")
    ap.add_argument("--sinama", default="veri/yorumlar_sinama.csv")
    ap.add_argument("--tur", type=int, default=6)
    ap.add_argument("--grup", type=int, default=32)
    a = ap.parse_args()

    random.seed(5)
    torch.manual_seed(5)
    aygit = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    egitim, gelistirme, sinama = oku(a.egitim), oku(a.gelistirme), oku(a.sinama)
    sozluk = sozluk_kur(egitim)
    paket = Paketleyici(sozluk)
    y_egitim = DataLoader(egitim, batch_size=a.grup, shuffle=True, collate_fn=paket)
    y_gelistirme = DataLoader(gelistirme, batch_size=a.grup, collate_fn=paket)
    y_sinama = DataLoader(sinama, batch_size=a.grup, collate_fn=paket)

    model = YorumAgi(len(sozluk)).to(aygit)
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    kayip_fn = nn.CrossEntropyLoss()
    for tur in range(1, a.tur + 1):
        kayip = egit(model, y_egitim, opt, kayip_fn, aygit)
        print(f"tur {tur}: kayip {kayip:.4f}, gelistirme dogrulugu {olc(model, y_gelistirme, aygit):.4f}")
    print(f"sinama dogrulugu: {olc(model, y_sinama, aygit):.4f}")


if __name__ == "__main__":
    main()
