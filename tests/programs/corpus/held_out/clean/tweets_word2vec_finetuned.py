# Airline tweets -> negative / neutral / positive.  gensim vectors trained on the training tweets.
import json
import re

import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from gensim.models import Word2Vec
from nltk.tokenize import TweetTokenizer
from sklearn.metrics import classification_report
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader

SEED = 404
np.random.seed(SEED)
torch.manual_seed(SEED)
LABELS = {'negative': 0, 'neutral': 1, 'positive': 2}
tknzr = TweetTokenizer(preserve_case=False, reduce_len=True, strip_handles=True)


def tok(tweet):
    tweet = re.sub(r'http\S+', '', tweet)
    return tknzr.tokenize(tweet) or ['...']


df = pd.read_csv('Tweets.csv')[['text', 'airline_sentiment']].drop_duplicates('text')
df['y'] = df['airline_sentiment'].map(LABELS)
df['tok'] = df['text'].map(tok)
train, test = train_test_split(df, test_size=0.2, stratify=df['y'], random_state=SEED)
train, val = train_test_split(train, test_size=0.1, stratify=train['y'], random_state=SEED)

w2v = Word2Vec(train['tok'].tolist(), vector_size=100, window=5, min_count=2, workers=1, seed=SEED, epochs=20)
itos = ['<pad>', '<unk>'] + w2v.wv.index_to_key
stoi = {w: i for i, w in enumerate(itos)}
matrix = np.random.normal(0, 0.1, (len(itos), 100)).astype('float32')
matrix[0] = 0
matrix[2:] = w2v.wv.vectors
matrix = torch.from_numpy(matrix)


def rows(frame):
    return [(torch.tensor([stoi.get(w, 1) for w in t]), y) for t, y in zip(frame['tok'], frame['y'])]


def collate(batch):
    xs, ys = zip(*batch)
    lens = torch.tensor([len(x) for x in xs])
    return nn.utils.rnn.pad_sequence(list(xs), batch_first=True), lens, torch.tensor(ys)


train_dl = DataLoader(rows(train), 32, shuffle=True, collate_fn=collate)
val_dl = DataLoader(rows(val), 64, collate_fn=collate)
test_dl = DataLoader(rows(test), 64, collate_fn=collate)


class TweetLSTM(nn.Module):
    def __init__(self, vectors):
        super().__init__()
        self.emb = nn.Embedding(vectors.size(0), vectors.size(1), padding_idx=0)
        self.emb.weight.data.copy_(vectors)          # row 0 of the matrix is all zeros
        self.lstm = nn.LSTM(vectors.size(1), 128, batch_first=True)
        self.bn = nn.BatchNorm1d(128)
        self.fc = nn.Linear(128, 3)

    def forward(self, x, lens):
        packed = nn.utils.rnn.pack_padded_sequence(self.emb(x), lens, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.fc(self.bn(h[-1]))


model = TweetLSTM(matrix)
counts = train['y'].value_counts().sort_index().to_numpy()
loss_fn = nn.CrossEntropyLoss(weight=torch.tensor(counts.sum() / (3 * counts), dtype=torch.float32))
opt = torch.optim.Adam([{'params': model.emb.parameters(), 'lr': 1e-4},
                        {'params': model.lstm.parameters()},
                        {'params': model.bn.parameters()},
                        {'params': model.fc.parameters()}], lr=1e-3)


def predictions(dl):
    model.eval()
    pred, true = [], []
    with torch.no_grad():
        for x, lens, y in dl:
            pred.extend(model(x, lens).argmax(1).tolist())
            true.extend(y.tolist())
    return np.array(pred), np.array(true)


for epoch in range(6):
    model.train()
    for x, lens, y in train_dl:
        if len(y) == 1:
            continue        # batch norm cannot train on one row
        opt.zero_grad()
        loss = loss_fn(model(x, lens), y)
        loss.backward()
        opt.step()
    pred, true = predictions(val_dl)
    print('epoch', epoch, 'validation accuracy', (pred == true).mean())

pred, true = predictions(test_dl)
print(classification_report(true, pred, target_names=list(LABELS)))
torch.save(model.state_dict(), 'tweet_lstm.pt')
with open('tweet_lstm_vocab.json', 'w') as f:
    json.dump(itos, f)
