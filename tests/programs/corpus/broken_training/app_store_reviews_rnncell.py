# app reviews, good (4-5 stars) or bad (1-2), GRUCell in a loop, one review after the other with accumulated gradients
import gzip, json, random, re
import torch
import torch.nn as nn
import torch.optim as optim

random.seed(15); torch.manual_seed(15)

def read(path):
    rows = []
    with gzip.open(path, "rt") as fh:
        for line in fh:
            r = json.loads(line)
            stars = r["overall"]
            toks = re.findall("[a-z']+", r.get("reviewText", "").lower())
            if stars != 3 and toks:
                rows.append((toks, 1 if stars > 3 else 0))
    return rows

rows = read("data/reviews_Apps.json.gz")
random.shuffle(rows)
cut1, cut2 = int(len(rows) * 0.8), int(len(rows) * 0.9)
train_rows, valid_rows, test_rows = rows[:cut1], rows[cut1:cut2], rows[cut2:]

vocab = {"<unk>": 0}
for toks, _ in train_rows:
    for t in toks:
        if t not in vocab:
            vocab[t] = len(vocab)

class Cells(nn.Module):
    def __init__(self, n, e=50, h=64):
        super().__init__()
        self.h = h
        self.emb = nn.Embedding(n, e)
        self.cell = nn.GRUCell(e, h)

    def forward(self, ids):
        state = torch.zeros(1, self.h)
        for v in self.emb(ids):
            state = self.cell(v.unsqueeze(0), state)
        return state

encoder = Cells(len(vocab))
clf = nn.Sequential(nn.Dropout(0.3), nn.Linear(64, 2))
params = list(encoder.cell.parameters()) + list(clf.parameters())
opt = optim.Adam(params, lr=1e-3)  # <- parameters_missing_from_the_optimizer
ce = nn.CrossEntropyLoss()
K = 16                               # reviews per step

def numbers(toks):
    return torch.tensor([vocab.get(t, 0) for t in toks])

def right_ones(rows):
    encoder.eval(); clf.eval()  # <- training_mode_not_restored
    with torch.no_grad():
        return sum(clf(encoder(numbers(t))).argmax(1).item() == y for t, y in rows)

def train_epoch():
    random.shuffle(train_rows)
    total = 0.0
    opt.zero_grad()
    for k, (toks, y) in enumerate(train_rows, 1):
        out = clf(encoder(numbers(toks)))
        loss = ce(out, torch.tensor([y])) / K
        loss.backward()
        total += loss.item() * K
        if k % K == 0 or k == len(train_rows):
            opt.step()
            opt.zero_grad()
    return total / len(train_rows)

encoder.train(); clf.train()
for epoch in range(3):
    loss = train_epoch()
    acc = right_ones(valid_rows) / len(valid_rows)
    print("epoch %d: loss %.4f valid %.4f" % (epoch, loss, acc))
print("test %.4f" % (right_ones(test_rows) / len(test_rows)))
