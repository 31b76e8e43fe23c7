import re
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset
from sklearn.model_selection import train_test_split
from sklearn.metrics import classification_report
from keras.preprocessing.text import Tokenizer
from keras.preprocessing.sequence import pad_sequences

DATA = '../input/tweets-sentiment/tweets.csv'
EMB = 100
HID = 128
BS = 128
EPOCHS = 6


def clean_tweet(t):
    t = str(t).lower()
    t = re.sub(r'https?://\S+', ' url ', t)
    t = re.sub(r'@\w+', ' user ', t)
    t = re.sub(r'[^a-z!? ]', ' ', t)
    return re.sub(r'\s+', ' ', t).strip()


df = pd.read_csv(DATA, usecols=['text', 'sentiment'])
df = df.dropna().drop_duplicates('text')
df['text'] = df['text'].apply(clean_tweet)
df = df[df['text'].str.len() > 0]
df['y'] = df['sentiment'].map({'negative': 0, 'neutral': 1, 'positive': 2})
print(df['y'].value_counts())

tok = Tokenizer(oov_token='<oov>', filters='')
tok.fit_on_texts(df['text'])  # <- vocabulary_saw_the_test_set
seqs = tok.texts_to_sequences(df['text'])
maxlen = max(len(s) for s in seqs)
X = pad_sequences(seqs, maxlen=maxlen, padding='post', truncating='post')
y = df['y'].values

X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.2, random_state=0, stratify=y)
X_tr, X_va, y_tr, y_va = train_test_split(X_tr, y_tr, test_size=0.1, random_state=0, stratify=y_tr)


def make(X, y, shuffle):
    ds = TensorDataset(torch.tensor(X, dtype=torch.long), torch.tensor(y, dtype=torch.long))
    return DataLoader(ds, batch_size=BS, shuffle=shuffle)


tr, va, te = make(X_tr, y_tr, True), make(X_va, y_va, False), make(X_te, y_te, False)


class TweetLSTM(nn.Module):
    def __init__(self, n_words, n_classes=3):
        super().__init__()
        self.emb = nn.Embedding(n_words, EMB, padding_idx=0)
        self.drop = nn.Dropout(0.3)
        self.lstm = nn.LSTM(EMB, HID, batch_first=True)
        self.out = nn.Linear(HID, n_classes)

    def forward(self, x):
        e = self.drop(self.emb(x))
        o, _ = self.lstm(e)  # <- padding_read_as_last_step
        return self.out(o[:, -1, :])


dev = torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')
net = TweetLSTM(len(tok.word_index) + 1).to(dev)
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
lossf = nn.CrossEntropyLoss()


def run_eval(loader):
    net.eval()
    preds, gold = [], []
    with torch.no_grad():
        for xb, yb in loader:
            preds.append(net(xb.to(dev)).argmax(1).cpu().numpy())
            gold.append(yb.numpy())
    return np.concatenate(preds), np.concatenate(gold)


for ep in range(EPOCHS):
    net.train()
    tot = 0.0
    for xb, yb in tr:
        xb, yb = xb.to(dev), yb.to(dev)
        opt.zero_grad()
        loss = lossf(net(xb), yb)
        loss.backward()
        opt.step()
        tot += loss.item() * len(xb)
    p, g = run_eval(va)
    print('epoch %d  loss %.4f  val acc %.4f' % (ep, tot / len(tr.dataset), (p == g).mean()))

p, g = run_eval(te)
print(classification_report(g, p, target_names=['negative', 'neutral', 'positive']))
