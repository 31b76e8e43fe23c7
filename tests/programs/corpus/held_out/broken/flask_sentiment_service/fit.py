import pickle
import random
from collections import Counter

import pandas as pd
import torch
import torch.nn as nn

from nets import SentimentGRU, clean_and_split, front_pad

random.seed(2)
torch.manual_seed(2)
train = pd.read_csv('reviews_train.csv')
valid = pd.read_csv('reviews_valid.csv')
counts = Counter(w for t in train.text for w in clean_and_split(t))
stoi = {w: i + 2 for i, (w, c) in enumerate(counts.most_common(20000))}


def encode(frame):
    rows = [([stoi.get(w, 1) for w in clean_and_split(t)] or [1], int(y)) for t, y in zip(frame.text, frame.positive)]
    return rows


train_rows, valid_rows = encode(train), encode(valid)
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
model = SentimentGRU(len(stoi) + 2).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()

best = 0.0
for epoch in range(6):
    random.shuffle(train_rows)
    model.train()
    for i in range(0, len(train_rows), 50):
        part = train_rows[i:i + 50]
        x = front_pad([r for r, _ in part]).to(device)
        y = torch.tensor([l for _, l in part]).to(device)
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
    model.eval()
    right = 0
    with torch.no_grad():
        for i in range(0, len(valid_rows), 50):
            part = valid_rows[i:i + 50]
            pred = model(front_pad([r for r, _ in part]).to(device)).argmax(1).tolist()
            right += sum(p == l for p, (_, l) in zip(pred, part))
    acc = right / len(valid_rows)
    print(f'epoch {epoch} valid accuracy {acc:.4f}')
    if acc > best:
        best = acc
        torch.save(model.state_dict(), 'gru.pt')
        with open('stoi.pkl', 'wb') as f:
            pickle.dump(stoi, f)
