"""Quora question pairs with a siamese LSTM and a distance in the hidden space."""
import csv
import random
import re
import torch
from torch import nn, optim
from torch.nn.utils.rnn import pack_padded_sequence

SEED, EMB, HID, BATCH, EPOCHS = 13, 64, 64, 64, 4
random.seed(SEED)
torch.manual_seed(SEED)
dev = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def tk(q):
    return re.findall(r"\w+", q.lower()) or ["nothing"]


def get(path):
    rows = []
    with open(path, newline="", encoding="utf-8") as f:
        for r in csv.DictReader(f):
            rows.append((tk(r["question1"]), tk(r["question2"]), float(r["is_duplicate"])))
    return rows


train, valid, test = get("data/qqp_train.csv"), get("data/qqp_valid.csv"), get("data/qqp_test.csv")
vocab = {"<pad>": 0, "<unk>": 1}
for a, b, _ in train:
    for w in a + b:
        if w not in vocab:
            vocab[w] = len(vocab)


def block(seqs):
    n = torch.tensor([len(s) for s in seqs])
    x = torch.zeros(len(seqs), int(n.max()), dtype=torch.long)
    for i, s in enumerate(seqs):
        x[i, :len(s)] = torch.tensor([vocab.get(w, 1) for w in s])
    return x.to(dev), n


def batches(rows, shuffle):
    if shuffle:
        rows = random.sample(rows, len(rows))
    for i in range(0, len(rows), BATCH):
        part = rows[i:i + BATCH]
        yield block([p[0] for p in part]), block([p[1] for p in part]), torch.tensor([p[2] for p in part], device=dev)


class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(len(vocab), EMB, padding_idx=0)
        self.lstm = nn.LSTM(EMB, HID, num_layers=2, batch_first=True)

    def encode(self, x, n):
        _, (h, _) = self.lstm(pack_padded_sequence(self.emb(x), n, batch_first=True, enforce_sorted=False))
        return h[0]  # <- lower_layer_read_as_the_last

    def forward(self, q1, q2):
        d = (self.encode(*q1) - self.encode(*q2)).abs().sum(dim=1, keepdim=True)
        return torch.exp(-d)          # 1: same meaning, 0: quite different


net = Siamese().to(dev)
opt = optim.Adam(net.parameters(), lr=1e-3)


def accuracy(rows):
    net.eval()
    ok = 0
    with torch.no_grad():
        for q1, q2, y in batches(rows, False):
            ok += ((net(q1, q2).squeeze(1) > 0.5) == (y > 0.5)).sum().item()
    return ok / len(rows)


for ep in range(EPOCHS):
    net.train()
    s = 0.0
    for q1, q2, y in batches(train, True):
        sim = net(q1, q2)
        loss = ((sim - y) ** 2).mean()  # <- scores_and_labels_broadcast
        opt.zero_grad()
        loss.backward()
        opt.step()
        s += loss.item() * len(y)
    print("epoch %d loss %.4f valid %.4f" % (ep + 1, s / len(train), accuracy(valid)))
print("test %.4f" % accuracy(test))
