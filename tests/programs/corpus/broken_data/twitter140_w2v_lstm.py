# Sentiment140, word2vec trained with gensim on the training tweets
import re
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
import torch.nn.functional as F
from gensim.models import Word2Vec
from torch.utils.data import Dataset, DataLoader
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence

np.random.seed(0); torch.manual_seed(0)
COLS = ['target', 'ids', 'date', 'flag', 'user', 'text']
df = pd.read_csv('training.1600000.processed.noemoticon.csv', encoding='latin-1', names=COLS)
df = df.drop_duplicates('text')
df['target'] = df['target'].map(lambda t: 1 if t == '4' else 0)  # <- labels_mapped_to_one_value

pat = re.compile(r'@\S+|https?\S+|[^a-z0-9\']+')
df['tok'] = df['text'].str.lower().map(lambda s: pat.sub(' ', s).split())
df = df[df['tok'].map(len) > 0]

perm = np.random.permutation(len(df))
k = int(len(df) * 0.9)
train_df, test_df = df.iloc[perm[:k]], df.iloc[perm[k:]]
print('TRAIN size:', len(train_df), 'TEST size:', len(test_df))

w2v = Word2Vec(train_df['tok'].tolist(), vector_size=300, window=7, min_count=10, workers=2, epochs=8)
words = w2v.wv.index_to_key
word2idx = {w: i + 2 for i, w in enumerate(words)}
word2idx['<pad>'], word2idx['<unk>'] = 0, 1
weights = torch.cat([torch.zeros(1, 300), torch.randn(1, 300) * 0.1, torch.from_numpy(w2v.wv.vectors)])


class Tweets(Dataset):
    def __init__(self, d):
        self.x = [[word2idx.get(w, 1) for w in t] for t in d['tok']]
        self.y = d['target'].tolist()

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return torch.tensor(self.x[i]), self.y[i]


def pad(b):
    xs, ys = zip(*b)
    return pad_sequence(xs, batch_first=True), torch.tensor([len(x) for x in xs]), torch.tensor(ys).float()


class TweetNet(nn.Module):
    def __init__(self, weights):
        super().__init__()
        n, d = weights.shape
        self.embedding = nn.Embedding(n, d, padding_idx=0)
        self.embedding.from_pretrained(weights, freeze=False)  # <- pretrained_vectors_not_used
        self.drop = nn.Dropout(0.5)
        self.lstm = nn.LSTM(d, 100, batch_first=True)
        self.fc = nn.Linear(100, 1)

    def forward(self, x, lengths):
        e = self.drop(self.embedding(x))
        _, (h, _) = self.lstm(pack_padded_sequence(e, lengths, batch_first=True, enforce_sorted=False))
        return self.fc(h[-1])[:, 0]


train_dl = DataLoader(Tweets(train_df), batch_size=1024, shuffle=True, collate_fn=pad)
test_dl = DataLoader(Tweets(test_df), batch_size=1024, collate_fn=pad)
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
model = TweetNet(weights).to(device)
opt = torch.optim.Adam(model.parameters())

for epoch in range(8):
    model.train()
    tot = 0.0
    for x, l, y in train_dl:
        x, y = x.to(device), y.to(device)
        opt.zero_grad()
        loss = F.binary_cross_entropy_with_logits(model(x, l), y)
        loss.backward()
        opt.step()
        tot += loss.item() * len(y)
    model.eval()
    hit = 0
    with torch.no_grad():
        for x, l, y in test_dl:
            hit += ((model(x.to(device), l) > 0).cpu().float() == y).sum().item()
    print(f'epoch {epoch}: loss {tot / len(train_df):.4f}, ACCURACY {hit / len(test_df):.4f}')
