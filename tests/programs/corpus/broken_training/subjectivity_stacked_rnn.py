import random, os, copy
import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import TensorDataset, DataLoader
import matplotlib.pyplot as plt

# subjective vs objective sentences
random.seed(321)
torch.manual_seed(321)

def get(path, y):
    out = []
    for line in open(path, encoding='latin1'):
        out.append((line.lower().split(), y))
    return out

all_data = get('subj/quote.tok.gt9.5000', 1) + get('subj/plot.tok.gt9.5000', 0)
random.shuffle(all_data)
N = len(all_data)
trn, val, tst = all_data[:int(N*0.8)], all_data[int(N*0.8):int(N*0.9)], all_data[int(N*0.9):]

vocab = {'PAD': 0, 'UNK': 1}
for s, _ in trn:
    for w in s:
        if w not in vocab:
            vocab[w] = len(vocab)

longest = max(len(s) for s, _ in all_data)

def tensors(rows):
    X = torch.zeros(len(rows), longest, dtype=torch.long)
    for i, (s, _) in enumerate(rows):
        X[i, longest - len(s):] = torch.tensor([vocab.get(w, 1) for w in s])   # zeros in front
    Y = torch.tensor([float(y) for _, y in rows])
    return TensorDataset(X, Y)

trn_dl = DataLoader(tensors(trn), batch_size=100, shuffle=True)
val_dl = DataLoader(tensors(val), batch_size=100)
tst_dl = DataLoader(tensors(tst), batch_size=100)

class StackedRNN(nn.Module):
    def __init__(self):
        super(StackedRNN, self).__init__()
        self.emb = nn.Embedding(len(vocab), 50, padding_idx=0)
        self.rnn1 = nn.RNN(50, 64, batch_first=True)
        self.rnn2 = nn.RNN(64, 32, batch_first=True)
        self.fc = nn.Linear(32, 1)
        self.act = nn.Sigmoid()

    def forward(self, x):
        x = self.emb(x)
        x, _ = self.rnn1(x)
        x, h = self.rnn2(x)
        return self.fc(h[0]).squeeze(1)

dev = torch.device("cuda" if torch.cuda.is_available() else "cpu")
net = StackedRNN().to(dev)
loss_fn = nn.BCELoss()
opt = optim.SGD(net.parameters(), lr=0.05, momentum=0.9)

train_curve, val_curve = [], []
best, best_net = 0.0, None
for epoch in range(15):
    net.train()
    run = 0.0
    for X, Y in trn_dl:
        X = X.to(dev); Y = Y.to(dev)
        opt.zero_grad()
        out = net(X)
        loss = loss_fn(out, Y)  # <- logits_in_bce_loss
        loss.backward()
        nn.utils.clip_grad_value_(net.parameters(), 1.0)
        opt.step()
        run += loss.item() * X.size(0)
    train_curve.append(run / len(trn))

    net.eval()
    good = 0
    with torch.no_grad():
        for X, Y in val_dl:
            guess = (net(X.to(dev)) > 0.5).float().cpu()
            good += (guess == Y).sum().item()
    val_curve.append(good / len(val))
    print('epoch %2d   loss %.4f   val %.4f' % (epoch, train_curve[-1], val_curve[-1]))
    if val_curve[-1] > best:
        best = val_curve[-1]
        best_net = net  # <- best_weights_are_an_alias

plt.plot(train_curve, label='train loss')
plt.plot(val_curve, label='val accuracy')
plt.legend()
plt.savefig('curves.png')

if best_net is None:
    best_net = net
best_net.eval()
good = 0
with torch.no_grad():
    for X, Y in tst_dl:
        guess = (best_net(X.to(dev)) > 0.5).float().cpu()
        good += (guess == Y).sum().item()
print('test accuracy', good / len(tst))
