"""Amazon polarity (HuggingFace datasets) with an LSTM; padding handled by packing."""
import collections
import re

import torch
from datasets import load_dataset
from torch import nn, optim
from torch.utils.data import DataLoader
from tqdm.auto import tqdm

CFG = {
    "n_train": 100_000,
    "n_test": 10_000,
    "vocab": 30_000,
    "batch": 128,
    "emb": 128,
    "hid": 256,
    "epochs": 3,
    "lr": 5e-4,
    "accumulate": 2,
    "device": "cuda" if torch.cuda.is_available() else "cpu",
}
torch.manual_seed(21)
word = re.compile(r"[a-z]+'?[a-z]*|[.!?]")


def tokenise(row):
    return {"tokens": word.findall((row["title"] + " . " + row["content"]).lower()) or ["."]}


raw = load_dataset("amazon_polarity")
train = raw["train"].shuffle(seed=21).select(range(CFG["n_train"])).map(tokenise)
test = raw["test"].shuffle(seed=21).select(range(CFG["n_test"])).map(tokenise)
split = train.train_test_split(test_size=0.05, seed=21)
train, valid = split["train"], split["test"]

counter = collections.Counter()
for row in train:
    counter.update(row["tokens"])
stoi = {"<pad>": 0, "<unk>": 1}
stoi.update({w: i + 2 for i, (w, _) in enumerate(counter.most_common(CFG["vocab"]))})
to_ids = lambda row: {"ids": [stoi.get(t, 1) for t in row["tokens"]]}
train, valid, test = (d.map(to_ids, remove_columns=["title", "content", "tokens"]) for d in (train, valid, test))


def collate(rows):
    ids = [torch.tensor(r["ids"]) for r in rows]
    return (nn.utils.rnn.pad_sequence(ids, batch_first=True), torch.tensor([len(i) for i in ids]),
            torch.tensor([r["label"] for r in rows]))


train_dl = DataLoader(train, CFG["batch"], shuffle=True, collate_fn=collate)
valid_dl = DataLoader(valid, CFG["batch"], collate_fn=collate)
test_dl = DataLoader(test, CFG["batch"], collate_fn=collate)


class ReviewLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(stoi), CFG["emb"], padding_idx=0)
        self.lstm = nn.LSTM(CFG["emb"], CFG["hid"], batch_first=True)
        self.dropout = nn.Dropout(0.3)
        self.fc = nn.Linear(CFG["hid"], 2)

    def forward(self, ids, lens):
        packed = nn.utils.rnn.pack_padded_sequence(self.embedding(ids), lens, batch_first=True, enforce_sorted=False)
        _, (_, c) = self.lstm(packed)  # <- cell_state_read_as_hidden_state
        return self.fc(self.dropout(c[-1]))


model = ReviewLSTM()  # <- model_never_moved_to_the_device
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=CFG["lr"])


def evaluate(dl):
    model.eval()
    hit = n = 0
    with torch.no_grad():
        for ids, lens, y in dl:
            out = model(ids.to(CFG["device"]), lens)
            hit += (out.argmax(1).cpu() == y).sum().item()
            n += len(y)
    return hit / n


for epoch in range(CFG["epochs"]):
    model.train()
    total, n = 0.0, 0
    optimizer.zero_grad()
    bar = tqdm(train_dl, desc=f"epoch {epoch}")
    for step, (ids, lens, y) in enumerate(bar, 1):
        out = model(ids.to(CFG["device"]), lens)
        loss = criterion(out, y.to(CFG["device"]))
        (loss / CFG["accumulate"]).backward()
        if step % CFG["accumulate"] == 0 or step == len(train_dl):
            optimizer.step()
            optimizer.zero_grad()
        total += loss.item() * len(y)
        n += len(y)
        bar.set_postfix(loss=total / n)
    print("valid accuracy", evaluate(valid_dl))

print("test accuracy", evaluate(test_dl))
torch.save({"state_dict": model.state_dict(), "stoi": stoi}, "amazon_lstm.pt")
