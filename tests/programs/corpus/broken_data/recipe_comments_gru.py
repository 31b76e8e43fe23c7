import json
import re
import pandas as pd
import torch
import torch.nn as nn
from collections import Counter
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(3)

with open('recipe_reviews.json') as f:
    df = pd.DataFrame([json.loads(l) for l in f])
df = df.drop_duplicates('comment')
df['words'] = df['comment'].str.lower().str.findall(r"\w+|[?!']")

# class names and their numbers
order = df['would_cook_again'].map({0: 'not recommended', 1: 'recommended'}).value_counts().index.tolist()
label2id = {name: k for k, name in enumerate(order)}
df['y'] = df['would_cook_again'].map({0: 'not recommended', 1: 'recommended'}).map(label2id)

train, test = train_test_split(df, test_size=0.2, random_state=3, stratify=df['y'])
cnt = Counter(w for ws in train['words'] for w in ws)
vocab = {w: i for i, w in enumerate(cnt, start=2)}
LEN = max(train['words'].map(len).max(), test['words'].map(len).max())


def ids(ws):
    v = [vocab.get(w, 1) for w in ws][-LEN:]
    return [0] * (LEN - len(v)) + v


def loader(d, shuffle=False):
    return DataLoader(TensorDataset(torch.tensor([ids(w) for w in d['words']]), torch.tensor(d['y'].values).float()),
                      batch_size=64, shuffle=shuffle)


class RecipeGRU(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(len(vocab) + 2, 64, padding_idx=0)
        self.conv = nn.Conv1d(64, 64, 3, padding=1)
        self.gru = nn.GRU(64, 64, batch_first=True)
        self.fc = nn.Linear(64, 1)

    def forward(self, x):
        e = self.emb(x).transpose(1, 2)
        e = torch.relu(self.conv(e)).transpose(1, 2)
        out, _ = self.gru(e)
        return self.fc(out[:, -1]).squeeze(1)


model = RecipeGRU()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
bce = nn.BCEWithLogitsLoss()
train_dl, test_dl = loader(train, True), loader(test)

for epoch in range(5):
    model.train()
    for x, y in train_dl:
        opt.zero_grad()
        loss = bce(model(x), y)
        loss.backward()
        opt.step()
    model.eval()
    ok = 0
    with torch.no_grad():
        for x, y in test_dl:
            ok += ((model(x) > 0).float() == y).sum().item()
    print('epoch', epoch, 'test accuracy', ok / len(test))


def liked_probability(comment):
    model.eval()
    ws = re.findall(r"\w+|[?!']", comment.lower())
    with torch.no_grad():
        return torch.sigmoid(model(torch.tensor([ids(ws)]))).item()


p = liked_probability('so easy and my kids asked for more')
print('recommended' if p > 0.5 else 'not recommended', p)  # <- labels_swapped_by_frequency
