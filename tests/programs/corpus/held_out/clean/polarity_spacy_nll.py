"""Rotten Tomatoes sentences, spaCy's blank tokenizer, negative log likelihood."""
import pathlib
import random
from collections import Counter

import spacy
import torch
import torch.nn as nn
import torch.nn.functional as F

nlp = spacy.blank('en')
SEED = 55
random.seed(SEED)
torch.manual_seed(SEED)


def read(path):
    return pathlib.Path(path).read_text(encoding='latin-1').strip().split('\n')


def tokens_of(text):
    return [t.lower_ for t in nlp.tokenizer(text) if not t.is_space] or ['.']


pos = read('rt-polaritydata/rt-polarity.pos')
neg = read('rt-polaritydata/rt-polarity.neg')
examples = [(tokens_of(s), 1) for s in pos] + [(tokens_of(s), 0) for s in neg]
random.shuffle(examples)
n_dev = n_test = len(examples) // 10
dev = examples[:n_dev]
test = examples[n_dev:n_dev + n_test]
train = examples[n_dev + n_test:]

counts = Counter(w for t, _ in train for w in t)
vocab = ['<pad>', '<unk>'] + [w for w, c in counts.items() if c > 1]
w2i = {w: i for i, w in enumerate(vocab)}


def batches(examples, size, shuffle):
    order = list(range(len(examples)))
    if shuffle:
        random.shuffle(order)
    for start in range(0, len(order), size):
        chunk = [examples[i] for i in order[start:start + size]]
        lengths = torch.tensor([len(t) for t, _ in chunk])
        x = torch.zeros(len(chunk), int(lengths.max()), dtype=torch.long)
        for row, (t, _) in enumerate(chunk):
            x[row, :len(t)] = torch.tensor([w2i.get(w, 1) for w in t])
        yield x, lengths, torch.tensor([y for _, y in chunk])


class PolarityLSTM(nn.Module):
    def __init__(self, vocab_size, emb=64, hidden=64):
        super().__init__()
        self.emb = nn.Embedding(vocab_size, emb, padding_idx=0)
        self.lstm = nn.LSTM(emb, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 2)
        self.drop = nn.Dropout(0.5)

    def forward(self, x, lengths):
        out, _ = self.lstm(self.drop(self.emb(x)))
        # gather the output at the last real word of each sentence
        where = (lengths - 1).view(-1, 1, 1).expand(-1, 1, out.size(2))
        last = out.gather(1, where).squeeze(1)
        return F.log_softmax(self.fc(self.drop(last)), dim=1)


model = PolarityLSTM(len(vocab))
opt = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-5)


def accuracy(part):
    model.eval()
    with torch.no_grad():
        right = sum((model(x, n).argmax(1) == y).sum().item() for x, n, y in batches(part, 100, False))
    return right / len(part)


best, best_epoch = 0.0, 0
for epoch in range(1, 16):
    model.train()
    total = 0.0
    for x, n, y in batches(train, 32, True):
        opt.zero_grad()
        loss = F.nll_loss(model(x, n), y)
        loss.backward()
        opt.step()
        total += loss.item() * len(y)
    acc = accuracy(dev)
    print('%2d  loss %.4f  dev %.4f' % (epoch, total / len(train), acc))
    if acc > best:
        best, best_epoch = acc, epoch
        torch.save({'state': model.state_dict(), 'vocab': vocab}, 'polarity.pt')
    elif epoch - best_epoch >= 3:
        break

model.load_state_dict(torch.load('polarity.pt')['state'])
print('best epoch %d, dev %.4f, test %.4f' % (best_epoch, best, accuracy(test)))


def classify(sentence):
    model.eval()
    ids = torch.tensor([[w2i.get(w, 1) for w in tokens_of(sentence)]])
    with torch.no_grad():
        p_positive = model(ids, torch.tensor([ids.size(1)])).exp()[0, 1].item()
    return 'positive' if p_positive >= 0.5 else 'negative'


for s in ['a gorgeous , witty , seductive movie .', 'it never comes to life .']:
    print(s, '->', classify(s))
