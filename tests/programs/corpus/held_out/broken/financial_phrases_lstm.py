# Financial PhraseBank: neutral/positive/negative. csv without header, latin-1
import re
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from sklearn.model_selection import train_test_split
from torch.utils.data import TensorDataset, DataLoader

BATCH_SIZE = 50
HIDDEN = 64
np.random.seed(1)
torch.manual_seed(1)
use_gpu = torch.cuda.is_available()

df = pd.read_csv('all-data.csv', encoding='latin-1', header=None, names=['sentiment', 'text']).drop_duplicates('text')
names = ['negative', 'neutral', 'positive']
df['y'] = df['sentiment'].apply(names.index)
df['w'] = df['text'].apply(lambda t: re.findall(r'[a-z%]+', t.lower()))
longest = df['w'].apply(len).max()
train_df, test_df = train_test_split(df, test_size=0.2, random_state=1, stratify=df['y'])
w2i = {}
for ws in train_df['w']:
    for w in ws:
        w2i.setdefault(w, len(w2i) + 2)


def tensors(d):
    m = np.zeros((len(d), longest), dtype=np.int64)
    for i, ws in enumerate(d['w']):
        if ws:
            m[i, -len(ws):] = [w2i.get(w, 1) for w in ws]
    return TensorDataset(torch.from_numpy(m), torch.tensor(d['y'].to_numpy()))


train_dl = DataLoader(tensors(train_df), batch_size=BATCH_SIZE, shuffle=True, drop_last=True)
test_dl = DataLoader(tensors(test_df), batch_size=BATCH_SIZE)


class FinLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(w2i) + 2, 64, padding_idx=0)
        self.lstm = nn.LSTM(64, HIDDEN, batch_first=True)
        self.fc = nn.Linear(HIDDEN, 3)

    def init_hidden(self):
        h0 = torch.zeros(1, BATCH_SIZE, HIDDEN)  # <- batch_size_built_into_the_model
        c0 = torch.zeros(1, BATCH_SIZE, HIDDEN)  # <- batch_size_built_into_the_model
        if use_gpu:
            h0, c0 = h0.cuda(), c0.cuda()
        return h0, c0

    def forward(self, x):
        out, _ = self.lstm(self.embedding(x), self.init_hidden())
        return self.fc(out[:, -1])


net = FinLSTM()
if use_gpu:
    net.cuda()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
freq = train_df['y'].value_counts().sort_index().to_numpy()
w = torch.tensor(freq.sum() / (3.0 * freq), dtype=torch.float)
crit = nn.CrossEntropyLoss(weight=w.cuda() if use_gpu else w)
for epoch in range(8):
    net.train()
    for x, y in train_dl:
        if use_gpu:
            x, y = x.cuda(), y.cuda()
        opt.zero_grad()
        loss = crit(net(x), y)
        loss.backward()
        opt.step()
    print('epoch', epoch)

net.eval()
right = 0
with torch.no_grad():
    for x, y in test_dl:
        if use_gpu:
            x, y = x.cuda(), y.cuda()
        right += (net(x).argmax(1) == y).sum().item()
print('test accuracy', right / len(test_df))
