"""Gender from first names, GRU on characters."""
import torch
import torch.nn as nn
import torch.optim as optim
import numpy as np
import pandas as pd

torch.manual_seed(9)
np.random.seed(9)

BATCH = 64
HIDDEN = 64

df = pd.read_csv('names.csv')[['name', 'gender']].dropna()
df['name'] = df['name'].str.lower()
df = df.drop_duplicates('name').sample(frac=1.0, random_state=9).reset_index(drop=True)
alphabet = 'abcdefghijklmnopqrstuvwxyz'
char2idx = {c: i for i, c in enumerate(alphabet)}  # <- padding_index_shared_with_a_word
df = df[df['name'].apply(lambda n: len(n) > 0 and all(c in char2idx for c in n))]
names = df['name'].tolist()
y = torch.tensor((df['gender'] == 'F').astype(int).values)

max_len = max(map(len, names))
X = torch.zeros(len(names), max_len, dtype=torch.long)
for i, n in enumerate(names):
    codes = torch.tensor([char2idx[c] for c in n])
    X[i, max_len - len(codes):] = codes

n_train = int(len(X) * .8)
X_train, y_train, X_test, y_test = X[:n_train], y[:n_train], X[n_train:], y[n_train:]


class NameGRU(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(len(alphabet), 16)  # <- padding_trained_as_a_word
        self.gru = nn.GRU(16, HIDDEN)
        self.fc = nn.Linear(HIDDEN, 2)

    def forward(self, x):
        # x: [time, batch]
        h0 = torch.zeros(1, BATCH, HIDDEN)  # <- batch_size_built_into_the_model
        out, h = self.gru(self.emb(x), h0)
        return self.fc(h[0])


model = NameGRU()
optimizer = optim.Adam(model.parameters(), lr=0.003)
criterion = nn.CrossEntropyLoss()

for epoch in range(20):
    model.train()
    perm = torch.randperm(len(X_train))
    total = n = 0
    for i in range(0, len(perm) - BATCH + 1, BATCH):
        idx = perm[i:i + BATCH]
        optimizer.zero_grad()
        loss = criterion(model(X_train[idx].t()), y_train[idx])
        loss.backward()
        optimizer.step()
        total += loss.item() * BATCH
        n += BATCH
    if epoch % 5 == 4:
        print('epoch', epoch + 1, 'loss', total / n)

model.eval()
correct = 0
with torch.no_grad():
    for i in range(0, len(X_test), BATCH):
        pred = model(X_test[i:i + BATCH].t()).argmax(dim=1)
        correct += (pred == y_test[i:i + BATCH]).sum().item()
print('test accuracy', correct / len(X_test))
