"""Quality of Stack Overflow questions (HQ, LQ_EDIT, LQ_CLOSE), read through HuggingFace datasets."""
import html
import re
from collections import Counter

import torch
import torch.nn as nn
from datasets import load_dataset
from torch.nn.utils.rnn import PackedSequence, pack_sequence
from torch.utils.data import DataLoader

torch.manual_seed(1701)
CLASSES = {"HQ": 0, "LQ_EDIT": 1, "LQ_CLOSE": 2}
TAG = re.compile(r"<[^>]+>")
TOKEN = re.compile(r"[A-Za-z_]\w*|\d+|[^\w\s]")


def tokenize(example):
    text = example["Title"] + " " + html.unescape(TAG.sub(" ", example["Body"]))
    return {"tokens": TOKEN.findall(text.lower())[:800] or ["<empty>"], "label": CLASSES[example["Y"]]}


raw = load_dataset("csv", data_files={"train": "data/so/train.csv", "test": "data/so/valid.csv"})
raw = raw.map(tokenize, remove_columns=raw["train"].column_names)
halves = raw["train"].train_test_split(test_size=0.1, seed=1701)
train_ds, dev_ds, test_ds = halves["train"], halves["test"], raw["test"]

freq = Counter()
for row in train_ds:
    freq.update(row["tokens"])
vocab = {"<unk>": 0}
for word, n in freq.most_common(25000):
    vocab[word] = len(vocab)


def collate(rows):
    seqs = [torch.tensor([vocab.get(t, vocab["<unk>"]) for t in r["tokens"]]) for r in rows]
    return pack_sequence(seqs, enforce_sorted=False), torch.tensor([r["label"] for r in rows])


loaders = {
    "train": DataLoader(train_ds, batch_size=48, shuffle=True, collate_fn=collate),
    "dev": DataLoader(dev_ds, batch_size=48, collate_fn=collate),
    "test": DataLoader(test_ds, batch_size=48, collate_fn=collate),
}


class QuestionEncoder(nn.Module):
    def __init__(self, n_tokens, dim=128, hidden=128):
        super().__init__()
        self.embed = nn.Embedding(n_tokens, dim)
        self.lstm = nn.LSTM(dim, hidden, bidirectional=True)

    def forward(self, packed):
        vectors = self.embed(packed.data)
        packed = PackedSequence(vectors, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices)
        _, (h, _) = self.lstm(packed)
        return torch.cat([h[0], h[1]], dim=1)


class QualityHead(nn.Module):
    def __init__(self, dim, n_classes):
        super().__init__()
        self.layers = nn.Sequential(nn.Dropout(0.4), nn.Linear(dim, 64), nn.Tanh(), nn.Linear(64, n_classes))

    def forward(self, x):
        return self.layers(x)


device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
encoder = QuestionEncoder(len(vocab)).to(device)
head = QualityHead(256, len(CLASSES)).to(device)
optimizer = torch.optim.AdamW(encoder.parameters(), lr=1e-3)  # <- parameters_missing_from_the_optimizer
criterion = nn.CrossEntropyLoss()


def accuracy(name):
    encoder.eval()
    head.eval()
    right = seen = 0
    with torch.no_grad():
        for x, y in loaders[name]:
            out = head(encoder(x.to(device)))
            right += (out.argmax(1).cpu() == y).sum().item()
            seen += len(y)
    return right / seen


for epoch in range(6):
    encoder.train()
    head.train()
    loss_sum, seen = 0.0, 0
    for x, y in loaders["train"]:
        optimizer.zero_grad()
        head.zero_grad()
        loss = criterion(head(encoder(x.to(device))), y.to(device))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(encoder.parameters(), 2.0)
        optimizer.step()
        loss_sum += loss.item() * len(y)
        seen += len(y)
    print(f"epoch {epoch}: loss {loss_sum / seen:.4f} dev accuracy {accuracy('dev'):.4f}")

print(f"test accuracy {accuracy('train'):.4f}")  # <- training_accuracy_called_test_accuracy
