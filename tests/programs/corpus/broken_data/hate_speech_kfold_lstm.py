import re
import random
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from collections import Counter
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence
from torch.utils.data import DataLoader
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import resample

SEED = 2020
random.seed(SEED); np.random.seed(SEED); torch.manual_seed(SEED)

df = pd.read_csv('data/hate_speech.csv').drop_duplicates('tweet')
df['class'] = LabelEncoder().fit_transform(df['class'])
df['tokens'] = df['tweet'].str.lower().map(lambda s: re.findall(r"#?\w+", s))
df = df[df['tokens'].map(len) > 0]

biggest = df['class'].value_counts().max()
parts = [resample(g, replace=True, n_samples=biggest, random_state=SEED) for _, g in df.groupby('class')]
df = pd.concat(parts).sample(frac=1, random_state=SEED).reset_index(drop=True)
n_classes = df['class'].nunique()


class Net(nn.Module):
    def __init__(self, V):
        super().__init__()
        self.emb = nn.Embedding(V, 100, padding_idx=0)
        self.lstm = nn.LSTM(100, 64, batch_first=True)
        self.fc = nn.Linear(64, n_classes)

    def forward(self, x, l):
        _, (h, _) = self.lstm(pack_padded_sequence(self.emb(x), l, batch_first=True, enforce_sorted=False))
        return self.fc(h[-1])


scores = []
skf = StratifiedKFold(n_splits=5, shuffle=True, random_state=SEED)
for fold, (tr, te) in enumerate(skf.split(df, df['class'])):  # <- copies_made_before_the_split
    train, test = df.iloc[tr], df.iloc[te]
    cnt = Counter(w for t in train['tokens'] for w in t)
    w2i = {w: i + 2 for i, w in enumerate(sorted(cnt))}

    def collate(b):
        xs = [torch.tensor([w2i.get(w, 1) for w in t]) for t, _ in b]
        return (pad_sequence(xs, batch_first=True), torch.tensor([len(x) for x in xs]),
                torch.tensor([y for _, y in b]))

    tr_dl = DataLoader(list(zip(train['tokens'], train['class'])), 64, shuffle=True, collate_fn=collate)
    te_dl = DataLoader(list(zip(test['tokens'], test['class'])), 64, collate_fn=collate)

    model = Net(len(w2i) + 2)
    opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    crit = nn.CrossEntropyLoss()
    for epoch in range(4):
        model.train()
        for x, l, y in tr_dl:
            opt.zero_grad()
            loss = crit(model(x, l), y)
            loss.backward()
            opt.step()
    model.eval()
    ok = 0
    with torch.no_grad():
        for x, l, y in te_dl:
            ok += (model(x, l).argmax(1) == y).sum().item()
    scores.append(ok / len(test))
    print('fold', fold, 'accuracy', scores[-1])

print('mean accuracy %.4f +- %.4f' % (np.mean(scores), np.std(scores)))
