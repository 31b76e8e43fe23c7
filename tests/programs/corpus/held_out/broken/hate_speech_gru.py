"""Hate speech detection (davidson labeled_data.csv). The hate class is small, so it is repeated."""
import re
import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, random_split

SEED = 31
torch.manual_seed(SEED)
np.random.seed(SEED)

data = pd.read_csv("labeled_data.csv")[["class", "tweet"]]     # 0 hate, 1 offensive, 2 neither
biggest = data["class"].value_counts().max()
parts = [g.sample(biggest, replace=True, random_state=SEED) for _, g in data.groupby("class")]
data = pd.concat(parts).sample(frac=1, random_state=SEED).reset_index(drop=True)
print(data["class"].value_counts())


def words(t):
    t = re.sub(r"@\w+|https?://\S+|&\w+;", " ", t.lower())
    return re.findall(r"[a-z']+", t) or ["nothing"]


class Tweets(Dataset):
    def __init__(self, frame):
        self.words = [words(t) for t in frame["tweet"]]
        self.y = frame["class"].to_numpy()

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.words[i], int(self.y[i])


full = Tweets(data)
n_test = len(full) // 5
train_set, test_set = random_split(full, [len(full) - n_test, n_test])  # <- copies_made_before_the_split

vocab = {"<pad>": 0, "<unk>": 1}
for i in train_set.indices:
    for w in full.words[i]:
        vocab.setdefault(w, len(vocab))


def collate(batch):
    n = torch.tensor([len(w) for w, _ in batch])
    x = torch.zeros(len(batch), int(n.max()), dtype=torch.long)
    for i, (ws, _) in enumerate(batch):
        x[i, :len(ws)] = torch.tensor([vocab.get(w, 1) for w in ws])
    return x, n, torch.tensor([y for _, y in batch])


class TweetGRU(nn.Module):
    def __init__(self, size, classes=3):
        super().__init__()
        self.embedding = nn.Embedding(size, 100, padding_idx=0)
        self.gru = nn.GRU(100, 100, batch_first=True)
        self.fc = nn.Linear(100, classes)

    def forward(self, x, n):
        out, _ = self.gru(self.embedding(x))
        last = out[torch.arange(len(n)), n - 1]
        return self.fc(last)


train_dl = DataLoader(train_set, batch_size=64, shuffle=True, collate_fn=collate)
test_dl = DataLoader(test_set, batch_size=64, collate_fn=collate)
model = TweetGRU(len(vocab))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(6):
    model.train()
    for x, n, y in train_dl:
        optimizer.zero_grad()
        loss = loss_fn(model(x, n), y)
        loss.backward()
        optimizer.step()
    print("finished epoch", epoch)

model.eval()
conf = np.zeros((3, 3), int)
with torch.no_grad():
    for x, n, y in test_dl:
        for a, b in zip(y.tolist(), model(x, n).argmax(1).tolist()):
            conf[a, b] += 1
print(conf)
print("accuracy", conf.trace() / conf.sum())
torch.save({"w": model.state_dict(), "vocab": vocab}, "hate.pt")
