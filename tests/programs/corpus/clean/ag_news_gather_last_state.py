import csv
import re
import random
from collections import Counter

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader

TRAIN_CSV = "ag_news_csv/train.csv"   # columns: Class Index, Title, Description
TEST_CSV = "ag_news_csv/test.csv"
CLASSES = ["World", "Sports", "Business", "Sci/Tech"]
random.seed(0)
torch.manual_seed(0)
device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")

token_re = re.compile(r"[a-z]+|\d+|[$%]")


def read(path):
    rows = []
    with open(path, newline="", encoding="utf8") as f:
        reader = csv.reader(f)
        next(reader)                      # "Class Index","Title","Description"
        for cls, title, desc in reader:
            toks = token_re.findall((title + " " + desc).lower())
            if toks:
                rows.append((toks, int(cls) - 1))   # 1..4 -> 0..3
    return rows


train_rows = read(TRAIN_CSV)
test_rows = read(TEST_CSV)
random.shuffle(train_rows)
n_dev = len(train_rows) // 20
dev_rows, train_rows = train_rows[:n_dev], train_rows[n_dev:]

counter = Counter()
for toks, _ in train_rows:
    counter.update(toks)
stoi = {"<pad>": 0, "<unk>": 1}
for w, c in counter.most_common(30000):
    if c < 3:
        break
    stoi[w] = len(stoi)
print("vocabulary:", len(stoi))


def collate(rows):
    rows_ids = [[stoi.get(t, 1) for t in toks] for toks, _ in rows]
    lens = torch.tensor([len(r) for r in rows_ids])
    x = torch.zeros(len(rows), int(lens.max()), dtype=torch.long)
    for i, r in enumerate(rows_ids):
        x[i, :len(r)] = torch.tensor(r)
    y = torch.tensor([lab for _, lab in rows])
    return x, lens, y


class NewsLSTM(nn.Module):
    def __init__(self, n_vocab, n_emb=128, n_hid=192, n_cls=4):
        super().__init__()
        self.emb = nn.Embedding(n_vocab, n_emb, padding_idx=0)
        self.lstm = nn.LSTM(n_emb, n_hid, batch_first=True)
        self.fc = nn.Linear(n_hid, n_cls)

    def forward(self, x, lens):
        e = F.dropout(self.emb(x), 0.3, training=self.training)
        out, _ = self.lstm(e)
        # the state at each text's own last word; whatever runs after it over padding is not looked at
        idx = (lens - 1).view(-1, 1, 1).expand(-1, 1, out.size(2))
        last = out.gather(1, idx).squeeze(1)
        return self.fc(F.dropout(last, 0.3, self.training))


def accuracy(net, rows):
    net.eval()
    ok = 0
    with torch.no_grad():
        for x, lens, y in DataLoader(rows, batch_size=512, collate_fn=collate):
            pred = net(x.to(device), lens.to(device)).argmax(-1).cpu()
            ok += (pred == y).sum().item()
    net.train()
    return ok / len(rows)


net = NewsLSTM(len(stoi)).to(device)
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
sched = torch.optim.lr_scheduler.StepLR(opt, step_size=2, gamma=0.5)
loader = DataLoader(train_rows, batch_size=128, shuffle=True, collate_fn=collate)

for epoch in range(6):
    running = 0.0
    for step, (x, lens, y) in enumerate(loader):
        x, lens, y = x.to(device), lens.to(device), y.to(device)
        opt.zero_grad()
        loss = F.cross_entropy(net(x, lens), y)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        opt.step()
        running += loss.item()
        if step % 200 == 199:
            print(f"  {epoch} {step + 1} mean loss of the last 200 batches {running / 200:.4f}")
            running = 0.0
    sched.step()
    print("epoch", epoch, "dev acc %.4f" % accuracy(net, dev_rows), "lr", sched.get_last_lr())

print("test acc %.4f" % accuracy(net, test_rows))
