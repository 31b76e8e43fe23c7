import os
import re
import random
from collections import Counter

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence, pad_packed_sequence
from torch.utils.data import DataLoader

random.seed(100)
torch.manual_seed(100)
MAX_TOKENS = 100


def read_folder(split):
    rows = []
    for y, sub in ((0, "neg"), (1, "pos")):
        d = os.path.join("aclImdb", split, sub)
        for name in os.listdir(d):
            with open(os.path.join(d, name), encoding="utf8") as fh:
                text = fh.read().replace("<br />", " ").lower()
            rows.append((re.findall(r"[a-z']+", text)[:MAX_TOKENS], y))  # <- end_of_the_review_cut_off
    return rows


train = read_folder("train")
test = read_folder("test")
random.shuffle(train)
valid, train = train[:2500], train[2500:]

words = set()
for toks, _ in train:
    words.update(toks)
word_to_ix = {w: i + 2 for i, w in enumerate(words)}  # <- word_order_from_a_set
word_to_ix["<pad>"], word_to_ix["<unk>"] = 0, 1


def collate(rows):
    x = [torch.tensor([word_to_ix.get(w, 1) for w in toks]) for toks, _ in rows]
    lengths = torch.tensor([len(t) for t in x])
    return pad_sequence(x, batch_first=True), lengths, torch.tensor([y for _, y in rows])


class MaxPoolRNN(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.emb = nn.Embedding(n, 100, padding_idx=0)
        self.rnn = nn.RNN(100, 128, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.4)
        self.out = nn.Linear(256, 2)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.emb(x), lengths.cpu(), batch_first=True, enforce_sorted=False)
        h, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True, padding_value=-1e9)
        return self.out(self.dropout(h.max(dim=1)[0]))


device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = MaxPoolRNN(len(word_to_ix)).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=5e-4)
ce = nn.CrossEntropyLoss()
train_dl = DataLoader(train, 64, shuffle=True, collate_fn=collate)
valid_dl = DataLoader(valid, 64, collate_fn=collate)
test_dl = DataLoader(test, 64, collate_fn=collate)


def acc(dl):
    model.eval()
    ok = 0
    with torch.no_grad():
        for x, l, y in dl:
            ok += (model(x.to(device), l).argmax(1).cpu() == y).sum().item()
    return ok / len(dl.dataset)


best = 0.0
for epoch in range(6):
    model.train()
    for x, l, y in train_dl:
        optimizer.zero_grad()
        loss = ce(model(x.to(device), l), y.to(device))
        loss.backward()
        optimizer.step()
    va = acc(valid_dl)
    print(f"epoch {epoch} valid {va:.4f}")
    if va > best:
        best = va
        torch.save(model.state_dict(), "imdb_rnn_best.pt")  # <- weights_saved_without_the_vocabulary

model.load_state_dict(torch.load("imdb_rnn_best.pt"))
print(f"test {acc(test_dl):.4f}")
