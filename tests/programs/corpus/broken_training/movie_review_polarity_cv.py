# sentence polarity (rt-polarity.pos / rt-polarity.neg), 10-fold cross validation, GRU
import random
import numpy as np
import torch
import torch.nn as nn
from sklearn.model_selection import KFold

POS = 'data/rt-polaritydata/rt-polarity.pos'
NEG = 'data/rt-polaritydata/rt-polarity.neg'
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')

def seed_all(s=42):
    random.seed(s); np.random.seed(s); torch.manual_seed(s)

def read_lines(path, label):
    with open(path, encoding='latin-1') as f:
        return [(line.strip().split(), label) for line in f if line.strip()]

seed_all()
sents = read_lines(POS, 1) + read_lines(NEG, 0)
random.shuffle(sents)

class Net(nn.Module):
    def __init__(self, V):
        super().__init__()
        self.e = nn.Embedding(V, 100, padding_idx=0)
        self.g = nn.GRU(100, 100, batch_first=True)
        self.d = nn.Dropout(0.5)
        self.o = nn.Linear(100, 2)
    def forward(self, x):
        _, h = self.g(self.e(x))
        return self.o(self.d(h[0]))

def pad_left(seqs):
    m = max(len(s) for s in seqs)
    return torch.tensor([[0] * (m - len(s)) + s for s in seqs])

def minibatches(data, size, shuffle):
    idx = np.random.permutation(len(data)) if shuffle else np.arange(len(data))
    for k in range(0, len(data), size):
        part = [data[i] for i in idx[k:k + size]]
        yield pad_left([x for x, _ in part]).to(device), torch.tensor([y for _, y in part]).to(device)

def fit(train, vocab_size, epochs=5, size=50):
    net = Net(vocab_size).to(device)
    opt = torch.optim.Adadelta(net.parameters(), lr=1.0)
    lossf = nn.CrossEntropyLoss()
    net.train()
    for ep in range(epochs):
        running = 0.0
        for x, y in minibatches(train, size, True):
            opt.zero_grad()
            out = net(x)
            loss = lossf(torch.softmax(out, dim=1), y)  # <- softmax_before_cross_entropy
            loss.backward()
            opt.step()
            running = running + loss.item() * len(y)
        print('   epoch %d loss %.4f' % (ep, running / len(train)))
    return net

def accuracy(net, data, size=100):
    right = 0
    with torch.no_grad():
        for x, y in minibatches(data, size, False):  # <- evaluated_in_training_mode
            right += (net(x).argmax(1) == y).sum().item()
    return right / len(data)

accs = []
for k, (tr, te) in enumerate(KFold(10, shuffle=True, random_state=42).split(sents)):
    tr_s = [sents[i] for i in tr]
    te_s = [sents[i] for i in te]
    stoi = {'<pad>': 0, '<unk>': 1}
    for words, _ in tr_s:
        for w in words:
            stoi.setdefault(w, len(stoi))
    num = lambda rows: [([stoi.get(w, 1) for w in ws], y) for ws, y in rows]
    net = fit(num(tr_s), len(stoi))
    a = accuracy(net, num(te_s))
    print('fold %2d accuracy %.4f' % (k, a))
    accs.append(a)
print('mean %.4f std %.4f' % (np.mean(accs), np.std(accs)))
