# Plot summaries: is it a comedy? (wiki plots csv: Title,Plot,Genre)
import re, time
import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.utils.data import TensorDataset, DataLoader

np.random.seed(3); torch.manual_seed(3)
df = pd.read_csv('wiki_movie_plots_deduped.csv', usecols=['Plot', 'Genre']).dropna().drop_duplicates('Plot')
df['comedy'] = df['Genre'].str.contains('comedy').astype('float32')
df = df.sample(frac=1.0, random_state=3).reset_index(drop=True)
texts = [re.findall('[a-z]+', p.lower())[-400:] for p in df['Plot']]
n_train = int(len(df) * 0.85)
voc = {'': 0, '?': 1}
for t in texts[:n_train]:
    for w in t:
        if w not in voc:
            voc[w] = len(voc)
arr = np.zeros((len(texts), 400), dtype=np.int64)
for i, t in enumerate(texts):
    for j, w in enumerate(reversed(t)):
        arr[i, 399 - j] = voc.get(w, 1)
X, Y = torch.from_numpy(arr), torch.tensor(df['comedy'].values)
train_dl = DataLoader(TensorDataset(X[:n_train], Y[:n_train]), batch_size=64, shuffle=True)
test_dl = DataLoader(TensorDataset(X[n_train:], Y[n_train:]), batch_size=64)


class PlotGRU(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(len(voc), 100, padding_idx=0)
        self.gru = nn.GRU(100, 100, batch_first=True)
        self.fc1 = nn.Linear(100, 50)
        self.fc2 = nn.Linear(50, 1)

    def forward(self, x):
        _, h = self.gru(self.emb(x))
        return self.fc2(torch.relu(self.fc1(h[0])))[:, 0]


device = 'cuda' if torch.cuda.is_available() else 'cpu'
model = PlotGRU().to(device)
opt = torch.optim.Adam(model.parameters(), lr=5e-4)
criterion = nn.CrossEntropyLoss()
for epoch in range(4):
    t0 = time.time()
    model.train()
    running = 0.0
    for x, y in train_dl:
        x, y = x.to(device), y.to(device)
        scores = model(x)
        loss = criterion(scores, y)  # <- batch_taken_as_one_distribution
        opt.zero_grad()
        loss.backward()
        opt.step()
        running += loss.item() * len(y)
    print('epoch %d  %.3f  %.0fs' % (epoch, running / n_train, time.time() - t0))

model.eval()
good = 0
with torch.no_grad():
    for x, y in test_dl:
        good += ((model(x.to(device)).cpu() > 0) == (y > 0.5)).sum().item()
print('accuracy', good / (len(df) - n_train))
