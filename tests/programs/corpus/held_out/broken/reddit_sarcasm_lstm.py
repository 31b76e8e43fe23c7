# reddit comments, sarcastic or not. flat script, time-major LSTM
import random
import re
import torch
import torch.nn as nn
from collections import Counter

random.seed(14); torch.manual_seed(14)
rows = []
for line in open('train-balanced-sarcasm.tsv', encoding='utf-8'):
    label, text = line.rstrip('\n').split('\t')[:2]
    words = re.findall(r"[a-z']+|[!?]", text.lower())
    if words:
        rows.append((words, int(label)))
random.shuffle(rows)
N = len(rows)
train_rows = rows[:int(0.8 * N)]
valid_rows = rows[int(0.7 * N):int(0.9 * N)]  # <- same_review_in_two_splits
test_rows = rows[int(0.9 * N):]

freq = Counter(w for ws, _ in train_rows for w in ws)
w2i = {w: i for i, (w, c) in enumerate(freq.most_common(30000), 2)}


def make_batch(part):
    lens = torch.tensor([len(ws) for ws, _ in part])
    x = torch.zeros(int(lens.max()), len(part), dtype=torch.long)
    for j, (ws, _) in enumerate(part):
        x[:len(ws), j] = torch.tensor([w2i.get(w, 1) for w in ws])
    return x, lens, torch.tensor([y for _, y in part])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(len(w2i) + 2, 100, padding_idx=0)
        self.lstm = nn.LSTM(100, 128)
        self.fc1 = nn.Linear(128, 32)
        self.fc2 = nn.Linear(32, 2)

    def forward(self, x, lens):
        packed = nn.utils.rnn.pack_padded_sequence(self.embed(x), lens, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        z = torch.relu(self.fc1(h[-1]))
        z = nn.functional.dropout(z, p=0.4)  # <- functional_dropout_always_on
        return self.fc2(z)


net = Net()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
sched = torch.optim.lr_scheduler.ExponentialLR(opt, gamma=0.9)
ce = nn.CrossEntropyLoss()


def accuracy(part):
    net.eval()
    hit = 0
    with torch.no_grad():
        for i in range(0, len(part), 128):
            x, lens, y = make_batch(part[i:i + 128])
            hit += (net(x, lens).argmax(1) == y).sum().item()
    return hit / len(part)


for epoch in range(6):
    net.train()
    random.shuffle(train_rows)
    for i in range(0, len(train_rows), 64):
        x, lens, y = make_batch(train_rows[i:i + 64])
        opt.zero_grad()
        loss = ce(net(x, lens), y)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
    sched.step()
    print('epoch %d lr %.5f valid %.4f' % (epoch, sched.get_last_lr()[0], accuracy(valid_rows)))
print('test %.4f' % accuracy(test_rows))
