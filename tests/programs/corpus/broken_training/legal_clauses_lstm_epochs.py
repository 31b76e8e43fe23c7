"""Fair or unfair clauses in terms of service. tab separated: clause, 0/1. LSTM, two-step training with checkpoints."""
import os
import random
import sys

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence
from torch.utils.data import DataLoader, Dataset

HERE = os.path.dirname(os.path.abspath(sys.argv[0] or "."))
DATA = os.path.join("data", "clauses")
torch.manual_seed(303)
random.seed(303)


class Clauses(Dataset):
    stoi = {"<pad>": 0, "<unk>": 1}

    def __init__(self, name, grow=False):
        self.rows = []
        with open(os.path.join(DATA, name), encoding="utf-8") as f:
            for line in f:
                text, y = line.rstrip("\n").rsplit("\t", 1)
                words = text.lower().split() or ["<unk>"]
                if grow:
                    for w in words:
                        Clauses.stoi.setdefault(w, len(Clauses.stoi))
                self.rows.append((torch.tensor([Clauses.stoi.get(w, 1) for w in words]), int(y)))

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]


def collate(batch):
    xs, ys = zip(*batch)
    return pad_sequence(xs, batch_first=True), torch.tensor([len(x) for x in xs]), torch.tensor(ys)


train_set = Clauses("train.txt", grow=True)
valid_set = Clauses("valid.txt")
test_set = Clauses("test.txt")
train_dl = DataLoader(train_set, 16, shuffle=True, collate_fn=collate)
valid_dl = DataLoader(valid_set, 64, collate_fn=collate)
test_dl = DataLoader(test_set, 64, collate_fn=collate)


class ClauseLSTM(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.emb = nn.Embedding(n, 64, padding_idx=0)
        self.lstm = nn.LSTM(64, 64, batch_first=True)
        self.drop = nn.Dropout(0.2)
        self.out = nn.Linear(64, 2)
        self.logsm = nn.LogSoftmax(dim=-1)

    def forward(self, x, n):
        _, (h, _) = self.lstm(pack_padded_sequence(self.emb(x), n, batch_first=True, enforce_sorted=False))
        return self.logsm(self.out(self.drop(h[-1])))  # <- log_softmax_before_cross_entropy


device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
net = ClauseLSTM(len(Clauses.stoi))  # <- model_never_moved_to_the_device
weight = torch.tensor([1.0, 4.0]).to(device)
criterion = nn.CrossEntropyLoss(weight=weight)
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)


def f1(dl):
    net.eval()
    tp = fp = fn = 0
    with torch.no_grad():
        for x, n, y in dl:
            p = net(x.to(device), n).argmax(1).cpu()
            tp += ((p == 1) & (y == 1)).sum().item()
            fp += ((p == 1) & (y == 0)).sum().item()
            fn += ((p == 0) & (y == 1)).sum().item()
    return 2 * tp / max(1, 2 * tp + fp + fn)


for epoch in range(10):
    net.train()
    for x, n, y in train_dl:
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()
        loss = criterion(net(x, n), y)
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "F1 %.4f" % f1(valid_dl))
print("test F1 %.4f" % f1(test_dl))
torch.save({"net": net.state_dict(), "stoi": Clauses.stoi}, os.path.join(HERE, "clauses.pt"))
