import pickle
import random
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

""" ATIS intents.  The pickles hold (query_ids, intent_ids), numbered already, and the dictionaries token_ids / intent_ids """

np.random.seed(44)
random.seed(44)
torch.manual_seed(44)
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')

with open('data/atis.train.pkl', 'rb') as f:
    train_set, dicts = pickle.load(f)
with open('data/atis.dev.pkl', 'rb') as f:
    dev_set, _ = pickle.load(f)
with open('data/atis.test.pkl', 'rb') as f:
    test_set, _ = pickle.load(f)
t2i, i2i = dicts['token_ids'], dicts['intent_ids']
n_tokens, n_intents = max(t2i.values()) + 1, max(i2i.values()) + 1


def group_by_length(data):
    g = {}
    for q, i in zip(data['query'], data['intent']):
        q = list(q)
        g.setdefault(len(q), []).append((q, int(i)))
    return g


def iterate(data, size, shuffle):
    parts = []
    for rows in group_by_length(data).values():
        if shuffle:
            random.shuffle(rows)
        parts += [rows[k:k + size] for k in range(0, len(rows), size)]
    if shuffle:
        random.shuffle(parts)
    for rows in parts:
        yield (torch.tensor([q for q, _ in rows], device=device),
               torch.tensor([i for _, i in rows], device=device))


class IntentRNN(nn.Module):
    def __init__(self):
        super(IntentRNN, self).__init__()
        self.emb = nn.Embedding(n_tokens, 100)
        self.rnn = nn.RNN(100, 100, batch_first=True)
        self.drop = nn.Dropout(0.3)
        self.lin = nn.Linear(100, n_intents)

    def forward(self, x):
        _, h = self.rnn(self.emb(x))
        h = torch.squeeze(h)  # <- squeeze_drops_a_batch_of_one
        return F.softmax(self.lin(self.drop(h)), dim=-1)  # <- softmax_before_cross_entropy


def check(model, data):
    model.eval()
    ok = n = 0
    with torch.no_grad():
        for x, y in iterate(data, 64, False):
            out = model(x).view(len(y), n_intents)
            ok += (out.argmax(1) == y).sum().item()
            n += len(y)
    return ok / n


model = IntentRNN().to(device)
optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()
for epoch in range(1, 21):
    model.train()
    cost, n = 0.0, 0
    for x, y in iterate(train_set, 16, True):
        optimizer.zero_grad()
        loss = criterion(model(x).view(len(y), n_intents), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimizer.step()
        cost += loss.item() * len(y)
        n += len(y)
    print('epoch %2d cost %.4f dev %.4f' % (epoch, cost / n, check(model, dev_set)))
print('test %.4f' % check(model, test_set))
