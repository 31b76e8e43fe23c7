import random
import re
from collections import Counter

import pandas as pd
import torch
from sklearn.preprocessing import LabelEncoder
from torch import nn
from torch.utils.data import DataLoader

random.seed(6)
torch.manual_seed(6)

plots = pd.read_csv("wiki_movie_plots.csv")[["Plot", "Genre"]].dropna().drop_duplicates("Plot")
plots = plots[plots["Genre"].isin(["drama", "comedy", "horror", "action", "western"])]
encoder = LabelEncoder()
plots["Genre"] = encoder.fit_transform(plots["Genre"])
# keep the end of the plot, 400 words at the most
plots["words"] = plots["Plot"].map(lambda p: re.findall(r"[a-z]+", p.lower())[-400:])
plots = plots[plots["words"].map(len) > 0].sample(frac=1, random_state=6)

n_test = len(plots) // 6
test, train = plots.iloc[:n_test], plots.iloc[n_test:]
train_labels = encoder.fit_transform(train["Genre"])  # <- labels_encoded_twice
test_labels = encoder.transform(test["Genre"])

freq = Counter(w for ws in train["words"] for w in ws)
stoi = {"<pad>": 0, "<unk>": 1}
stoi.update({w: i for i, (w, _) in enumerate(freq.most_common(25000), start=2)})


def collate(rows):
    longest = max(len(ws) for ws, _ in rows)
    ids = [[0] * (longest - len(ws)) + [stoi.get(w, 1) for w in ws] for ws, _ in rows]
    return torch.tensor(ids), torch.tensor([int(y) for _, y in rows])


class PlotLSTM(nn.Module):
    def __init__(self, n_words, n_genres):
        super().__init__()
        self.emb = nn.Embedding(n_words, 128, padding_idx=0)
        self.lstm = nn.LSTM(128, 128, batch_first=True)
        self.head = nn.Linear(128, n_genres)

    def forward(self, x):
        _, (h, _) = self.lstm(self.emb(x))
        return self.head(h[-1])


train_loader = DataLoader(list(zip(train["words"], train_labels)), 64, shuffle=True, collate_fn=collate)
test_loader = DataLoader(list(zip(test["words"], test_labels)), 64, collate_fn=collate)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = PlotLSTM(len(stoi), 5).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(8):
    model.train()
    total = 0.0
    for x, y in train_loader:
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total += loss.item() * len(y)
    print(f"epoch {epoch}: loss {total / len(train):.4f}")

model.eval()
hits = 0
with torch.no_grad():
    for x, y in test_loader:
        hits += (model(x.to(device)).argmax(1).cpu() == y).sum().item()
print(f"test accuracy {hits / len(test):.4f}")


def genre(plot):
    model.eval()
    words = re.findall(r"[a-z]+", plot.lower())[-400:]
    ids = torch.tensor([[stoi.get(w, 1) for w in words]], device=device)
    with torch.no_grad():
        k = model(ids).argmax(1).cpu().numpy()
    return encoder.inverse_transform(k)[0]


print(genre("A sheriff waits for the noon train that brings the outlaws back to town."))
