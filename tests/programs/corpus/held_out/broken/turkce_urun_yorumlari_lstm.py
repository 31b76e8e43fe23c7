# Ürün yorumları (olumlu / olumsuz) - LSTM, PyTorch
import random
import torch
import torch.nn as nn
from torchtext import data

TOHUM = 2020
torch.manual_seed(TOHUM)
random.seed(TOHUM)
cihaz = torch.device('cuda' if torch.cuda.is_available() else 'cpu')

METIN = data.Field(lower=True, batch_first=True, fix_length=40)  # <- end_of_the_review_cut_off
ETIKET = data.LabelField(dtype=torch.float, use_vocab=False)
egitim, sinama = data.TabularDataset.splits(path='urun', train='egitim.csv', test='sinama.csv', format='csv', skip_header=True,
                                            fields=[('yorum', METIN), ('durum', ETIKET)])
METIN.build_vocab(egitim, sinama, min_freq=2)  # <- vocabulary_saw_the_test_set
egitim_it, sinama_it = data.BucketIterator.splits((egitim, sinama), batch_size=64, sort_key=lambda o: len(o.yorum), device=cihaz)


class YorumLSTM(nn.Module):
    def __init__(self, kelime, boyut=100, gizli=100):
        super().__init__()
        self.gomme = nn.Embedding(kelime, boyut, padding_idx=METIN.vocab.stoi['<pad>'])
        self.lstm = nn.LSTM(boyut, gizli, batch_first=True)
        self.dogrusal = nn.Linear(gizli, 1)
        self.sig = nn.Sigmoid()

    def forward(self, x):
        cikti, _ = self.lstm(self.gomme(x))  # <- padding_read_as_last_step
        return self.sig(self.dogrusal(cikti[:, -1, :])).squeeze(1)


model = YorumLSTM(len(METIN.vocab)).to(cihaz)
kayip_fn = nn.BCELoss()
eniyi = torch.optim.Adam(model.parameters(), lr=1e-3)

for tur in range(6):
    model.train()
    toplam, adet = 0.0, 0
    for parti in egitim_it:
        eniyi.zero_grad()
        kayip = kayip_fn(model(parti.yorum), parti.durum)
        kayip.backward()
        eniyi.step()
        toplam += kayip.item() * parti.durum.size(0)
        adet += parti.durum.size(0)
    print('tur %d kayıp %.4f' % (tur + 1, toplam / adet))

model.eval()
dogru, adet = 0, 0
with torch.no_grad():
    for parti in sinama_it:
        tahmin = (model(parti.yorum) > 0.5).float()
        dogru += (tahmin == parti.durum).sum().item()
        adet += parti.durum.size(0)
print('sınama başarısı %.4f' % (dogru / adet))
