# sarcasm headlines (json lines), LSTM with own loader
import json, re, random
import pandas as pd
import torch, torch.nn as nn
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence
from torch.utils.data import DataLoader

random.seed(9)
torch.manual_seed(9)
df = pd.read_json('Sarcasm_Headlines_Dataset_v2.json', lines=True)
df['tok'] = df['headline'].map(lambda h: re.findall(r"[a-z0-9']+", h.lower()))
df = df[df['tok'].map(len) > 0]

train = df.sample(frac=0.8, random_state=9)
test = df.sample(frac=0.2, random_state=10)  # <- same_review_in_two_splits
print(len(train), len(test))

w2i = {'<pad>': 0, '<unk>': 1}
for t in train['tok']:
    for w in t:
        w2i.setdefault(w, len(w2i))


def items(d):
    return [(torch.tensor([w2i.get(w, 1) for w in t]), s) for t, s in zip(d['tok'], d['is_sarcastic'])]


def coll(b):
    x = [a for a, _ in b]
    return pad_sequence(x, batch_first=True), torch.tensor([len(a) for a in x]), torch.tensor([float(s) for _, s in b])


tr = DataLoader(items(train), 64, shuffle=True, collate_fn=coll)
te = DataLoader(items(test), 64, collate_fn=coll)


class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(len(w2i), 64, padding_idx=0)
        self.l = nn.LSTM(64, 64, batch_first=True, bidirectional=True)
        self.o = nn.Linear(128, 1)
        self.d = nn.Dropout(.3)

    def forward(self, x, n):
        _, (h, _) = self.l(pack_padded_sequence(self.d(self.e(x)), n, batch_first=True, enforce_sorted=False))
        return self.o(self.d(torch.cat((h[-2], h[-1]), 1))).squeeze(1)


m = M()
opt = torch.optim.Adam(m.parameters(), 1e-3)
bce = nn.BCEWithLogitsLoss()
for ep in range(5):
    m.train()
    total_loss = 0
    for x, n, y in tr:
        opt.zero_grad()
        loss = bce(m(x, n), y)
        loss.backward()
        opt.step()
        total_loss += loss * len(y)  # <- loss_summed_with_its_graph
    print('epoch', ep, 'loss', float(total_loss) / len(train))
m.eval()
k = 0
with torch.no_grad():
    for x, n, y in te:
        k += ((m(x, n) > 0) == (y > .5)).sum().item()
print('test acc', k / len(test))
