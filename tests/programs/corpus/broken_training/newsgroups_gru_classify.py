from sklearn.datasets import fetch_20newsgroups
import numpy as np
import re, copy
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader

cats = ['rec.autos', 'rec.sport.hockey', 'sci.med', 'sci.space', 'talk.politics.guns']
strip = ('headers', 'footers', 'quotes')
train_raw = fetch_20newsgroups(subset='train', categories=cats, remove=strip, shuffle=True, random_state=10)
test_raw = fetch_20newsgroups(subset='test', categories=cats, remove=strip)

np.random.seed(10); torch.manual_seed(10)
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')

def tok(text):
    return re.findall(r'[a-z]{2,}', text.lower())[:700] or ['empty']

class Lang:
    def __init__(self):
        self.word2index = {'<pad>': 0, '<unk>': 1}
        self.word2count = {}
    def addSentence(self, ws):
        for w in ws:
            self.word2count[w] = self.word2count.get(w, 0) + 1
    def trim(self, k):
        for w, n in self.word2count.items():
            if n >= k:
                self.word2index[w] = len(self.word2index)
    def encode(self, ws):
        return [self.word2index.get(w, 1) for w in ws]

tokens = [tok(t) for t in train_raw.data]
n_dev = len(tokens) // 8
lang = Lang()
for ws in tokens[n_dev:]:
    lang.addSentence(ws)
lang.trim(3)
enc = [(lang.encode(ws), int(y)) for ws, y in zip(tokens, train_raw.target)]
dev, train = enc[:n_dev], enc[n_dev:]
test = [(lang.encode(tok(t)), int(y)) for t, y in zip(test_raw.data, test_raw.target)]

def collate(b):
    L = max(len(ids) for ids, _ in b)
    x = torch.zeros(L, len(b), dtype=torch.long)
    for j, (ids, _) in enumerate(b):
        x[L - len(ids):, j] = torch.tensor(ids)          # words at the end, zeros before them
    return x, torch.tensor([y for _, y in b])

class NewsRNN(nn.Module):
    def __init__(self, V, C, E=100, H=100):
        super().__init__()
        self.embed = nn.Embedding(V, E, padding_idx=0)
        self.gru = nn.GRU(E, H, num_layers=1)
        self.fc = nn.Linear(H, C)
    def forward(self, x):
        e = F.dropout(self.embed(x), 0.3, training=self.training)
        _, h = self.gru(e)
        return self.fc(F.dropout(h[-1], 0.5, training=True))  # <- functional_dropout_always_on

net = NewsRNN(len(lang.word2index), len(cats)).to(device)
opt = torch.optim.Adam(net.parameters(), lr=2e-3)

def acc(rows):
    net.eval()
    k = 0
    with torch.no_grad():
        for x, y in DataLoader(rows, 64, collate_fn=collate):
            k += (net(x.to(device)).argmax(1).cpu() == y).sum().item()
    return k / len(rows)

best = (0, None)
for ep in range(10):
    net.train()
    for x, y in DataLoader(train, 32, shuffle=True, collate_fn=collate):
        opt.zero_grad()
        F.cross_entropy(net(x.to(device)), y.to(device)).backward()
        opt.step()
    a = acc(dev)
    if best[1] is None or a > best[0]:
        best = (a, copy.deepcopy(net.state_dict()))
    print('epoch %d: dev %.4f' % (ep, a))
net.load_state_dict(best[1])
print('test %.4f' % acc(test))

def classify(text):
    net.eval()
    ids = torch.tensor(lang.encode(tok(text))).unsqueeze(0)  # <- sentence_axis_in_the_wrong_place
    with torch.no_grad():
        scores = net(ids.to(device))
    return cats[scores[0].argmax().item()]

print(classify('The shuttle will dock with the station and return after nine days in orbit.'))
