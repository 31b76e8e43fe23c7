"""Yelp polarity (train.csv / test.csv without header: "1" bad, "2" good)."""
import csv
import random
import sys
import zlib

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.utils.data import DataLoader, Dataset, Subset

csv.field_size_limit(sys.maxsize)
BUCKETS = 2 ** 16
torch.manual_seed(2)
random.seed(2)


def hashed(text):
    words = text.replace("\\n", " ").lower().split()
    return [zlib.crc32(w.encode()) % (BUCKETS - 1) + 1 for w in words] or [1]


class Yelp(Dataset):
    def __init__(self, path):
        with open(path, encoding="utf-8", newline="") as f:
            self.rows = [(hashed(text), int(label)) for label, text in csv.reader(f)]

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        ids, label = self.rows[i]
        return torch.tensor(ids), label


def collate(batch):
    ids = [b[0] for b in batch]
    labels = torch.tensor([b[1] for b in batch], dtype=torch.float)
    return pad_sequence(ids, batch_first=True), torch.tensor([len(i) for i in ids]), labels


class YelpRNN(nn.Module):
    def __init__(self, emb=50, hid=100):
        super().__init__()
        self.table = nn.Embedding(BUCKETS, emb, padding_idx=0)
        self.rnn = nn.GRU(emb, hid, batch_first=True)
        self.score = nn.Linear(hid, 1)

    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.table(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        return self.score(self.rnn(x)[1][-1]).squeeze(-1)


device = "cuda" if torch.cuda.is_available() else "cpu"
train_all, test = Yelp("yelp_review_polarity_csv/train.csv"), Yelp("yelp_review_polarity_csv/test.csv")
perm = torch.randperm(len(train_all)).tolist()
cut = len(perm) // 20
valid, train = Subset(train_all, perm[:cut]), Subset(train_all, perm[cut:])
dl = {
    "train": DataLoader(train, 128, shuffle=True, collate_fn=collate),
    "valid": DataLoader(valid, 256, collate_fn=collate),
    "test": DataLoader(test, 256, collate_fn=collate),
}

model = YelpRNN().to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
scheduler = ReduceLROnPlateau(optimizer, patience=1, factor=0.3)


def evaluate(name):
    model.eval()
    loss, right, n = 0.0, 0, 0
    with torch.no_grad():
        for ids, lengths, y in dl[name]:
            y = y.to(device)
            z = model(ids.to(device), lengths)
            loss += F.binary_cross_entropy_with_logits(z, y, reduction="sum").item()  # <- labels_outside_zero_and_one
            right += ((z > 0) == (y == 2)).sum().item()
            n += len(y)
    return loss / n, right / n


for epoch in range(5):
    model.train()
    for step, (ids, lengths, y) in enumerate(dl["train"]):
        y = y.to(device)
        loss = F.binary_cross_entropy_with_logits(model(ids.to(device), lengths), y)  # <- labels_outside_zero_and_one
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    scheduler.step()  # <- scheduler_stepped_at_the_wrong_time
    v_loss, v_acc = evaluate("valid")
    print(f"epoch {epoch} valid loss {v_loss:.4f} accuracy {v_acc:.4f}")

print("test loss %.4f accuracy %.4f" % evaluate("test"))
