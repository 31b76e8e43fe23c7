import re, os
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader
from torchtext.data.utils import get_tokenizer
from torchtext.vocab import build_vocab_from_iterator

np.random.seed(25)
torch.manual_seed(25)
tokenizer = get_tokenizer('basic_english')


class EarlyStopping:
    def __init__(self, patience=2):
        self.patience, self.bad, self.best = patience, 0, None
        self.best_model = None
        self.stop = False

    def __call__(self, loss, model):
        if self.best is None or loss < self.best:
            self.best, self.bad = loss, 0
            self.best_model = model  # <- best_weights_are_an_alias
        else:
            self.bad += 1
            self.stop = self.bad >= self.patience


df = pd.read_csv('steam_reviews.csv', usecols=['review', 'recommendation']).dropna().drop_duplicates('review')
df['y'] = (df['recommendation'] == 'Recommended').astype(int)
df['tokens'] = df['review'].map(tokenizer)
df = df[df['tokens'].map(len) > 0]
order = np.random.permutation(len(df))
a, b = int(.8 * len(df)), int(.9 * len(df))
train, valid, test = df.iloc[order[:a]], df.iloc[order[a:b]], df.iloc[order[b:]]

vocab = build_vocab_from_iterator(train['tokens'], min_freq=3, specials=['<unk>', '<pad>'])
vocab.set_default_index(vocab['<unk>'])


class Steam(Dataset):
    def __init__(self, frame):
        self.x = [torch.tensor(vocab(t)) for t in frame['tokens']]
        self.y = frame['y'].tolist()

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


def collate(rows):
    xs, ys = zip(*rows)
    x = nn.utils.rnn.pad_sequence(list(xs), batch_first=True, padding_value=0)  # <- padding_index_guessed
    return x, torch.tensor(ys, dtype=torch.float)


class SteamLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(len(vocab), 100, padding_idx=vocab['<pad>'])
        self.lstm = nn.LSTM(100, 64, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(128, 1)
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        o, _ = self.lstm(self.emb(x))
        real = (x != vocab['<pad>']).unsqueeze(2)
        o = o.masked_fill(~real, float('-inf')).max(1).values
        return self.fc(self.drop(o)).squeeze(1)


dls = [DataLoader(Steam(f), 64, shuffle=s, collate_fn=collate) for f, s in ((train, True), (valid, False), (test, False))]
model = SteamLSTM()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
crit = nn.BCEWithLogitsLoss()
stopper = EarlyStopping()


def loss_and_accuracy(m, dl):
    m.eval()
    s = k = n = 0
    with torch.no_grad():
        for x, y in dl:
            z = m(x)
            s += crit(z, y).item() * len(y)
            k += ((z > 0).float() == y).sum().item()
            n += len(y)
    return s / n, k / n


for epoch in range(15):
    model.train()
    for x, y in dls[0]:
        opt.zero_grad()
        loss = crit(model(x), y)
        loss.backward()
        opt.step()
    vl, va = loss_and_accuracy(model, dls[1])
    print(f'epoch {epoch}: valid loss {vl:.4f}, accuracy {va:.4f}')
    stopper(vl, model)
    if stopper.stop:
        break
print('test loss %.4f accuracy %.4f' % loss_and_accuracy(stopper.best_model, dls[2]))
