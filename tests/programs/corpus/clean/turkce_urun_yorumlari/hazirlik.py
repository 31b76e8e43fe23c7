# Ürün yorumlarının okunması, bölünmesi ve kelime dağarcığı
import re
import random
import pandas as pd
from collections import Counter

PAD, UNK = 0, 1


def kucult(s):
    # Türkçe büyük I ve İ için lower() yetmiyor
    return s.replace('I', 'ı').replace('İ', 'i').lower()


def kelimelere_ayir(yorum):
    return re.findall(r'[a-zçğıöşüâîû]+', kucult(yorum))


def oku(dosya):
    df = pd.read_csv(dosya, sep='\t', encoding='utf-8')
    df = df.dropna(subset=['yorum', 'durum']).drop_duplicates('yorum')
    satirlar = [(kelimelere_ayir(y), int(d)) for y, d in zip(df['yorum'], df['durum'])]   # durum: 0 olumsuz, 1 olumlu
    return [s for s in satirlar if len(s[0]) > 0]


def bol(satirlar, tohum=35):
    r = random.Random(tohum)
    satirlar = satirlar[:]
    r.shuffle(satirlar)
    n = len(satirlar)
    return satirlar[:int(n * .7)], satirlar[int(n * .7):int(n * .85)], satirlar[int(n * .85):]


def sozluk_yap(egitim, en_az=2):
    sayac = Counter(k for kelimeler, _ in egitim for k in kelimeler)
    sozluk = {'<pad>': PAD, '<unk>': UNK}
    for kelime in sorted(sayac):
        if sayac[kelime] >= en_az:
            sozluk[kelime] = len(sozluk)
    return sozluk


def sayilara(kelimeler, sozluk):
    return [sozluk.get(k, UNK) for k in kelimeler]
