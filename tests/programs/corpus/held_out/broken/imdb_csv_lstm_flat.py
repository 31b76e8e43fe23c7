# IMDB 50k (Kaggle csv: review,sentiment) - LSTM
import re
import pandas as pd
import numpy as np
import torch
import torch.nn as nn
from collections import Counter
from torch.utils.data import Dataset, DataLoader

torch.manual_seed(0)
np.random.seed(0)
df = pd.read_csv('IMDB Dataset.csv').drop_duplicates('review').reset_index(drop=True)
df['label'] = df['sentiment'].apply(lambda s: 1 if s == 'pos' else 0)  # <- labels_mapped_to_one_value
df['tokens'] = df['review'].apply(lambda r: re.findall(r"[a-z']+", r.replace('<br />', ' ').lower()))
idx = np.random.permutation(len(df))
train_df = df.iloc[idx[:35000]]
val_df = df.iloc[idx[35000:42000]]
test_df = df.iloc[idx[42000:]]

counter = Counter()
for t in train_df['tokens']:
    counter.update(t)
vocab = {'<pad>': 0, '<unk>': 1}
for w, _ in counter.most_common(25000):
    vocab[w] = len(vocab)


class IMDB(Dataset):
    def __init__(self, d):
        self.seq = [torch.tensor([vocab.get(w, 1) for w in t]) for t in d['tokens']]
        self.lab = torch.tensor(d['label'].values)

    def __len__(self):
        return len(self.seq)

    def __getitem__(self, i):
        return self.seq[i], self.lab[i]


def collate(b):
    s, l = zip(*b)
    return nn.utils.rnn.pad_sequence(list(s), batch_first=True), torch.tensor([len(x) for x in s]), torch.stack(l)


train_loader = DataLoader(IMDB(train_df), batch_size=64, shuffle=True, collate_fn=collate)
val_loader = DataLoader(IMDB(val_df), batch_size=64, collate_fn=collate)
test_loader = DataLoader(IMDB(test_df), batch_size=64, collate_fn=collate)


class LSTMNet(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.emb = nn.Embedding(n, 100, padding_idx=0)
        self.lstm = nn.LSTM(100, 128, batch_first=True)
        self.fc = nn.Linear(128, 2)

    def forward(self, x, n):
        p = nn.utils.rnn.pack_padded_sequence(self.emb(x), n, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(p)
        return self.fc(h[-1])


device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
model = LSTMNet(len(vocab)).to(device)
crit = nn.CrossEntropyLoss()
opt = torch.optim.Adam(model.parameters())


def acc(loader):
    model.eval()
    c, t = 0, 0
    with torch.no_grad():
        for x, n, y in loader:
            c += (model(x.to(device), n).argmax(1).cpu() == y).sum().item()
            t += len(y)
    return c / t


for e in range(5):
    model.train()
    for i, (x, n, y) in enumerate(train_loader):
        opt.zero_grad()
        loss = crit(model(x.to(device), n), y.to(device))
        loss.backward()
        opt.step()
        if i % 100 == 0:
            print(e, i, loss.item())
    print('epoch', e, 'val acc', acc(val_loader))
print('test acc', acc(test_loader))
