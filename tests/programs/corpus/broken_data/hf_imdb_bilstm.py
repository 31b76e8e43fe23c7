import re
from collections import Counter

import torch
from datasets import load_dataset
from torch import nn
from torch.utils.data import DataLoader

torch.manual_seed(10)
PAD, UNK = 0, 1
MAX_LEN = 512

train_raw = load_dataset("imdb", split="train[:80%]")
valid_raw = load_dataset("imdb", split="train[80%:]")  # <- sorted_data_split_without_shuffling
test_raw = load_dataset("imdb", split="test")


def words(text):
    return re.findall(r"[a-z']+", text.lower().replace("<br />", " "))


counter = Counter()
for text in train_raw["text"]:
    counter.update(words(text))
stoi = {"<pad>": PAD, "<unk>": UNK}
for w, _ in counter.most_common(30_000):
    stoi[w] = len(stoi)


def encode(batch):
    ids = []
    for text in batch["text"]:
        seq = [stoi.get(w, UNK) for w in words(text)][-MAX_LEN:]
        ids.append(seq + [PAD] * (MAX_LEN - len(seq)))
    return {"ids": ids}


def prepare(ds):
    ds = ds.map(encode, batched=True, remove_columns=["text"])
    ds.set_format("torch", columns=["ids", "label"])
    return ds


train_dl = DataLoader(prepare(train_raw), batch_size=64, shuffle=True)
valid_dl = DataLoader(prepare(valid_raw), batch_size=128)
test_dl = DataLoader(prepare(test_raw), batch_size=128)


class Model(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.embed = nn.Embedding(n, 128, padding_idx=PAD)
        self.lstm = nn.LSTM(128, 128, num_layers=2, dropout=0.3, bidirectional=True, batch_first=True)
        self.head = nn.Linear(256, 2)

    def forward(self, ids):
        out, (h, c) = self.lstm(self.embed(ids))  # <- padding_read_as_last_step
        final = torch.cat([h[-2], h[-1]], dim=-1)
        return self.head(final)


device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = Model(len(stoi)).to(device)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()


@torch.no_grad()
def evaluate(dl):
    model.eval()
    correct = total = 0
    for batch in dl:
        logits = model(batch["ids"].to(device))
        correct += (logits.argmax(-1).cpu() == batch["label"]).sum().item()
        total += len(batch["label"])
    return correct / total


for epoch in range(3):
    model.train()
    for batch in train_dl:
        optimizer.zero_grad()
        loss = criterion(model(batch["ids"].to(device)), batch["label"].to(device))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    print(f"epoch {epoch}: valid accuracy {evaluate(valid_dl):.4f}")
print(f"test accuracy {evaluate(test_dl):.4f}")
