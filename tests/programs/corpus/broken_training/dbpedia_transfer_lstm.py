"""Pretrain an LSTM encoder on DBpedia classes, then fine-tune it on a small topic set with another head."""
import csv
import random
import re

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_sequence

SEED = 100
random.seed(SEED)
torch.manual_seed(SEED)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
PATTERN = re.compile(r"\w+")


def toks(text):
    return PATTERN.findall(text.lower())


def load_dbpedia(path):
    with open(path, encoding="utf-8", newline="") as f:
        # the files of the collection have no header: class, title, abstract
        return [(toks(title + " " + abstract), int(c) - 1) for c, title, abstract in csv.reader(f)]


def load_small(path, names):
    rows = []
    with open(path, encoding="utf-8", newline="") as f:
        for r in csv.DictReader(f):
            t = toks(r["text"])
            if t:
                rows.append((t, names.index(r["topic"])))
    return rows


class Encoder(nn.Module):
    def __init__(self, n_words, n_classes, emb=128, hid=128):
        super().__init__()
        self.hid = hid
        self.embedding = nn.Embedding(n_words, emb)
        self.lstm = nn.LSTM(emb, hid)
        self.dropout = nn.Dropout(0.3)
        self.fc = nn.Linear(hid, n_classes)

    def forward(self, seqs):
        packed = pack_sequence([self.embedding(s) for s in seqs], enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.fc(self.dropout(h[-1]))


def iterate(rows, vocab, size, shuffle):
    order = list(range(len(rows)))
    if shuffle:
        random.shuffle(order)
    for i in range(0, len(order), size):
        part = [rows[j] for j in order[i:i + size]]
        yield ([torch.tensor([vocab.get(t, 0) for t in w], device=device) for w, _ in part],
               torch.tensor([y for _, y in part], device=device))


def run(model, rows, vocab, optimizer=None, size=64):
    model.train(optimizer is not None)
    loss_sum = hits = 0
    with torch.set_grad_enabled(optimizer is not None):
        for seqs, y in iterate(rows, vocab, size, optimizer is not None):
            out = model(seqs)
            loss = nn.functional.cross_entropy(out, y)
            if optimizer is not None:
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
            loss_sum += loss.item() * len(y)
            hits += (out.argmax(1) == y).sum().item()
    return loss_sum / len(rows), hits / len(rows)


big = load_dbpedia("dbpedia_csv/train.csv")
vocab = {"<unk>": 0}
for w, _ in big:
    for t in w:
        vocab.setdefault(t, len(vocab))

model = Encoder(len(vocab), 14).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(2):
    print("pretraining %d: loss %.4f acc %.4f" % ((epoch,) + run(model, big, vocab, optimizer)))

# ---- fine-tuning -------------------------------------------------------------
NAMES = ["company", "person", "place", "work"]
train = load_small("topics/train.csv", NAMES)
valid = load_small("topics/valid.csv", NAMES)
test = load_small("topics/test.csv", NAMES)

optimizer = torch.optim.Adam(model.parameters(), lr=2e-4)  # <- parameters_missing_from_the_optimizer
model.fc = nn.Linear(model.hid, len(NAMES)).to(device)

best = 0.0
for epoch in range(10):
    tl, ta = run(model, train, vocab, optimizer)
    vl, va = run(model, valid, vocab)
    print("fine-tuning %d: train %.4f/%.4f valid %.4f/%.4f" % (epoch, tl, ta, vl, va))
    if va > best:
        best = va
        torch.save({"state": model.state_dict(), "vocab": vocab, "names": NAMES}, "topics_best.pt")

tl, ta = run(model, test, vocab)  # <- best_weights_never_loaded
print("test %.4f/%.4f" % (tl, ta))
