# Intent classification for a small assistant (atis-like tsv: intent <tab> utterance)
import json
import random

import torch
import torch.nn as nn
import torch.nn.functional as F

random.seed(0)
torch.manual_seed(0)
DEVICE = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")


def load_tsv(path):
    rows = []
    for line in open(path, encoding="utf-8"):
        intent, utt = line.rstrip("\n").split("\t")
        rows.append((utt.lower().split(), intent))
    return rows


train_rows = load_tsv("atis/train.tsv")
dev_rows = load_tsv("atis/dev.tsv")
intents = sorted(set(i for _, i in train_rows))
intent2id = {name: i for i, name in enumerate(intents)}
dev_rows = [(u, i) for u, i in dev_rows if i in intent2id]
words = sorted(set(w for u, _ in train_rows for w in u))
word2id = {"<pad>": 0, "<unk>": 1, **{w: i + 2 for i, w in enumerate(words)}}


def tensors(rows):
    lens = torch.tensor([len(u) for u, _ in rows])
    x = torch.zeros(len(rows), int(lens.max()), dtype=torch.long)
    for r, (u, _) in enumerate(rows):
        x[r, :len(u)] = torch.tensor([word2id.get(w, 1) for w in u])
    y = torch.tensor([intent2id[i] for _, i in rows])
    return x.to(DEVICE), lens.to(DEVICE), y.to(DEVICE)


class CellLSTM(nn.Module):
    """A LSTM cell applied by hand; finished utterances keep their state."""

    def __init__(self, n_words, n_intents, dim=64, hid=96):
        super().__init__()
        self.hid = hid
        self.embed = nn.Embedding(n_words, dim, padding_idx=0)
        self.cell = nn.LSTMCell(dim, hid)
        self.norm = nn.LayerNorm(hid)
        self.proj = nn.Linear(hid, n_intents)

    def forward(self, x, lens):
        h = torch.zeros(x.size(0), self.hid, device=x.device)
        c = torch.zeros_like(h)
        e = self.embed(x)
        for t in range(x.size(1)):
            h2, c2 = self.cell(e[:, t], (h, c))
            alive = (t < lens).unsqueeze(1)
            h = torch.where(alive, h2, h)
            c = torch.where(alive, c2, c)
        z = F.dropout(self.norm(h), p=0.25)  # <- functional_dropout_always_on
        return self.proj(z)


model = CellLSTM(len(word2id), len(intents)).to(DEVICE)
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=5, gamma=0.5)


def accuracy(rows):
    model.eval()
    ok = 0
    with torch.no_grad():
        for i in range(0, len(rows), 128):
            x, lens, y = tensors(rows[i:i + 128])
            ok += int((model(x, lens).argmax(-1) == y).sum())
    return ok / len(rows)


for epoch in range(20):
    model.train()
    random.shuffle(train_rows)
    optimizer.zero_grad()
    total = 0.0
    for i in range(0, len(train_rows), 32):
        x, lens, y = tensors(train_rows[i:i + 32])
        loss = F.cross_entropy(model(x, lens), y)
        loss.backward()  # <- gradients_not_zeroed
        optimizer.step()
        total += loss.item() * len(y)
    scheduler.step()
    print(f"{epoch:3d}  loss {total / len(train_rows):.4f}  dev {accuracy(dev_rows):.4f}")

json.dump({"words": word2id, "intents": intents}, open("intent_vocab.json", "w"))
torch.save(model.state_dict(), "intent_cell_lstm.pt")
