# youtube comments, -1 / 1 sentiment, small GRU
import pandas as pd, numpy as np
import torch, torch.nn as nn
import re
from torch.utils.data import DataLoader, TensorDataset
from sklearn.model_selection import train_test_split

torch.manual_seed(0)
np.random.seed(0)

data = pd.read_excel('data/comments.xlsx')          # Comment, Sentiment
data = data.dropna()
X = data['Comment'].astype(str).apply(lambda s: re.sub('[^a-z ]', ' ', s.lower()).split())
Y = data['Sentiment'].astype(int).values             # -1 or 1
X_train, X_test, y_train, y_test = train_test_split(X.tolist(), Y, test_size=0.2, random_state=0)

stoi = {}
for s in X_train:
    for w in s:
        if w not in stoi:
            stoi[w] = len(stoi) + 2      # 0 pad 1 unk

maxlen = max(max(len(s) for s in X_train), 1)

def vec(sents):
    m = np.zeros((len(sents), maxlen), dtype='int64')
    for i, s in enumerate(sents):
        s = [stoi.get(w, 1) for w in s][-maxlen:]
        if s:
            m[i, maxlen - len(s):] = s
    return torch.from_numpy(m)

train_dl = DataLoader(TensorDataset(vec(X_train), torch.from_numpy(y_train)), batch_size=32, shuffle=True)
test_dl = DataLoader(TensorDataset(vec(X_test), torch.from_numpy(y_test)), batch_size=32)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(len(stoi) + 2, 50, padding_idx=0)
        self.gru = nn.GRU(50, 50, batch_first=True)
        self.out = nn.Linear(50, 1)
    def forward(self, x):
        o, h = self.gru(self.emb(x))
        return self.out(h[-1])

net = Net()
opt = torch.optim.Adam(net.parameters(), lr=0.005)
loss_fn = nn.BCEWithLogitsLoss()
for epoch in range(10):
    net.train()
    total, count = 0, 0
    for x, y in train_dl:
        opt.zero_grad()
        out = net(x).squeeze(1)
        loss = loss_fn(out, y.float())  # <- labels_outside_zero_and_one
        loss.backward()
        opt.step()
        total += loss.item() * len(y)
        count += len(y)
    print('epoch %d, loss %.4f' % (epoch, total / count))

net.eval()
correct = 0
for x, y in test_dl:  # <- gradients_kept_in_evaluation
    pred = torch.sign(net(x))
    correct += (pred == y).sum().item()  # <- comparison_broadcasts
print('accuracy', correct / len(y_test))
