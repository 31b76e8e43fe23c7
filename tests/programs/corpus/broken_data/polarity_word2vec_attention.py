import re
import random
from collections import Counter
from dataclasses import dataclass

import pandas as pd
import torch
import torch.nn as nn
from torch.utils.data import DataLoader
from gensim.models import KeyedVectors


@dataclass
class Settings:
    train: str = 'polarity/train.csv'
    test: str = 'polarity/test.csv'
    vectors: str = 'GoogleNews-vectors-negative300.bin'
    hidden: int = 128
    batch: int = 64
    epochs: int = 5


S = Settings()
random.seed(1)
torch.manual_seed(1)


def read(path):
    d = pd.read_csv(path).dropna()
    out = []
    for text, label in zip(d['text'], d['label']):
        toks = re.findall(r"[A-Za-z']+", text)
        if toks:
            out.append((toks, int(label)))
    return out


train, test = read(S.train), read(S.test)
counts = Counter(w for t, _ in train for w in t)
itos = ['<pad>', '<unk>'] + [w for w, c in counts.items() if c > 1]
stoi = {w: i for i, w in enumerate(itos)}

wv = KeyedVectors.load_word2vec_format(S.vectors, binary=True)
weight = torch.empty(len(itos), 300).uniform_(-0.25, 0.25)  # <- pretrained_vectors_not_used
weight[0] = 0
for i, w in enumerate(itos):
    if w in wv:
        weight[i] = torch.tensor(wv[w])


def collate(batch):
    longest = max(len(t) for t, _ in batch)
    x = torch.zeros(len(batch), longest, dtype=torch.long)
    for i, (t, _) in enumerate(batch):
        x[i, :len(t)] = torch.tensor([stoi.get(w, 1) for w in t])
    return x, torch.tensor([y for _, y in batch])


class PolarityNet(nn.Module):
    def __init__(self, vocab_size, emb_dim=300):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, emb_dim, padding_idx=0)
        self.lstm = nn.LSTM(emb_dim, S.hidden, num_layers=2, dropout=0.3)
        self.attention = nn.Linear(S.hidden, 1)
        self.fc = nn.Linear(S.hidden, 2)

    def forward(self, x):
        # x: batch x words
        h0 = torch.zeros(2, x.size(1), S.hidden, device=x.device)
        c0 = torch.zeros(2, x.size(1), S.hidden, device=x.device)
        out, _ = self.lstm(self.embedding(x), (h0, c0))  # <- batch_axis_read_as_time
        energy = self.attention(out).squeeze(-1)
        energy = energy.masked_fill(x == 0, -1e9)
        alpha = torch.softmax(energy, dim=1)
        return self.fc(torch.einsum('bt,bth->bh', alpha, out))


device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
net = PolarityNet(len(itos)).to(device)
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()
train_loader = DataLoader(train, S.batch, shuffle=True, collate_fn=collate)
test_loader = DataLoader(test, S.batch, collate_fn=collate)

for epoch in range(S.epochs):
    net.train()
    loss_sum = 0.0
    for x, y in train_loader:
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 3.0)
        optimizer.step()
        loss_sum += loss.item() * len(y)
    print(f'Epoch {epoch + 1}/{S.epochs}  loss {loss_sum / len(train):.4f}')

net.eval()
correct = 0
with torch.no_grad():
    for x, y in test_loader:
        correct += (net(x.to(device)).argmax(dim=1).cpu() == y).sum().item()
print(f'Accuracy: {correct / len(test):.2%}')
