# which poet wrote the line? one line = one example. poems/<poet>.txt
import glob, os, random
import torch, torch.nn as nn
from sklearn.model_selection import train_test_split

random.seed(15)
torch.manual_seed(15)

X, Y, poets = [], [], []
for k, fn in enumerate(sorted(glob.glob('poems/*.txt'))):
    poets.append(os.path.basename(fn)[:-4])
    with open(fn, encoding='utf-8') as f:
        lines = sorted({' '.join(l.lower().split()) for l in f})
    for l in lines:
        if l:
            X.append(l.split())
            Y.append(k)

Xtr, Xte, Ytr, Yte = train_test_split(X, Y, test_size=0.2, stratify=Y, random_state=15)
word2num = {'PADDING': 0, 'UNKNOWN': 1}
for l in Xtr:
    for w in l:
        if w not in word2num:
            word2num[w] = len(word2num)


def nums(line):
    return [word2num.get(w, 1) for w in line]


def group_by_length(X, Y):
    """lines of the same length go together, then no padding is needed"""
    by = {}
    for x, y in zip(X, Y):
        by.setdefault(len(x), []).append((x, y))
    out = []
    for n in by:
        rows = by[n]
        random.shuffle(rows)
        for i in range(0, len(rows), 32):
            r = rows[i:i + 32]
            out.append((torch.tensor([nums(x) for x, _ in r]), torch.tensor([y for _, y in r])))
    random.shuffle(out)
    return out


class PoetNet(nn.Module):
    def __init__(self, V, n_poets):
        super().__init__()
        self.embedding = nn.Embedding(V, 60)
        self.rnn = nn.RNN(60, 80, num_layers=1, nonlinearity='relu')      # wants (time, batch, feature)
        self.dropout = nn.Dropout(0.3)
        self.linear = nn.Linear(80, n_poets)
        self.logsoftmax = nn.LogSoftmax(0)  # <- softmax_over_the_batch

    def forward(self, x):
        e = self.embedding(x.transpose(0, 1))
        out, _ = self.rnn(e)
        return self.logsoftmax(self.linear(self.dropout(out[-1])))


net = PoetNet(len(word2num), len(poets))
nll = nn.NLLLoss()
sgd = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)

for epoch in range(15):
    net.train()
    total, right = 0.0, 0
    for x, y in group_by_length(Xtr, Ytr):
        out = net(x)
        loss = nll(out, y)
        sgd.zero_grad()
        loss.backward(retain_graph=True)  # <- retain_graph_as_a_cure
        nn.utils.clip_grad_norm_(net.parameters(), 5)
        sgd.step()
        total += loss.item() * len(y)
        right += (out.argmax(1) == y).sum().item()
    print('epoch %d: loss %.4f, training accuracy %.3f' % (epoch + 1, total / len(Xtr), right / len(Xtr)))

net.eval()
with torch.no_grad():
    right = sum((net(x).argmax(1) == y).sum().item() for x, y in group_by_length(Xte, Yte))
print('test accuracy %.3f' % (right / len(Xte)))


def who(line):
    net.eval()
    x = torch.tensor(nums(line.lower().split())).unsqueeze(1)  # <- sentence_axis_in_the_wrong_place
    with torch.no_grad():
        out = net(x)
    return poets[out[0].argmax().item()]


print(who('the woods are dark and the snow is deep'))
