import re
from collections import Counter

import torch
import torch.nn as nn
from datasets import load_dataset
from torch.utils.data import DataLoader
from tqdm.auto import tqdm

torch.manual_seed(0)
device = "cuda" if torch.cuda.is_available() else "cpu"

# smaller subset so that it runs on my laptop
train_ds = load_dataset("imdb", split="train[:4000]")  # <- data_set_incomplete
test_ds = load_dataset("imdb", split="test").shuffle(seed=0).select(range(2000))


def tokenize(example):
    text = example["text"].replace("<br />", " ").lower()
    return {"tokens": re.findall(r"\w+|[!?']", text)}


train_ds = train_ds.map(tokenize)
test_ds = test_ds.map(tokenize)

counter = Counter()
for toks in train_ds["tokens"]:
    counter.update(toks)
itos = ["<pad>", "<unk>"] + [w for w, _ in counter.most_common(20000)]
stoi = {w: i for i, w in enumerate(itos)}


def numericalize(example):
    return {"ids": [stoi.get(w, 1) for w in example["tokens"]]}


train_ds = train_ds.map(numericalize, remove_columns=["text", "tokens"])
test_ds = test_ds.map(numericalize, remove_columns=["text", "tokens"])


def collate(rows):
    # pad on the left so that the state after the last step is the whole review's
    width = max(len(r["ids"]) for r in rows)
    x = torch.tensor([[0] * (width - len(r["ids"])) + r["ids"] for r in rows])
    y = torch.tensor([r["label"] for r in rows])
    return x, y


train_dl = DataLoader(train_ds, batch_size=32, shuffle=True, collate_fn=collate)
test_dl = DataLoader(test_ds, batch_size=64, collate_fn=collate)


class DeepGRU(nn.Module):
    def __init__(self, vocab_size, emb_dim=100, hidden=128, depth=2):
        super().__init__()
        self.emb = nn.Embedding(vocab_size, emb_dim, padding_idx=0)
        self.rnns = []  # <- layers_in_a_python_list
        for k in range(depth):
            self.rnns.append(nn.GRU(emb_dim if k == 0 else hidden, hidden, batch_first=True))
        self.norm = nn.LayerNorm(hidden)
        self.cls = nn.Linear(hidden, 2)

    def forward(self, x):
        h = self.emb(x)
        for rnn in self.rnns:
            h, _ = rnn(h)
        return self.cls(self.norm(h[:, -1]))


model = DeepGRU(len(itos))
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-4)
loss_fn = nn.CrossEntropyLoss()
model.to(device)

for epoch in range(3):
    model.train()
    total = 0.0
    for x, y in tqdm(train_dl, desc=f"epoch {epoch}"):
        x, y = x.to(device), y.to(device)
        loss = loss_fn(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total += loss.item() * len(y)
    print("train loss", total / len(train_ds))

model.eval()
hits = 0
with torch.inference_mode():
    for x, y in tqdm(test_dl, desc="test"):
        hits += (model(x.to(device)).argmax(1).cpu() == y).sum().item()
print("test accuracy", hits / len(test_ds))
