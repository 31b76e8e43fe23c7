import re

import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

PAD = 0
BATCH = 32
EPOCHS = 4
FOLDS = 5

np.random.seed(0)
torch.manual_seed(0)
device = "cuda" if torch.cuda.is_available() else "cpu"

df = pd.read_csv("data/spam.csv", encoding="latin-1")[["v1", "v2"]]
df.columns = ["label", "message"]
df = df.drop_duplicates("message").reset_index(drop=True)
df["y"] = (df["label"] == "spam").astype(int)


def tokenize(s):
    s = s.lower()
    s = re.sub(r"\d+", " num ", s)
    return re.findall(r"[a-z']+|[!?£$]", s) or ["empty"]


df["tokens"] = df["message"].apply(tokenize)


class SMS(Dataset):
    def __init__(self, frame, stoi):
        self.x = [torch.tensor([stoi[t] for t in toks]) for toks in frame["tokens"]]
        self.y = frame["y"].tolist()

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


def collate(batch):
    xs, ys = zip(*batch)
    lengths = torch.tensor([len(x) for x in xs])
    return pad_sequence(xs, batch_first=True, padding_value=PAD), lengths, torch.tensor(ys, dtype=torch.float)


class SpamLSTM(nn.Module):
    def __init__(self, n_words, emb=64, hid=64):
        super().__init__()
        self.emb = nn.Embedding(n_words, emb, padding_idx=PAD)
        self.lstm = nn.LSTM(emb, hid, batch_first=True)
        self.drop = nn.Dropout(0.3)
        self.out = nn.Linear(hid, 1)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.emb(x), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.out(self.drop(h[-1])).squeeze(-1)


def run_epoch(model, loader, optimizer, loss_fn):
    model.train()
    for x, lengths, y in loader:
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()
        loss = loss_fn(model(x, lengths), y)
        loss.backward()
        optimizer.step()


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    preds, golds, accs = [], [], []
    for x, lengths, y in loader:
        p = (torch.sigmoid(model(x.to(device), lengths)) > 0.5).float().cpu()
        accs.append((p == y).float().mean().item())
        preds += p.tolist()
        golds += y.tolist()
    return np.mean(accs), f1_score(golds, preds)  # <- mean_of_batch_means


# one vocabulary per fold would change the size of the embedding, so words are hashed into buckets instead
BUCKETS = 8000


class HashVocab:
    def __getitem__(self, word):
        h = 5381
        for ch in word:
            h = (h * 33 + ord(ch)) & 0xFFFFFFFF
        return 2 + h % (BUCKETS - 2)


stoi = HashVocab()
model = SpamLSTM(BUCKETS).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
loss_fn = nn.BCEWithLogitsLoss()

skf = StratifiedKFold(n_splits=FOLDS, shuffle=True, random_state=42)
scores = []
for fold, (tr, va) in enumerate(skf.split(df["message"], df["y"])):  # <- model_goes_on_from_the_last_fold
    train_loader = DataLoader(SMS(df.iloc[tr], stoi), batch_size=BATCH, shuffle=True, collate_fn=collate)
    valid_loader = DataLoader(SMS(df.iloc[va], stoi), batch_size=BATCH, collate_fn=collate)
    for epoch in range(EPOCHS):
        run_epoch(model, train_loader, optimizer, loss_fn)
    acc, f1 = evaluate(model, valid_loader)
    print(f"fold {fold}: acc={acc:.4f} f1={f1:.4f}")
    scores.append(f1)

print("mean F1 over folds: %.4f (+- %.4f)" % (np.mean(scores), np.std(scores)))
