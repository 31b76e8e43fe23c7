# urgency of questions to a doctor: urgent (1) or not (0); RNN over packed sequences; repeated runs
import json
import random
from statistics import mean, stdev

import spacy
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_sequence

nlp = spacy.blank("en")
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def tokens(text):
    return [t.lower_ for t in nlp(text) if not t.is_space] or ["?"]


def load(path):
    with open(path, encoding="utf-8") as f:
        return [(tokens(q["question"]), int(q["urgent"])) for q in json.load(f)]


train_q, valid_q, test_q = (load(f"data/urgency_{p}.json") for p in ("train", "valid", "test"))
ids = {"<unk>": 0}
for toks, _ in train_q:
    for t in toks:
        ids.setdefault(t, len(ids))


def batches(rows, size, shuffle=False):
    rows = random.sample(rows, len(rows)) if shuffle else rows
    for i in range(0, len(rows), size):
        part = rows[i:i + size]
        yield ([torch.tensor([ids.get(t, 0) for t in toks], device=device) for toks, _ in part],
               torch.tensor([y for _, y in part], device=device))


class UrgencyRNN(nn.Module):
    def __init__(self, dim=50, hid=50):
        super().__init__()
        self.emb = nn.Embedding(len(ids), dim)
        self.rnn = nn.RNN(dim, hid)
        self.drop = nn.Dropout(0.2)
        self.out = nn.Linear(hid, 1)

    def forward(self, seqs):
        packed = pack_sequence([self.emb(s) for s in seqs], enforce_sorted=False)
        _, h = self.rnn(packed)
        return self.out(self.drop(h[-1]))


def accuracy(net, rows):
    net.eval()
    with torch.no_grad():
        right = sum(((net(x) > 0).long().squeeze(1) == y).sum().item() for x, y in batches(rows, 64))
    return right / len(rows)


def train(net, opt, epochs=6):
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(epochs):
        net.train()
        total = 0.0
        for x, y in batches(train_q, 16, shuffle=True):
            opt.zero_grad()
            loss = loss_fn(net(x), y.unsqueeze(1).float())  # <- one_output_with_cross_entropy
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            opt.step()
            total += loss.item() * len(y)
        print(f"  epoch {epoch} loss {total / len(train_q):.4f} valid {accuracy(net, valid_q):.4f}")


net = UrgencyRNN().to(device)
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
results = []
for run in range(5):  # <- model_goes_on_from_the_last_fold
    random.seed(run)
    torch.manual_seed(run)
    print("run", run)
    train(net, opt)
    results.append(accuracy(net, test_q))
print("test accuracy over five runs: %.4f +- %.4f" % (mean(results), stdev(results)))
