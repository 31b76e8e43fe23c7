# Hero or villain?  Film lines, GRU
import random, re
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence

random.seed(50)
torch.manual_seed(50)


def load(name):
    out = []
    with open(name, encoding='utf-8') as f:
        next(f)                       # who,line
        for row in f:
            who, line = row.rstrip('\n').split(',', 1)
            words = re.findall(r"[a-z']+", line.lower())
            if words:
                out.append((words, 1 if who == 'villain' else 0))
    return out


train, valid, test = load('lines_train.csv'), load('lines_valid.csv'), load('lines_test.csv')
vocab = {'<pad>': 0, '<unk>': 1}
for words, _ in train:
    for w in words:
        vocab.setdefault(w, len(vocab))


def encode(words):
    return torch.tensor([vocab.get(w, 1) for w in words])


class LineGRU(nn.Module):
    def __init__(self, n, emb=64, hid=64):
        super().__init__()
        self.emb = nn.Embedding(n, emb, padding_idx=0)
        self.gru = nn.GRU(emb, hid, batch_first=True)
        self.drop = nn.Dropout(0.3)
        self.fc = nn.Linear(hid, 2)

    def forward(self, x):
        out, h = self.gru(self.emb(x))  # <- padding_read_as_last_step
        return self.fc(self.drop(out[:, -1]))


def batches(rows, size=32):
    for i in range(0, len(rows), size):
        part = rows[i:i + size]
        yield pad_sequence([encode(w) for w, _ in part], batch_first=True), torch.tensor([y for _, y in part])


def evaluate(model, rows):
    model.eval()
    accs = []
    with torch.no_grad():
        for x, y in batches(rows):
            accs.append((model(x).argmax(1) == y).float().mean().item())
    return sum(accs) / len(accs)  # <- mean_of_batch_means


model = LineGRU(len(vocab))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(10):
    random.shuffle(train)
    model.train()
    for x, y in batches(train):
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
    print('epoch', epoch, 'valid', evaluate(model, valid))
print('test', evaluate(model, test))

model.eval()
with torch.no_grad():
    for line in ['I am your father', 'We will find another way']:
        scores = model(encode(re.findall(r"[a-z']+", line.lower())))  # <- no_batch_axis_given
        print(line, '->', ['hero', 'villain'][scores.argmax().item()])
