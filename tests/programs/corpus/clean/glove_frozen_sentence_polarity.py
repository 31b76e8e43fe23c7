# MR sentence polarity, frozen GloVe, LSTM + linear on top
import os
import random
import numpy as np
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils.data import Dataset, DataLoader

SEED = 10
random.seed(SEED)
np.random.seed(SEED)
torch.manual_seed(SEED)
GLOVE = 'glove/glove.6B.200d.txt'
DIM = 200


def lines(fn):
    with open(os.path.join('rt-polaritydata', fn), encoding='latin-1') as f:
        return [l.split() for l in f if l.strip()]


examples = [(t, 1) for t in lines('rt-polarity.pos')] + [(t, 0) for t in lines('rt-polarity.neg')]
random.shuffle(examples)
n_test = len(examples) // 10
test_ex, valid_ex, train_ex = examples[:n_test], examples[n_test:2 * n_test], examples[2 * n_test:]

# The vectors are never trained, so every word that has one may have a row,
# whichever split it comes from.
all_words = sorted({w for toks, _ in train_ex + valid_ex + test_ex for w in toks})  # <- vocabulary_saw_the_test_set
wanted = set(all_words)
found = {}
with open(GLOVE, encoding='utf-8') as f:
    for line in f:
        w, *v = line.rstrip().split(' ')
        if w in wanted:
            found[w] = np.asarray(v, dtype='float32')
print('%d of %d words have a vector' % (len(found), len(all_words)))

word2idx = {'<pad>': 0, '<unk>': 1}
rows = [np.zeros(DIM, dtype='float32'), np.mean(list(found.values()), axis=0)]
for w in all_words:
    if w in found:
        word2idx[w] = len(rows)
        rows.append(found[w])
matrix = torch.from_numpy(np.stack(rows))
assert matrix.shape[0] == len(word2idx)


class MR(Dataset):
    def __init__(self, ex):
        self.ex = [([word2idx.get(w, word2idx['<unk>']) for w in t], y) for t, y in ex]

    def __len__(self):
        return len(self.ex)

    def __getitem__(self, i):
        return self.ex[i]


def collate(b):
    b = sorted(b, key=lambda e: -len(e[0]))
    n = [len(t) for t, _ in b]
    x = torch.zeros(len(b), n[0], dtype=torch.long)
    for i, (t, _) in enumerate(b):
        x[i, :n[i]] = torch.tensor(t)
    return x, n, torch.tensor([y for _, y in b], dtype=torch.float)


class Polarity(nn.Module):
    def __init__(self, matrix, hidden=150):
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(matrix, freeze=True, padding_idx=0)
        self.lstm = nn.LSTM(matrix.size(1), hidden, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.5)
        self.linear = nn.Linear(hidden * 2, 1)

    def forward(self, x, n):
        e = pack_padded_sequence(self.dropout(self.embedding(x)), n, batch_first=True)
        _, (h, _) = self.lstm(e)
        h = h.transpose(0, 1).reshape(x.size(0), -1)      # one layer: forward | backward
        return self.linear(self.dropout(h))[:, 0]


model = Polarity(matrix)
opt = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-3)
bce = nn.BCEWithLogitsLoss()


def test(dl):
    model.eval()
    hits = count = 0
    with torch.no_grad():
        for x, n, y in dl:
            hits += ((model(x, n) > 0).float() == y).sum().item()
            count += len(y)
    return hits / count


train_dl = DataLoader(MR(train_ex), 50, shuffle=True, collate_fn=collate)
valid_dl = DataLoader(MR(valid_ex), 200, collate_fn=collate)
test_dl = DataLoader(MR(test_ex), 200, collate_fn=collate)

best, best_state = 0, None
for epoch in range(12):
    model.train()
    for x, n, y in train_dl:
        loss = bce(model(x, n), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
    acc = test(valid_dl)
    print(epoch, 'valid %.4f' % acc)
    if acc > best:
        best = acc
        best_state = {k: v.clone() for k, v in model.state_dict().items()}
model.load_state_dict(best_state)
print('test %.4f' % test(test_dl))
