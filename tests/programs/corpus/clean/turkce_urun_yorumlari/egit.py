# Eğitim: python egit.py veri/yorumlar.tsv
import sys
import json
import copy
import torch
import torch.nn as nn
from torch.utils.data import DataLoader

from hazirlik import oku, bol, sozluk_yap, sayilara
from ag import YorumAgi

torch.manual_seed(35)
cihaz = 'cuda' if torch.cuda.is_available() else 'cpu'
DOSYA = sys.argv[1] if len(sys.argv) > 1 else 'veri/yorumlar.tsv'

egitim, dogrulama, sinama = bol(oku(DOSYA))
sozluk = sozluk_yap(egitim)
print('eğitim', len(egitim), 'doğrulama', len(dogrulama), 'sınama', len(sinama), 'sözlük', len(sozluk))


def yigin(ornekler):
    uzun = max(len(k) for k, _ in ornekler)
    x = [sayilara(k, sozluk) for k, _ in ornekler]
    x = torch.tensor([s + [0] * (uzun - len(s)) for s in x])
    return x, torch.tensor([float(e) for _, e in ornekler])


egitim_yukleyici = DataLoader(egitim, batch_size=64, shuffle=True, collate_fn=yigin)
dogrulama_yukleyici = DataLoader(dogrulama, batch_size=256, collate_fn=yigin)
sinama_yukleyici = DataLoader(sinama, batch_size=256, collate_fn=yigin)

model = YorumAgi(len(sozluk)).to(cihaz)
eniyileyici = torch.optim.Adam(model.parameters(), lr=1e-3)
olcut = nn.BCEWithLogitsLoss()


def basari(yukleyici):
    model.eval()
    dogru = toplam = 0
    with torch.no_grad():
        for x, y in yukleyici:
            tahmin = (torch.sigmoid(model(x.to(cihaz))) > 0.5).float().cpu()
            dogru += (tahmin == y).sum().item()
            toplam += len(y)
    return dogru / toplam


en_iyi, en_iyi_agirlik = 0.0, None
for devir in range(1, 11):
    model.train()
    kayip_toplam = 0.0
    for x, y in egitim_yukleyici:
        x, y = x.to(cihaz), y.to(cihaz)
        eniyileyici.zero_grad()
        kayip = olcut(model(x), y)
        kayip.backward()
        eniyileyici.step()
        kayip_toplam += kayip.item() * len(y)
    b = basari(dogrulama_yukleyici)
    print('devir %d kayıp %.4f doğrulama %.4f' % (devir, kayip_toplam / len(egitim), b))
    if b > en_iyi:
        en_iyi, en_iyi_agirlik = b, copy.deepcopy(model.state_dict())

model.load_state_dict(en_iyi_agirlik)
print('sınama başarısı %.4f' % basari(sinama_yukleyici))

torch.save(en_iyi_agirlik, 'yorum_agi.pt')
with open('sozluk.json', 'w', encoding='utf-8') as f:
    json.dump(sozluk, f, ensure_ascii=False)
