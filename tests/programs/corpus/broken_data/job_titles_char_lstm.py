"""Field of work from a job title, characters, LSTM; asks for titles at the end."""
import string

import pandas as pd
import torch
import torch.nn as nn
from sklearn.preprocessing import LabelEncoder
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(44)
ALPHABET = string.ascii_lowercase + string.digits + " -/&."
CHARS = {c: i for i, c in enumerate(ALPHABET, start=2)}  # 0 padding, 1 other

jobs = pd.read_csv("job_titles.csv").dropna().drop_duplicates("title").sample(frac=1, random_state=44)
fields = LabelEncoder()
jobs["y"] = fields.fit_transform(jobs["field"])
width = jobs["title"].str.len().max()


def to_ids(title):
    return [CHARS.get(c, 1) for c in title.lower()]


def left_padded(titles):
    x = torch.zeros(len(titles), width, dtype=torch.long)
    for i, t in enumerate(titles):
        ids = to_ids(t)[-width:]
        x[i, width - len(ids):] = torch.tensor(ids)
    return x


X, y = left_padded(jobs["title"].tolist()), torch.tensor(jobs["y"].values)
n = int(0.8 * len(X))
train_loader = DataLoader(TensorDataset(X[:n], y[:n]), batch_size=64, shuffle=True)
test_loader = DataLoader(TensorDataset(X[n - 500:], y[n - 500:]), batch_size=64)  # <- same_review_in_two_splits


class JobLSTM(nn.Module):
    def __init__(self, n_fields):
        super().__init__()
        self.emb = nn.Embedding(len(CHARS) + 2, 32, padding_idx=0)
        self.lstm = nn.LSTM(32, 128, batch_first=True)
        self.fc = nn.Linear(128, n_fields)

    def forward(self, x):
        out, (h, c) = self.lstm(self.emb(x))
        return self.fc(out[:, -1])


model = JobLSTM(len(fields.classes_))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()
for epoch in range(10):
    model.train()
    total = 0.0
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(yb)
    print(f"epoch {epoch + 1} loss {total / n:.4f}")

model.eval()
right = seen = 0
with torch.no_grad():
    for xb, yb in test_loader:
        right += (model(xb).argmax(1) == yb).sum().item()
        seen += len(yb)
print(f"test accuracy {right / seen:.4f}")

while True:
    title = input("title (empty line ends): ").strip()
    if not title:
        break
    x = torch.tensor(to_ids(title))
    with torch.no_grad():
        scores = model(x)  # <- no_batch_axis_given
    print(fields.inverse_transform([scores.argmax().item()])[0])
