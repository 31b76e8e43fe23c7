import re, random
import numpy as np, pandas as pd
import torch
import torch.nn as nn
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder
from torch.utils.data import Dataset, DataLoader

torch.manual_seed(42)

df = pd.read_csv('cyberbullying_tweets.csv').drop_duplicates('tweet_text')
le = LabelEncoder()
df['y'] = le.fit_transform(df['cyberbullying_type'])
df['tokens'] = df['tweet_text'].apply(lambda s: re.findall(r'[a-z]+', s.lower()) or ['blank'])

train_df, test_df = train_test_split(df, test_size=0.2, stratify=df['y'])  # <- shuffle_not_seeded
train_df, val_df = train_test_split(train_df, test_size=0.1, random_state=random.seed(42))  # <- random_state_is_none

vocab = {'<pad>': 0, '<unk>': 1}
for toks in train_df['tokens']:
    for t in toks:
        if t not in vocab: vocab[t] = len(vocab)

class TweetDataset(Dataset):
    def __init__(self, d):
        self.x = [[vocab.get(t, 1) for t in toks] for toks in d['tokens']]
        self.y = d['y'].tolist()
    def __len__(self): return len(self.x)
    def __getitem__(self, i): return self.x[i], self.y[i]

def collate(batch):
    m = max(len(x) for x, _ in batch)
    X = torch.tensor([x + [0] * (m - len(x)) for x, _ in batch])
    return X, torch.tensor([len(x) for x, _ in batch]), torch.tensor([y for _, y in batch])

class Model(nn.Module):
    def __init__(self, n_class):
        super().__init__()
        self.emb = nn.Embedding(len(vocab), 100, padding_idx=0)
        self.lstm = nn.LSTM(100, 64, 1, batch_first=True, bidirectional=True, dropout=0.3)  # <- dropout_on_a_single_layer
        self.fc = nn.Linear(128, n_class)
    def forward(self, x, n):
        p = nn.utils.rnn.pack_padded_sequence(self.emb(x), n, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(p)
        return self.fc(torch.cat((h[0], h[1]), 1))

train_dl = DataLoader(TweetDataset(train_df), 64, shuffle=True, collate_fn=collate)
val_dl = DataLoader(TweetDataset(val_df), 64, collate_fn=collate)
test_dl = DataLoader(TweetDataset(test_df), 64, collate_fn=collate)
device = 'cuda' if torch.cuda.is_available() else 'cpu'
model = Model(len(le.classes_))  # <- model_never_moved_to_the_device
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()

def run(dl):
    model.eval()
    n_ok = n = 0
    with torch.no_grad():
        for x, l, y in dl:
            x, y = x.to(device), y.to(device)
            n_ok += (model(x, l).argmax(1) == y).sum().item()
            n += y.numel()
    return n_ok / n

for epoch in range(5):
    model.train()
    for x, l, y in train_dl:
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()
        loss = criterion(model(x, l), y)
        loss.backward()
        optimizer.step()
    print(f'epoch {epoch} validation {run(val_dl):.4f}')
print(f'test {run(test_dl):.4f}')
