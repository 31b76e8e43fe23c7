import os, random, time
import numpy as np
import torch
import torch.nn as nn
from torch.autograd import Variable
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

# spoiler or not?  data/spoilers/{train,val,test}.tsv   "label<TAB>sentence"
np.random.seed(3); random.seed(3); torch.manual_seed(3)
use_gpu = torch.cuda.is_available()

def readTsv(fn):
    sents, labs = [], []
    for line in open(os.path.join('data/spoilers', fn), encoding='utf-8'):
        lab, sent = line.rstrip('\n').split('\t', 1)
        sents.append(sent.lower().split() or ['<e>'])
        labs.append(int(lab))
    return sents, labs

trainS, trainL = readTsv('train.tsv')
valS, valL = readTsv('val.tsv')
testS, testL = readTsv('test.tsv')

dictWord = {'<p>': 0, '<u>': 1}
for s in trainS:
    for w in s:
        dictWord.setdefault(w, len(dictWord))

def nextBatch(sents, labs, bs, shuffle):
    idx = np.arange(len(sents))
    if shuffle: np.random.shuffle(idx)
    for st in range(0, len(idx), bs):
        ii = idx[st:st + bs]
        xs = [torch.LongTensor([dictWord.get(w, 1) for w in sents[i]]) for i in ii]
        lens = torch.LongTensor([len(x) for x in xs])
        x = pad_sequence(xs)
        y = torch.LongTensor([labs[i] for i in ii])
        if use_gpu:
            x, y = x.cuda(), y.cuda()
        yield Variable(x), lens, Variable(y)

class SpoilerRNN(nn.Module):
    def __init__(self, nWords, nEmb, nHid):
        super(SpoilerRNN, self).__init__()
        self.emb = nn.Embedding(nWords, nEmb, padding_idx=0)
        self.gru = nn.GRU(nEmb, nHid)
        self.out = nn.Linear(nHid, 1)
    def forward(self, x, lens):
        p = pack_padded_sequence(self.emb(x), lens, enforce_sorted=False)
        o, h = self.gru(p)
        return self.out(h[0])

net = SpoilerRNN(len(dictWord), 100, 100)
if use_gpu:
    net = net.cuda()
crit = nn.CrossEntropyLoss()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)

def score(sents, labs):
    net.eval()
    n = 0
    with torch.no_grad():
        for x, lens, y in nextBatch(sents, labs, 100, False):
            n += ((net(x, lens).squeeze(1) > 0).long() == y).sum().item()
    return float(n) / len(sents)

for ep in range(5):
    net.train()
    t0, tot = time.time(), 0.
    for x, lens, y in nextBatch(trainS, trainL, 50, True):
        opt.zero_grad()
        target = y.float()
        loss = crit(net(x, lens).squeeze(1), target)  # <- batch_taken_as_one_distribution
        loss.backward()
        opt.step()
        tot += loss.item() * len(y)
    print('Epoch %d, loss %.3f, val %.3f, %.1f sec' % (ep, tot / len(trainS), score(valS, valL), time.time() - t0))
print('Test %.3f' % score(testS, testL))
