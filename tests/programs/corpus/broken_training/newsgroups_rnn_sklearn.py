# 20 newsgroups, four topics, via sklearn
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import fetch_20newsgroups
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import classification_report

cats = ['sci.space', 'rec.autos', 'talk.politics.guns', 'comp.graphics']
strip = ('headers', 'footers', 'quotes')
tr = fetch_20newsgroups(subset='train', categories=cats, remove=strip, shuffle=True, random_state=1)
te = fetch_20newsgroups(subset='test', categories=cats, remove=strip, shuffle=True, random_state=1)

cv = CountVectorizer(max_features=10000, min_df=2)
cv.fit(tr.data)
ana = cv.build_analyzer()
word_idx = {w: i + 2 for w, i in cv.vocabulary_.items()}     # 0 padding, 1 unknown
LEN = 400


def vec(docs):
    m = np.zeros((len(docs), LEN), dtype=np.int64)
    n = np.zeros(len(docs), dtype=np.int64)
    for r, d in enumerate(docs):
        ids = [word_idx.get(w, 1) for w in ana(d)][:LEN] or [1]
        m[r, :len(ids)] = ids
        n[r] = len(ids)
    return torch.from_numpy(m), torch.from_numpy(n)


Xtr, Ltr = vec(tr.data)
Xte, Lte = vec(te.data)
ytr = torch.tensor(tr.target)
yte = torch.tensor(te.target)
torch.manual_seed(1)


class Net(nn.Module):
    def __init__(self, vocab, n_class):
        super().__init__()
        self.emb = nn.Embedding(vocab, 64, padding_idx=0)
        self.rnn = nn.GRU(64, 64, batch_first=True, bidirectional=True)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(256, n_class)

    def forward(self, x, n):
        mask = (torch.arange(x.size(1)).unsqueeze(0) < n.unsqueeze(1)).unsqueeze(2)
        packed = nn.utils.rnn.pack_padded_sequence(self.emb(x), n, batch_first=True, enforce_sorted=False)
        out, _ = nn.utils.rnn.pad_packed_sequence(self.rnn(packed)[0], batch_first=True, total_length=x.size(1))
        mx = out.masked_fill(~mask, float('-inf')).max(1)[0]
        avg = (out * mask).sum(1) / n.unsqueeze(1)
        z = self.fc(self.drop(torch.cat([mx, avg], 1)))
        return F.log_softmax(z, dim=1)  # <- log_softmax_before_cross_entropy


net = Net(len(word_idx) + 2, len(cats))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
ce = nn.CrossEntropyLoss()
B = 32
for ep in range(8):
    net.train()
    perm = torch.randperm(len(Xtr))
    total = 0
    for i in range(0, len(perm), B):
        k = perm[i:i + B]
        opt.zero_grad()
        loss = ce(net(Xtr[k], Ltr[k]), ytr[k])
        loss.backward()
        opt.step()
        total += loss * len(k)  # <- loss_summed_with_its_graph
    print('epoch %d, loss %.4f' % (ep, total.item() / len(perm)))

net.eval()
with torch.no_grad():
    guess = torch.cat([net(Xtr[i:i + B], Ltr[i:i + B]).argmax(1) for i in range(0, len(Xtr), B)])
print('Test set:')
print(classification_report(ytr.numpy(), guess.numpy(), target_names=tr.target_names))  # <- training_accuracy_called_test_accuracy
