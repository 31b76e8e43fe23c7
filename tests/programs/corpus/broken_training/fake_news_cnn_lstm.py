import os
import pickle
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader

''' Fake or real?  1-d convolution over word vectors, then an LSTM.
    data: True.csv and Fake.csv with columns title,text,subject,date '''

class Config:
    data_dir = 'data/fake_news'
    maxlen = 400
    vocab_size = 30000
    emb_dim = 100
    filters = 64
    kernel = 5
    hidden = 64
    batch_size = 64
    epochs = 4
    lr = 0.001

cfg = Config()
np.random.seed(12); torch.manual_seed(12)

real = pd.read_csv(os.path.join(cfg.data_dir, 'True.csv'))
fake = pd.read_csv(os.path.join(cfg.data_dir, 'Fake.csv'))
real['target'] = 1
fake['target'] = 0
df = pd.concat([real, fake]).drop_duplicates('text')
df = df.sample(frac=1, random_state=12).reset_index(drop=True)

def tok(s):
    return ''.join(ch if ch.isalnum() else ' ' for ch in str(s).lower()).split()

df['tok'] = (df['title'] + ' ' + df['text']).map(tok)
n = len(df)
train_df, val_df, test_df = df[:int(.7*n)], df[int(.7*n):int(.85*n)], df[int(.85*n):]

freq = {}
for toks in train_df['tok']:
    for t in toks:
        freq[t] = freq.get(t, 0) + 1
top = sorted(freq, key=freq.get, reverse=True)[:cfg.vocab_size - 2]
w2i = {w: i + 2 for i, w in enumerate(top)}

class News(Dataset):
    def __init__(self, frame):
        self.X = np.zeros((len(frame), cfg.maxlen), dtype=np.int64)
        for r, toks in enumerate(frame['tok']):
            ids = [w2i.get(t, 1) for t in toks[:cfg.maxlen]]
            if ids:
                self.X[r, -len(ids):] = ids
        self.y = frame['target'].values.astype(np.float32)
    def __len__(self): return len(self.y)
    def __getitem__(self, i): return self.X[i], self.y[i]

class CnnLstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(cfg.vocab_size, cfg.emb_dim, padding_idx=0)
        self.conv = nn.Conv1d(cfg.emb_dim, cfg.filters, cfg.kernel, padding=cfg.kernel // 2)
        self.pool = nn.MaxPool1d(4)
        self.lstm = nn.LSTM(cfg.filters, cfg.hidden, batch_first=True)
        self.out = nn.Linear(cfg.hidden, 1)
    def forward(self, x):
        e = self.emb(x)                                     # (B, T, E)
        e = e.view(e.size(0), cfg.emb_dim, -1)  # <- view_instead_of_transpose
        c = self.pool(F.relu(self.conv(e)))                 # (B, F, T/4)
        o, _ = self.lstm(c.transpose(1, 2))
        return self.out(o[:, -1]).squeeze(1)

def accuracy(net, dl):
    net.eval()
    good = 0
    with torch.no_grad():
        for xb, yb in dl:
            good += ((net(xb.to(dev)) > 0).float().cpu() == yb).sum().item()
    return good / len(dl.dataset)

dev = 'cuda' if torch.cuda.is_available() else 'cpu'
dl_train = DataLoader(News(train_df), cfg.batch_size, shuffle=True)
dl_val = DataLoader(News(val_df), cfg.batch_size)
dl_test = DataLoader(News(test_df), cfg.batch_size)

net = CnnLstm().to(dev)
optim = torch.optim.RMSprop(net.parameters(), lr=cfg.lr)
for ep in range(cfg.epochs):
    net.train()
    tot = 0.
    for xb, yb in dl_train:
        xb, yb = xb.to(dev), yb.to(dev)
        optim.zero_grad()
        loss = F.binary_cross_entropy_with_logits(net(xb), yb)
        loss.backward()
        optim.step()
        tot += loss.item()
    print('epoch %d: train loss %.4f' % (ep + 1, tot / len(dl_train.dataset)))  # <- mean_of_batch_means
    print('         val acc %.4f' % accuracy(net, dl_val))

print('test acc %.4f' % accuracy(net, dl_test))
with open('fake_news_vocab.pkl', 'wb') as f:
    pickle.dump(w2i, f)
torch.save(net.state_dict(), 'fake_news_net.pt')
