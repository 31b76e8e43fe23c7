import re
from collections import Counter
import numpy as np
import pandas as pd
import torch
from torch import nn, optim
from torch.utils.data import TensorDataset, DataLoader

LEN = 400
BATCH = 128

def clean(s):
    return re.sub(r"[^a-z' ]", ' ', s.lower()).split()

def load(fn):
    # sentiment,review  with a line of names on top
    df = pd.read_csv(fn, header=None, names=['sentiment', 'review'])  # <- header_read_as_a_review
    x = [clean(str(r)) for r in df['review']]
    y = (df['sentiment'].astype(str) == 'positive').astype('float32').values
    return x, y

x_train, y_train = load('amazon/train.csv')
x_test, y_test = load('amazon/test.csv')

count = Counter()
for r in x_train:
    count.update(r)
vocab = ['<unk>'] + [w for w, c in count.most_common(30000) if c > 4]
word2idx = {w: i for i, w in enumerate(vocab, start=1)}   # 0 stays free for the padding
print("vocabulary:", len(word2idx))

def matrix(reviews):
    m = np.zeros((len(reviews), LEN), dtype=np.int64)
    for i, r in enumerate(reviews):
        ids = [word2idx.get(w, word2idx['<unk>']) for w in r[-LEN:]]
        if ids:
            m[i, -len(ids):] = ids
    return torch.from_numpy(m)

train_dl = DataLoader(TensorDataset(matrix(x_train), torch.from_numpy(y_train)), BATCH, shuffle=True)
test_dl = DataLoader(TensorDataset(matrix(x_test), torch.from_numpy(y_test)), BATCH)

class AmazonGRU(nn.Module):
    def __init__(self, vocab_size, emb_size=128, hidden=128):
        super(AmazonGRU, self).__init__()
        self.emb = nn.Embedding(vocab_size, emb_size, padding_idx=0)
        self.gru = nn.GRU(emb_size, hidden, num_layers=2, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x):
        o, h = self.gru(self.emb(x))
        return torch.sigmoid(self.fc(o[:, -1])).view(-1)

device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
net = AmazonGRU(len(word2idx)).to(device)  # <- embedding_smaller_than_the_vocabulary
criterion = nn.BCELoss()
optimizer = optim.Adam(net.parameters(), lr=0.0007)

for epoch in range(3):
    net.train()
    run_loss, seen = 0.0, 0
    for step, (x, y) in enumerate(train_dl, 1):
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()
        run_loss += loss.item() * len(x)
        seen += len(x)
        if step % 200 == 0:
            print('epoch %d step %d loss %.4f' % (epoch, step, run_loss / seen))

net.eval()
n_ok = 0
with torch.no_grad():
    for x, y in test_dl:
        p = net(x.to(device)).cpu()
        n_ok += (p.round() == y).sum().item()
print('accuracy on test: %.4f' % (n_ok / len(y_test)))
