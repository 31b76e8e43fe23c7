# TREC question classification (6 coarse classes), LSTMCell unrolled by hand
import random
from torchtext import data
import torch, torch.nn as nn, torch.optim as optim
import torch.nn.functional as F

torch.manual_seed(1); random.seed(1)
dev = torch.device("cuda" if torch.cuda.is_available() else "cpu")

def label_of(line):
    return line.split(":")[0]

TEXT = data.Field(lower=True, tokenize=lambda s: s.split(), include_lengths=True)
LABEL = data.LabelField()
examples = {}
for part in ("train", "test"):
    rows = []
    with open("data/trec/%s.label" % part, encoding="latin-1") as f:
        for line in f:
            tag, q = line.strip().split(" ", 1)
            rows.append(data.Example.fromlist([q, label_of(tag)], [("q", TEXT), ("y", LABEL)]))
    examples[part] = data.Dataset(rows, [("q", TEXT), ("y", LABEL)])
train, valid = examples["train"].split(0.9, random_state=random.getstate())
test = examples["test"]
TEXT.build_vocab(train, min_freq=2)
LABEL.build_vocab(train)
PAD = TEXT.vocab.stoi[TEXT.pad_token]

train_it = data.BucketIterator(train, 32, sort_key=lambda e: len(e.q), device=dev, train=True, shuffle=True)  # <- iterator_does_not_bucket
valid_it = data.BucketIterator(valid, 64, sort_key=lambda e: len(e.q), device=dev, train=False)
test_it = data.BucketIterator(test, 64, sort_key=lambda e: len(e.q), device=dev, train=False)


class CellNet(nn.Module):
    def __init__(self, V, E, H, C):
        super().__init__()
        self.H = H
        self.emb = nn.Embedding(V, E, padding_idx=PAD)
        self.cell = nn.LSTMCell(E, H)
        self.drop = nn.Dropout(0.3)
        self.out = nn.Linear(H, C)

    def forward(self, q, lens):
        T, B = q.shape
        h = torch.zeros(B, self.H, device=q.device)
        c = torch.zeros(B, self.H, device=q.device)
        e = self.drop(self.emb(q))
        for t in range(T):
            h2, c2 = self.cell(e[t], (h, c))
            alive = (t < lens).unsqueeze(1)
            h = torch.where(alive, h2, h)
            c = torch.where(alive, c2, c)
        return self.out(self.drop(c))  # <- cell_state_read_as_hidden_state


net = CellNet(len(TEXT.vocab), 100, 100, len(LABEL.vocab)).to(dev)
opt = optim.Adam(net.parameters(), lr=2e-3)
sched = optim.lr_scheduler.StepLR(opt, step_size=3, gamma=0.5)

def accuracy(it):
    net.eval()
    ok = n = 0
    with torch.no_grad():
        for b in it:
            q, lens = b.q
            ok += (net(q, lens.to(dev)).argmax(1) == b.y).sum().item()
            n += len(b.y)
    return ok / n

for epoch in range(12):
    net.train()
    s = n = 0
    for b in train_it:
        q, lens = b.q
        opt.zero_grad()
        loss = F.cross_entropy(net(q, lens.to(dev)), b.y)
        loss.backward()
        sched.step()  # <- scheduler_stepped_at_the_wrong_time
        opt.step()
        s += loss.item() * len(b.y); n += len(b.y)
    print("epoch", epoch, "loss %.4f" % (s / n), "valid %.4f" % accuracy(valid_it), "lr %g" % opt.param_groups[0]["lr"])
print("test accuracy %.4f" % accuracy(test_it))
