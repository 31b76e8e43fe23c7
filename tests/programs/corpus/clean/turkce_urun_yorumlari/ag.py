import torch
import torch.nn as nn


class YorumAgi(nn.Module):
    """GRU + ortalama ve en büyük (dolgular hariç)"""

    def __init__(self, kelime_sayisi, boyut=100, gizli=100, birakma=0.3):
        super().__init__()
        self.gomme = nn.Embedding(kelime_sayisi, boyut, padding_idx=0)
        self.gru = nn.GRU(boyut, gizli, batch_first=True)
        self.birak = nn.Dropout(birakma)
        self.son = nn.Linear(2 * gizli, 1)

    def forward(self, x):
        maske = (x != 0).unsqueeze(2)
        h, _ = self.gru(self.birak(self.gomme(x)))
        ortalama = h.masked_fill(~maske, 0.0).sum(1) / maske.sum(1)
        en_buyuk = h.masked_fill(~maske, float('-inf')).max(1).values
        return self.son(self.birak(torch.cat([ortalama, en_buyuk], 1))).squeeze(1)
