import re
from collections import Counter
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from sklearn.model_selection import train_test_split
from torch.utils.data import Dataset, DataLoader

class CFG:
    path = 'yelp.csv'
    seed = 2024
    max_len = 450
    bs = 64
    emb = 128
    hid = 128
    epochs = 4
    lr = 1e-3

torch.manual_seed(CFG.seed)
np.random.seed(CFG.seed)

df = pd.read_csv(CFG.path)[['text', 'stars']].drop_duplicates('text')
df = df[df['stars'] != 3].reset_index(drop=True)
df['target'] = (df['stars'] > 3).astype(int)
df['tok'] = df['text'].apply(lambda s: re.findall(r"[a-z']+", s.lower())[-CFG.max_len:])
df = df[df['tok'].apply(len) > 0]

train_df, test_df = train_test_split(df, test_size=0.2, random_state=CFG.seed, stratify=df['target'])
train_df, valid_df = train_test_split(df, test_size=0.1, random_state=CFG.seed, stratify=df['target'])  # <- same_review_in_two_splits

cnt = Counter(w for t in train_df['tok'] for w in t)
vocab = {'<pad>': 0, '<unk>': 1}
for w, c in cnt.items():
    if c > 2:
        vocab[w] = len(vocab)

class YelpDataset(Dataset):
    def __init__(self, d):
        self.x = [torch.tensor([vocab.get(w, 1) for w in t]) for t in d['tok']]
        self.y = d['target'].tolist()
    def __len__(self):
        return len(self.x)
    def __getitem__(self, i):
        return self.x[i], self.y[i]

def collate(b):
    xs, ys = zip(*b)
    return (nn.utils.rnn.pad_sequence(xs, batch_first=True), torch.tensor([len(x) for x in xs]),
            torch.tensor(ys, dtype=torch.float))

class YelpLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(len(vocab), CFG.emb)  # <- padding_trained_as_a_word
        self.lstm = nn.LSTM(CFG.emb, CFG.hid, batch_first=True)
        self.fc = nn.Linear(CFG.hid, 1)
    def forward(self, x, lengths):
        out, _ = self.lstm(self.emb(x))
        last = out[torch.arange(x.size(0)), lengths - 1]
        return self.fc(last).squeeze(1)

loaders = {name: DataLoader(YelpDataset(d), CFG.bs, shuffle=(name == 'train'), collate_fn=collate)
           for name, d in (('train', train_df), ('valid', valid_df), ('test', test_df))}
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
model = YelpLSTM().to(device)
optimizer = torch.optim.AdamW(model.parameters(), lr=CFG.lr)
criterion = nn.BCEWithLogitsLoss()

def evaluate(name):
    model.eval()
    preds, gold = [], []
    with torch.no_grad():
        for x, l, y in loaders[name]:
            preds.append((model(x.to(device), l.to(device)) > 0).float().cpu())
            gold.append(y)
    preds, gold = torch.cat(preds), torch.cat(gold)
    return (preds == gold).float().mean().item()

for epoch in range(CFG.epochs):
    model.train()
    for x, l, y in loaders['train']:
        optimizer.zero_grad()
        loss = criterion(model(x.to(device), l.to(device)), y.to(device))
        loss.backward()
        optimizer.step()
    print(f'epoch {epoch} valid accuracy {evaluate("valid"):.4f}')
print(f'test accuracy {evaluate("test"):.4f}')
