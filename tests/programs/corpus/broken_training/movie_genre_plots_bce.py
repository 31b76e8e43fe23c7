# Is it a comedy? Wikipedia movie plots, binary, LSTM + max pooling over the real words.
import re
import sys
import pandas as pd
import torch
from torch import nn
from torch.utils.data import DataLoader
from sklearn.model_selection import train_test_split

torch.manual_seed(101)
cuda = torch.cuda.is_available()
df = pd.read_csv('wiki_movie_plots_deduped.csv')
df = df[df['Genre'] != 'unknown'].drop_duplicates('Plot')
df['comedy'] = df['Genre'].str.contains('comedy').astype(float)
df['words'] = df['Plot'].str.lower().apply(lambda p: re.findall(r'[a-z]+', p)[:600] or ['a'])
tr, te = train_test_split(df, test_size=.15, random_state=101)
tr, va = train_test_split(tr, test_size=.1, random_state=101)

index = {}
for ws in tr['words']:
    for w in ws:
        index[w] = index.get(w, 0) + 1
index = {w: i + 2 for i, w in enumerate(sorted(w for w, c in index.items() if c >= 4))}


def collate(b):
    n = torch.tensor([len(ws) for ws, _ in b])
    x = torch.zeros(len(b), n.max().item(), dtype=torch.long)
    for i, (ws, _) in enumerate(b):
        x[i, :len(ws)] = torch.tensor([index.get(w, 1) for w in ws])
    y = torch.tensor([c for _, c in b])
    return x, n, y


def loader(d, shuffle=False):
    return DataLoader(list(zip(d['words'], d['comedy'].tolist())), batch_size=48, shuffle=shuffle, drop_last=shuffle, collate_fn=collate)


class PlotLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(len(index) + 2, 80, padding_idx=0)
        self.lstm = nn.LSTM(80, 80, batch_first=True, bidirectional=True)
        self.bn = nn.BatchNorm1d(160)
        self.fc = nn.Linear(160, 1)

    def forward(self, x, n):
        p = nn.utils.rnn.pack_padded_sequence(self.emb(x), n.cpu(), batch_first=True, enforce_sorted=False)
        o, _ = nn.utils.rnn.pad_packed_sequence(self.lstm(p)[0], batch_first=True, padding_value=-1e9)
        return self.fc(self.bn(o.max(dim=1)[0])).view(-1)


m = PlotLSTM()
if cuda: m.cuda()
bce = nn.BCELoss()
adam = torch.optim.Adam(m.parameters())


def go(dl, learn):
    if learn:
        m.train()
    tot, hit, cnt = 0.0, 0, 0
    with torch.set_grad_enabled(learn):
        for x, n, y in dl:  # <- evaluated_in_training_mode
            if cuda: x, y = x.cuda(), y.cuda()
            z = m(x, n)
            loss = bce(z, y)  # <- logits_in_bce_loss
            if learn:
                adam.zero_grad()
                loss.backward()
                adam.step()
            tot += loss.item() * len(y)
            hit += ((z > 0).float() == y).sum().item()
            cnt += len(y)
    return tot / cnt, hit / cnt


trl, val, tel = loader(tr, True), loader(va), loader(te)
for e in range(5):
    print(e, 'train %.4f %.4f' % go(trl, True), 'valid %.4f %.4f' % go(val, False))
    sys.stdout.flush()
print('test %.4f %.4f' % go(tel, False))
