"""Predict the star rating (1-5) of a Yelp review as a number: LSTM regression."""
import json
import math
import random

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader
from tqdm import tqdm

PATH = "yelp/yelp_academic_dataset_review.json"
N = 60000
MAX_TOK = 450

random.seed(3)
torch.manual_seed(3)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

# reservoir sample, the file is too large to keep
sample = []
with open(PATH, encoding="utf-8") as f:
    for i, line in enumerate(f):
        if len(sample) < N:
            sample.append(line)
        else:
            j = random.randint(0, i)
            if j < N:
                sample[j] = line
reviews = []
for line in sample:
    d = json.loads(line)
    reviews.append((d["text"].lower().split()[:MAX_TOK], float(d["stars"])))
random.shuffle(reviews)
train, valid, test = reviews[:48000], reviews[48000:54000], reviews[54000:]

counts = {}
for toks, _ in train:
    for t in toks:
        counts[t] = counts.get(t, 0) + 1
index = {"<pad>": 0, "<unk>": 1}
for t in sorted(counts, key=counts.get, reverse=True)[:30000]:
    index[t] = len(index)


def collate(batch):
    seqs = [torch.tensor([index.get(t, 1) for t in toks] or [1]) for toks, _ in batch]
    lens = torch.tensor([len(s) for s in seqs])
    stars = torch.tensor([s for _, s in batch])
    return pad_sequence(seqs, batch_first=True), lens, stars


class StarLSTM(nn.Module):
    def __init__(self, vocab_size):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, 128, padding_idx=0)
        self.lstm = nn.LSTM(128, 128, batch_first=True)
        self.head = nn.Sequential(nn.Linear(128, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 1))

    def forward(self, x, lens):
        packed = pack_padded_sequence(self.embed(x), lens, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.head(h[-1])


def loaders():
    mk = lambda rows, sh: DataLoader(rows, batch_size=64, shuffle=sh, collate_fn=collate)
    return mk(train, True), mk(valid, False), mk(test, False)


def rmse(model, loader):
    model.eval()
    sq, n = 0.0, 0
    with torch.no_grad():
        for x, lens, stars in loader:
            pred = model(x.to(device), lens).view(-1).cpu()
            sq += ((pred - stars) ** 2).sum().item()
            n += len(stars)
    return math.sqrt(sq / n)


if __name__ == "__main__":
    tr, va, te = loaders()
    model = StarLSTM(len(index)).to(device)
    mse = nn.MSELoss()
    opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(4):
        model.train()
        total, n = 0.0, 0
        for x, lens, stars in tqdm(tr):
            pred = model(x.to(device), lens)
            loss = mse(pred, stars.to(device))  # <- scores_and_labels_broadcast
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss * len(stars)  # <- loss_summed_with_its_graph
            n += len(stars)
        print(f"epoch {epoch} mse {float(total) / n:.4f} valid rmse {rmse(model, va):.4f}")
    print(f"test rmse {rmse(model, te):.4f}")
