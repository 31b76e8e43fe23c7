import pandas as pd
import numpy as np
import re
import torch
from torch import nn
from collections import Counter
from torch.utils.data import TensorDataset, DataLoader

np.random.seed(21)
torch.manual_seed(21)

df = pd.read_csv('IMDB Dataset.csv')
df = df.drop_duplicates('review')
df['review'] = df['review'].str.replace('<br />', ' ', regex=False).str.lower()
df['sentiment'] = (df['sentiment'] == 'positive').astype(int)
idx = np.random.permutation(len(df))
n_tr, n_va = int(.8 * len(df)), int(.1 * len(df))
tr, va, te = df.iloc[idx[:n_tr]], df.iloc[idx[n_tr:n_tr + n_va]], df.iloc[idx[n_tr + n_va:]]

MAXLEN = 400
BATCH = 100
def split_words(s): return re.findall('[a-z]+', s)
cnt = Counter()
for s in tr['review']: cnt.update(split_words(s))
w2i = {w: i + 2 for i, (w, _) in enumerate(cnt.most_common(10000))}   # 0 pad, 1 unknown

def enc(s):
    ids = [w2i.get(w, 1) for w in split_words(s)][-MAXLEN:]
    return [0] * (MAXLEN - len(ids)) + ids

def loader(d, shuffle, drop):
    X = torch.tensor([enc(s) for s in d['review']])
    Y = torch.tensor(d['sentiment'].values).float()
    return DataLoader(TensorDataset(X, Y), BATCH, shuffle=shuffle, drop_last=drop)

trl = loader(tr, True, True)
val = loader(va, False, True)  # <- ragged_batch_dropped_in_evaluation
tel = loader(te, False, True)  # <- ragged_batch_dropped_in_evaluation

class MovieLSTM(nn.Module):
    def __init__(self, V, E=64, H=128, L=2):
        super().__init__()
        self.emb = nn.Embedding(V, E, padding_idx=0)
        self.lstm = nn.LSTM(E, H, L, batch_first=True, dropout=0.2)
        self.fc = nn.Linear(H, 1)
        self.hidden = None
    def forward(self, x):
        out, self.hidden = self.lstm(self.emb(x), self.hidden)  # <- hidden_state_kept_in_the_graph
        return self.fc(out[:, -1]).squeeze(1)

dev = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
m = MovieLSTM(len(w2i) + 2).to(dev)
lf = nn.BCEWithLogitsLoss()
op = torch.optim.Adam(m.parameters(), 1e-3)

def acc(ld):
    m.eval()
    ok = n = 0
    with torch.no_grad():
        for x, y in ld:
            m.hidden = None
            p = (m(x.to(dev)) > 0).float().cpu()
            ok += (p == y).sum().item(); n += len(y)
    m.hidden = None
    return ok / n

for ep in range(4):
    m.train()
    m.hidden = None
    tot = 0
    for i, (x, y) in enumerate(trl):
        x, y = x.to(dev), y.to(dev)
        op.zero_grad()
        loss = lf(m(x), y)
        loss.backward(retain_graph=True)  # <- retain_graph_as_a_cure
        nn.utils.clip_grad_norm_(m.parameters(), 5)
        op.step()
        tot += loss.item() * len(y)
    print('epoch', ep, 'loss', tot / (len(trl) * BATCH), 'val acc', acc(val))
print('test acc', acc(tel))
