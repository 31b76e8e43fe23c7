'''
Batches in which every sentence has exactly the same number of words:
no padding anywhere, hence no packing either. (Subjectivity data, quote / plot sentences)
'''
import random
from collections import defaultdict
import torch
import torch.nn as nn

random.seed(11)
torch.manual_seed(11)

def read(path, label):
    with open(path, encoding='latin-1') as f:
        return [(l.strip().split(), label) for l in f if l.strip()]

data = read('rotten_imdb/quote.tok.gt9.5000', 1) + read('rotten_imdb/plot.tok.gt9.5000', 0)
random.shuffle(data)
n = len(data)
train, dev, test = data[:int(.8*n)], data[int(.8*n):int(.9*n)], data[int(.9*n):]

word_index = {'<unk>': 0}
counts = defaultdict(int)
for ws, _ in train:
    for w in ws:
        counts[w] += 1
for w, c in counts.items():
    if c > 1:
        word_index[w] = len(word_index)

def batches(part, size, shuffle):
    """lists of examples of one length each"""
    by_len = defaultdict(list)
    for ws, y in part:
        by_len[len(ws)].append((ws, y))
    result = []
    for l, items in by_len.items():
        if shuffle:
            random.shuffle(items)
        for k in range(0, len(items), size):
            chunk = items[k:k + size]
            X = torch.tensor([[word_index.get(w, 0) for w in ws] for ws, _ in chunk])
            Y = torch.tensor([y for _, y in chunk])
            result.append((X, Y))
    if shuffle:
        random.shuffle(result)
    return result

class Subj(nn.Module):
    def __init__(self):
        super().__init__()
        self.E = nn.Embedding(len(word_index), 100)
        self.L = nn.LSTM(100, 100, batch_first=True)
        self.D = nn.Dropout(.5)
        self.O = nn.Linear(100, 2)

    def forward(self, X):
        out, (h, c) = self.L(self.D(self.E(X)))
        return self.O(self.D(out[:, -1, :]))

m = Subj()
lossf = nn.CrossEntropyLoss(reduction='sum')
opt = torch.optim.Adagrad(m.parameters(), lr=0.05)

def acc(part):
    m.eval()
    good = 0
    with torch.no_grad():
        for X, Y in batches(part, 200, False):
            good += (m(X).max(1)[1] == Y).sum().item()
    return good, len(part), good / len(part)

for epoch in range(10):
    m.train()
    tot = 0.
    for X, Y in batches(train, 40, True):
        opt.zero_grad()
        l = lossf(m(X), Y) / len(Y)
        l.backward()
        opt.step()
        tot += l.item() * len(Y)
    print('epoch %d  loss %.4f  dev %d/%d = %.4f' % ((epoch, tot / len(train)) + acc(dev)))

print('test %d/%d = %.4f' % acc(test))

m.eval()
while True:
    try:
        line = input('sentence> ').strip().lower().split()
    except EOFError:
        break
    if not line:
        continue
    with torch.no_grad():
        p = torch.softmax(m(torch.tensor([[word_index.get(w, 0) for w in line]])), dim=1)[0]
    print('subjective %.2f   objective %.2f' % (p[1].item(), p[0].item()))
