"""Steam reviews: recommended or not.  Two GRUs (title of the game, review) and one head."""
import re
import random

import pandas as pd
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader
from sklearn.model_selection import train_test_split

torch.manual_seed(61)
random.seed(61)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

df = pd.read_csv("data/steam.csv")[["title", "user_review", "user_suggestion"]].dropna()
df = df.drop_duplicates("user_review")


def cut_words(s):
    return re.findall(r"[a-z0-9]+|[!?♥]", s.lower()) or ["?"]


df["t"] = df["title"].map(cut_words)
df["r"] = df["user_review"].map(cut_words)
rows = list(zip(df["t"], df["r"], df["user_suggestion"].astype(float)))
train, rest = train_test_split(rows, test_size=0.2, random_state=61)
valid, test = train_test_split(rest, test_size=0.5, random_state=61)
vocab = {"<pad>": 0, "<unk>": 1}
for t, r, _ in train:
    for w in t + r:
        vocab.setdefault(w, len(vocab))


def pad(lists):
    ids = [torch.tensor([vocab.get(w, 1) for w in l]) for l in lists]
    return pad_sequence(ids, batch_first=True), torch.tensor([len(i) for i in ids])


def collate(batch):
    return pad([b[0] for b in batch]), pad([b[1] for b in batch]), torch.tensor([b[2] for b in batch])


class TextGRU(nn.Module):
    def __init__(self, table, hid):
        super().__init__()
        self.table = table
        self.gru = nn.GRU(table.embedding_dim, hid, batch_first=True, bidirectional=True)

    def forward(self, x, n):
        _, h = self.gru(pack_padded_sequence(self.table(x.to(device)), n, batch_first=True, enforce_sorted=False))
        return h[-1]  # <- wrong_directions_of_the_hidden_state


class SteamNet(nn.Module):
    def __init__(self):
        super().__init__()
        table = nn.Embedding(len(vocab), 80, padding_idx=0)
        self.title, self.review = TextGRU(table, 20), TextGRU(table, 80)
        self.head = nn.Sequential(nn.Linear(100, 50), nn.ReLU(), nn.Dropout(0.3), nn.Linear(50, 1))

    def forward(self, title, review):
        return self.head(torch.cat([self.title(*title), self.review(*review)], dim=1))


net = SteamNet().to(device)
opt = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.01)
train_dl = DataLoader(train, 32, shuffle=True, collate_fn=collate)
valid_dl = DataLoader(valid, 64, collate_fn=collate)
test_dl = DataLoader(test, 64, collate_fn=collate)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=6)


def accuracy(dl):
    net.eval()
    good, n = 0, 0
    with torch.no_grad():
        for t, r, y in dl:
            p = net(t, r).squeeze(1).cpu()
            good += ((p > 0.5).float() == y).sum().item()
            n += len(y)
    return good / n


for epoch in range(6):
    net.train()
    s, n = 0.0, 0
    for t, r, y in train_dl:
        opt.zero_grad()
        out = net(t, r)
        loss = F.binary_cross_entropy(out.squeeze(1), y.to(device))  # <- logits_in_bce_loss
        loss.backward()
        opt.step()
        schedule.step()  # <- scheduler_stepped_at_the_wrong_time
        s += loss.item() * len(y)
        n += len(y)
    print(f"epoch {epoch}: loss {s / n:.4f} valid {accuracy(valid_dl):.4f}")
print(f"test {accuracy(test_dl):.4f}")
torch.save(net, "steam_net.pth")  # <- whole_model_saved
torch.save(vocab, "steam_vocab.pth")
