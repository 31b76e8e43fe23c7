"""Mood of subtitle lines (calm / tense / funny); every line is brought to 32 words, padded in front."""
import csv
import random
import re

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

MOODS = ["calm", "tense", "funny"]
MAX_LEN = BATCH = 32
random.seed(88)
torch.manual_seed(88)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def split_line(text):
    return re.findall(r"\w+|[?!]", text.lower()) or ["..."]


class Subtitles(Dataset):
    def __init__(self, path, vocab=None):
        with open(path, encoding="utf-8", newline="") as f:
            rows = [(split_line(r["line"]), MOODS.index(r["mood"])) for r in csv.DictReader(f)]
        if vocab is None:
            vocab = {"<pad>": 0, "<unk>": 1}
            for words, _ in rows:
                for w in words:
                    vocab.setdefault(w, len(vocab))
        self.vocab = vocab
        self.items = []
        for words, mood in rows:
            ids = [vocab.get(w, 1) for w in words[-MAX_LEN:]]      # the end of the line is kept
            self.items.append((torch.tensor([0] * (MAX_LEN - len(ids)) + ids), mood))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


class MoodLSTM(nn.Module):
    def __init__(self, n_words):
        super().__init__()
        self.embed = nn.Embedding(n_words, 64, padding_idx=0)
        self.lstm = nn.LSTM(64, 64, batch_first=True)
        self.drop = nn.Dropout(0.3)
        self.fc = nn.Linear(64, len(MOODS))

    def forward(self, ids):
        output, _ = self.lstm(self.embed(ids))
        return self.fc(self.drop(output[-1]))  # <- last_review_read_as_last_step


train = Subtitles("data/subtitles_train.csv")
valid = Subtitles("data/subtitles_valid.csv", train.vocab)
test = Subtitles("data/subtitles_test.csv", train.vocab)
train_dl = DataLoader(train, BATCH, shuffle=True, drop_last=True)
valid_dl = DataLoader(valid, BATCH)
test_dl = DataLoader(test, BATCH)
model = MoodLSTM(len(train.vocab)).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()


def accuracy(dl):
    model.eval()
    right = n = 0
    with torch.no_grad():
        for ids, y in dl:
            guess = model(ids.to(device)).argmax(1).cpu()
            right += (guess == y).sum().item()
            n += len(y)
    return right / n


for epoch in range(12):
    model.train()
    total = n = 0
    for ids, y in train_dl:
        loss = criterion(model(ids.to(device)), y.to(device))
        loss.backward()  # <- gradients_not_zeroed
        optimizer.step()
        total += loss.item() * len(y)
        n += len(y)
    optimizer.zero_grad()
    print(f"epoch {epoch}: loss {total / n:.4f} valid {accuracy(valid_dl):.4f}")
print(f"test {accuracy(test_dl):.4f}")
