"""Phishing e-mails (csv: text,label), two-layer LSTM."""
import csv, sys, re, random, argparse
from collections import defaultdict
import torch
from torch import nn

csv.field_size_limit(10 ** 8)
ap = argparse.ArgumentParser()
ap.add_argument('train_csv')
ap.add_argument('test_csv')
ap.add_argument('--epochs', type=int, default=4)
opt = ap.parse_args()
random.seed(0)
torch.manual_seed(0)


def read(path):
    with open(path, newline='', encoding='utf-8', errors='replace') as f:
        return [(re.findall(r'[a-z]+|\$|!', r['text'].lower())[-400:] or ['void'], int(r['label'])) for r in csv.DictReader(f)]


train, test = read(opt.train_csv), read(opt.test_csv)
vocab = defaultdict(lambda: 1)
vocab['<pad>'] = 0
for words, _ in train:
    for w in words:
        if w not in vocab:
            vocab[w] = len(vocab) + 1
N = max(vocab.values()) + 1


def batch(rows):
    n = torch.tensor([len(w) for w, _ in rows])
    x = torch.zeros(len(rows), int(n.max()), dtype=torch.long)
    for i, (ws, _) in enumerate(rows):
        x[i, :len(ws)] = torch.tensor([vocab[w] for w in ws])
    return x, n, torch.tensor([y for _, y in rows])


class MailLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(N, 64, padding_idx=0)
        self.lstm = nn.LSTM(64, 64, num_layers=2, batch_first=True, dropout=0.2)
        self.fc = nn.Linear(64, 2)

    def forward(self, x, n):
        packed = nn.utils.rnn.pack_padded_sequence(self.emb(x), n, batch_first=True, enforce_sorted=False)
        _, (hn, _) = self.lstm(packed)
        # hn: batch first, take the top layer
        hn = hn.reshape(x.size(0), 2, 64)[:, -1, :]  # <- h_n_read_as_batch_first
        return self.fc(hn)


net = MailLSTM()
adam = torch.optim.Adam(net.parameters(), lr=1e-3)
ce = nn.CrossEntropyLoss()
for ep in range(opt.epochs):
    random.shuffle(train)
    net.train()
    tot = 0
    for i in range(0, len(train), 32):
        x, n, y = batch(train[i:i + 32])
        adam.zero_grad()
        loss = ce(net(x, n), y)
        loss.backward()
        adam.step()
        tot += loss.item() * len(y)
    print('epoch', ep, tot / len(train), file=sys.stderr)

net.eval()
cm = [[0, 0], [0, 0]]
with torch.no_grad():
    for i in range(0, len(test), 64):
        x, n, y = batch(test[i:i + 64])
        for a, b in zip(y.tolist(), net(x, n).argmax(1).tolist()):
            cm[a][b] += 1
print('confusion', cm, 'accuracy', (cm[0][0] + cm[1][1]) / len(test))
