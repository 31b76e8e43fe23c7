"""BBC news categories; headlines are augmented by word dropout and word swaps."""
import random
import re
from collections import Counter
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, random_split

ROOT = Path("bbc")
BATCH_SIZE = 32
random.seed(2)
torch.manual_seed(2)
categories = sorted(p.name for p in ROOT.iterdir() if p.is_dir())


def read_headlines():
    seen = set()
    for label, cat in enumerate(categories):
        for file in sorted((ROOT / cat).glob("*.txt")):
            head = file.read_text(encoding="latin-1").split("\n", 1)[0]
            words = tuple(re.findall(r"\w+", head.lower()))
            if words and words not in seen:
                seen.add(words)
                yield list(words), label


def word_dropout(words, p=0.15):
    kept = [w for w in words if random.random() > p]
    return kept or words


def swap(words):
    words = list(words)
    if len(words) > 1:
        i = random.randrange(len(words) - 1)
        words[i], words[i + 1] = words[i + 1], words[i]
    return words


samples = list(read_headlines())
augmented = []
for words, label in samples:
    augmented.append((words, label))
    augmented.append((word_dropout(words), label))
    augmented.append((swap(words), label))
print(len(samples), "headlines ->", len(augmented), "after augmentation")

n_test = int(0.15 * len(augmented))
train_set, test_set = random_split(augmented, [len(augmented) - n_test, n_test])  # <- copies_made_before_the_split

counter = Counter(w for words, _ in train_set for w in words)
stoi = {w: i for i, w in enumerate(["<pad>", "<unk>"] + [w for w, _ in counter.most_common()])}


def collate(batch):
    xs = [torch.tensor([stoi.get(w, 1) for w in words]) for words, _ in batch]
    return pad_sequence(xs, batch_first=True), torch.tensor([len(x) for x in xs]), torch.tensor([y for _, y in batch])


train_loader = DataLoader(train_set, BATCH_SIZE, shuffle=True, collate_fn=collate, drop_last=True)
test_loader = DataLoader(test_set, BATCH_SIZE, shuffle=False, collate_fn=collate)


class HeadlineLSTM(nn.Module):
    def __init__(self, n_words, n_classes, d=64):
        super().__init__()
        self.embedding = nn.Embedding(n_words, d, padding_idx=0)
        self.lstm = nn.LSTM(d, d, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * d, n_classes)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.embedding(x), lengths, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        h = h.permute(1, 0, 2).reshape(BATCH_SIZE, -1)  # <- batch_size_built_into_the_model
        return self.fc(F.relu(h))


model = HeadlineLSTM(len(stoi), len(categories))
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(10):
    model.train()
    total = count = 0
    for x, lengths, y in train_loader:
        loss = F.cross_entropy(model(x, lengths), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(y)
        count += len(y)
    print(f"epoch {epoch + 1:2d} loss {total / count:.4f}")

model.eval()
correct = 0
with torch.no_grad():
    for x, lengths, y in test_loader:
        correct += (model(x, lengths).argmax(dim=1) == y).sum().item()
print(f"test accuracy {correct / n_test:.3f}")
