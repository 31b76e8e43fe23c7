# Eğitilmiş ağ ile tek tek yorumlar
import json
import torch

from hazirlik import kelimelere_ayir, sayilara
from ag import YorumAgi

with open('sozluk.json', encoding='utf-8') as f:
    sozluk = json.load(f)
model = YorumAgi(len(sozluk))
model.load_state_dict(torch.load('yorum_agi.pt', map_location='cpu'))
model.eval()


def tahmin(yorum):
    x = torch.tensor([sayilara(kelimelere_ayir(yorum), sozluk)])
    with torch.no_grad():
        p = torch.sigmoid(model(x)).item()
    return ('olumlu' if p > 0.5 else 'olumsuz'), p


if __name__ == '__main__':
    while True:
        yorum = input('yorum (boş: çıkış): ').strip()
        if not kelimelere_ayir(yorum):
            break
        print('%s  (olumlu olasılığı %.3f)' % tahmin(yorum))
