# Wine descriptions: points (80..100) by regression, afterwards read as four classes
import math
import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from sklearn.model_selection import train_test_split

torch.manual_seed(33)
SEED = 33
BINS = np.array([85, 90, 95])           # <85, 85-89, 90-94, 95+

df = pd.read_csv("winemag-data-130k-v2.csv", index_col=0)
df = df.drop_duplicates("description")[["description", "points"]]
df["words"] = df.description.str.lower().str.replace(r"[^\w\s]", " ", regex=True).str.split()
train, test = train_test_split(df, test_size=0.15, random_state=SEED)
train, valid = train_test_split(train, test_size=0.1, random_state=SEED)

vc = train.words.explode().value_counts()
word2ind = {w: i for i, w in enumerate(vc[vc > 4].index, start=2)}
T = int(df.words.str.len().max())                      # nothing is cut off
mu, sd = train.points.mean(), train.points.std()       # scaling from the training part


def tensors(d):
    X = np.zeros((len(d), T), np.int64)
    n = np.zeros(len(d), np.int64)
    for i, w in enumerate(d.words):
        ids = [word2ind.get(x, 1) for x in w]
        X[i, :len(ids)] = ids
        n[i] = len(ids)
    z = ((d.points - mu) / sd).to_numpy(dtype=np.float32)
    return TensorDataset(torch.from_numpy(X), torch.from_numpy(n), torch.from_numpy(z))


class WineGRU(nn.Module):
    def __init__(self, V):
        super().__init__()
        self.emb = nn.Embedding(V, 100, padding_idx=0)
        self.gru = nn.GRU(100, 100, 2, batch_first=True, dropout=0.2)
        self.fc = nn.Linear(100, 1)

    def forward(self, X, n):
        H, _ = self.gru(self.emb(X))
        where = (n - 1)[:, None, None].repeat(1, 1, H.shape[2])
        return self.fc(torch.gather(H, 1, where)[:, 0]).reshape(-1)


def predict(net, loader):
    net.eval()
    with torch.no_grad():
        z = torch.cat([net(X, n) for X, n, _ in loader])
    return z.numpy() * sd + mu


net = WineGRU(len(word2ind) + 2)
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
sched = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, factor=0.3, patience=0)
mse = nn.MSELoss()
train_dl = DataLoader(tensors(train), 128, shuffle=True)
valid_dl = DataLoader(tensors(valid), 512)
test_dl = DataLoader(tensors(test), 512)

for epoch in range(6):
    net.train()
    total = 0.0
    for X, n, z in train_dl:
        opt.zero_grad()
        loss = mse(net(X, n), z)          # both [batch]
        loss.backward()
        opt.step()
        total += loss.item() * len(z)
    err = predict(net, valid_dl) - valid.points.to_numpy()
    rmse = math.sqrt((err ** 2).mean())
    sched.step(rmse)
    print(f"epoch {epoch} train mse (scaled) {total / len(train):.4f} valid rmse {rmse:.3f} points")

points = predict(net, test_dl)
gold = test.points.to_numpy()
print(f"test rmse {math.sqrt(((points - gold) ** 2).mean()):.3f} points")
print(f"test accuracy in four classes {(np.digitize(points.round(), BINS) == np.digitize(gold, BINS)).mean():.4f}")
