import re
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from collections import Counter
from torch.utils.data import DataLoader, TensorDataset

SEED = 0
np.random.seed(SEED)
torch.manual_seed(SEED)
MAX_LEN = 400
EMB = 100

df = pd.read_csv('IMDB Dataset.csv').drop_duplicates('review')
df['tok'] = df['review'].str.replace('<br />', ' ', regex=False).str.lower().str.findall(r"[a-z']+")
df['y'] = df['sentiment'].map({'negative': 0, 'positive': 1})
perm = np.random.permutation(len(df))
n1, n2 = int(.7 * len(df)), int(.8 * len(df))
train, valid, test = (df.iloc[p] for p in np.split(perm, [n1, n2]))

counts = Counter(w for t in train['tok'] for w in t)
vocab = {'<unk>': 0}
for w, c in counts.most_common(20000):
    vocab[w] = len(vocab)
vocab['<pad>'] = len(vocab)
PAD = vocab['<pad>']

vectors = np.random.normal(0, .3, (len(vocab), EMB)).astype('float32')
with open('glove.6B/glove.6B.100d.txt', encoding='utf8') as f:
    for line in f:
        w, *v = line.rstrip().split(' ')
        if w in vocab:
            vectors[vocab[w]] = np.array(v, dtype='float32')

def encode(tokens):
    ids = [vocab.get(w, 0) for w in tokens[-MAX_LEN:]]
    return ids + [PAD] * (MAX_LEN - len(ids))

def loader(part, shuffle):
    x = torch.tensor([encode(t) for t in part['tok']])
    n = torch.tensor([min(max(len(t), 1), MAX_LEN) for t in part['tok']])
    return DataLoader(TensorDataset(x, n, torch.tensor(part['y'].values)), batch_size=64, shuffle=shuffle)

class BiLSTM(nn.Module):
    def __init__(self, weights, hidden=128):
        super().__init__()
        self.embedding = nn.Embedding(*weights.shape, padding_idx=0)  # <- padding_index_guessed, padding_idx_of_a_real_word
        self.embedding.weight.data.copy_(torch.from_numpy(weights))  # <- padding_row_overwritten_by_vectors
        self.lstm = nn.LSTM(weights.shape[1], hidden, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(2 * hidden, 2)
        self.dropout = nn.Dropout(0.5)
    def forward(self, x, n):
        e = self.dropout(self.embedding(x))
        packed = nn.utils.rnn.pack_padded_sequence(e, n.cpu(), batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.fc(self.dropout(torch.cat([h[-2], h[-1]], 1)))

device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
model = BiLSTM(vectors).to(device)
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
loss_fn = nn.CrossEntropyLoss()
train_dl, valid_dl, test_dl = loader(train, True), loader(valid, False), loader(test, False)

def evaluate(dl):
    model.eval()
    ok = 0
    with torch.no_grad():
        for x, n, y in dl:
            ok += (model(x.to(device), n).argmax(1).cpu() == y).sum().item()
    return ok / len(dl.dataset)

best = 0
for epoch in range(6):
    model.train()
    for x, n, y in train_dl:
        opt.zero_grad()
        loss = loss_fn(model(x.to(device), n), y.to(device))
        loss.backward()
        opt.step()
    acc = evaluate(valid_dl)
    print(epoch, 'valid', acc)
    if acc > best:
        best = acc
        torch.save({'w': model.state_dict(), 'vocab': vocab}, 'bilstm.pt')
model.load_state_dict(torch.load('bilstm.pt')['w'])
print('test', evaluate(test_dl))
