import csv
import re
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from collections import Counter
from torch.utils.data import DataLoader
from torch.nn.utils.rnn import pad_sequence

torch.manual_seed(1)

def read_csv(path):
    # "3","title","description"  without a header
    out = []
    with open(path, encoding='utf-8', newline='') as fp:
        for label, title, desc in csv.reader(fp):
            out.append((re.findall(r'\w+', (title + ' ' + desc).lower()), int(label) - 1))
    return out

train, test = read_csv('ag_news_csv/train.csv'), read_csv('ag_news_csv/test.csv')
freq = Counter(w for t, _ in train for w in t)
ix = {w: i for i, (w, c) in enumerate(freq.most_common(30000), start=2)}

def col(b):
    xs = [torch.tensor([ix.get(w, 1) for w in t]) for t, _ in b]
    return pad_sequence(xs), torch.tensor([len(x) for x in xs]), torch.tensor([y for _, y in b])

class NewsLSTM(nn.Module):
    def __init__(self):
        super(NewsLSTM, self).__init__()
        self.emb = nn.Embedding(30002, 100, padding_idx=0)
        self.lstm = nn.LSTM(100, 100)
        self.out = nn.Linear(100, 4)
    def forward(self, x, n):
        p = nn.utils.rnn.pack_padded_sequence(self.emb(x), n, enforce_sorted=False)
        _, (h, _) = self.lstm(p)
        scores = self.out(h[-1])
        return F.log_softmax(scores, dim=0)  # <- softmax_over_the_batch

net = NewsLSTM()
optimizer = optim.Adam(net.parameters(), lr=1e-3)
criterion = nn.NLLLoss()
trainloader = DataLoader(train, batch_size=128, shuffle=True, collate_fn=col)
testloader = DataLoader(test, batch_size=128, collate_fn=col)

for epoch in range(3):
    net.train()
    for i, (x, n, y) in enumerate(trainloader):
        optimizer.zero_grad()
        loss = criterion(net(x, n), y)
        loss.backward()
        optimizer.step()
        if i % 100 == 99:
            print('[%d, %5d] loss: %.3f' % (epoch + 1, i + 1, loss.item()))
print('Finished Training')

correct, total = 0, 0
with torch.no_grad():
    net.eval()
    for x, n, y in testloader:
        predicted = net(x, n).max(1)[1]
        total += y.size(0)
        correct += (predicted == y).sum().item()
print('Accuracy on the test news: %.2f %%' % (100 * correct / total))
