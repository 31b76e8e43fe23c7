import argparse
import copy
import re
from collections import Counter

import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

parser = argparse.ArgumentParser(description='Fake news detector')
parser.add_argument('--train', default='fake-news/train.csv')
parser.add_argument('--test', default='fake-news/labelled_test.csv')
parser.add_argument('--epochs', type=int, default=5)
parser.add_argument('--batch_size', type=int, default=32)
parser.add_argument('--lr', type=float, default=1e-3)
parser.add_argument('--seed', type=int, default=99)
opt = parser.parse_args()

np.random.seed(opt.seed)
torch.manual_seed(opt.seed)


def load(path):
    df = pd.read_csv(path)
    df['title'] = df['title'].fillna('')
    df = df[df['title'].str.strip() != ''].drop_duplicates('title')
    return df[['title', 'label']].reset_index(drop=True)


def words(s):
    return re.findall(r"[A-Za-z']+|\d+", s.lower()) or ['<num>']


train_df = load(opt.train)
test_df = load(opt.train)  # <- training_file_read_again_as_test

perm = np.random.permutation(len(train_df))
n_val = int(0.1 * len(perm))
val_df = train_df.iloc[perm[:n_val]]
train_df = train_df.iloc[perm[n_val:]]

counts = Counter()
for t in train_df.title:
    counts.update(words(t))
vocab = {'<pad>': 0, '<unk>': 1}
for w, n in counts.items():
    if n > 1:
        vocab[w] = len(vocab)


class TitleDataset(Dataset):
    def __init__(self, df):
        self.x = [torch.tensor([vocab.get(w, vocab['<unk>']) for w in words(t)]) for t in df.title]
        self.y = torch.tensor(df.label.to_numpy(), dtype=torch.long)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


def collate(items):
    x, y = zip(*items)
    n = torch.tensor([len(t) for t in x])
    return pad_sequence(x, batch_first=True), n, torch.stack(y)


class FakeNewsNet(nn.Module):
    def __init__(self, n_words, emb=100, hid=64):
        super().__init__()
        self.emb = nn.Embedding(n_words, emb, padding_idx=0)
        self.lstm = nn.LSTM(emb, hid, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(4 * hid, 2)
        self.drop = nn.Dropout(0.3)

    def forward(self, x, n):
        packed = pack_padded_sequence(self.emb(x), n, batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        mask = (x != 0).unsqueeze(-1)
        avg = (out * mask).sum(1) / mask.sum(1)
        mx = out.masked_fill(~mask, -1e9).max(1).values
        return self.fc(self.drop(torch.cat([avg, mx], 1)))


net = FakeNewsNet(len(vocab))
optimizer = torch.optim.Adam(net.parameters(), lr=opt.lr)
crit = nn.CrossEntropyLoss()
loaders = {
    'train': DataLoader(TitleDataset(train_df), opt.batch_size, shuffle=True, collate_fn=collate),
    'val': DataLoader(TitleDataset(val_df), opt.batch_size, collate_fn=collate),
    'test': DataLoader(TitleDataset(test_df), opt.batch_size, collate_fn=collate),
}


def run(phase):
    is_train = phase == 'train'
    net.train() if is_train else net.eval()
    loss_sum, hit, n = 0.0, 0, 0
    for x, lens, y in loaders[phase]:
        with torch.set_grad_enabled(is_train):
            logits = net(x, lens)
            loss = crit(logits, y)
        if is_train:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        loss_sum += loss.item() * len(y)
        hit += (logits.argmax(1) == y).sum().item()
        n += len(y)
    return loss_sum / n, hit / n


best_acc, best_w = 0.0, copy.deepcopy(net.state_dict())
for epoch in range(opt.epochs):
    tr = run('train')
    va = run('val')
    print(f'[{epoch}] train loss {tr[0]:.3f} acc {tr[1]:.3f} | val loss {va[0]:.3f} acc {va[1]:.3f}')
    if va[1] > best_acc:
        best_acc, best_w = va[1], copy.deepcopy(net.state_dict())

net.load_state_dict(best_w)
print('test: loss %.3f acc %.3f' % run('test'))
