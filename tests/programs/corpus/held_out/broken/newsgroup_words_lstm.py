from collections import Counter
import random
import re
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import fetch_20newsgroups

torch.manual_seed(3)
random.seed(3)
categories = ['comp.graphics', 'sci.space', 'rec.sport.baseball']
newsgroups_train = fetch_20newsgroups(subset='train', categories=categories, remove=('headers', 'footers', 'quotes'))
newsgroups_test = fetch_20newsgroups(subset='test', categories=categories, remove=('headers', 'footers', 'quotes'))


def tok(t):
    return re.findall('[a-z]{2,}', t.lower())


vocab = Counter()
for text in newsgroups_train.data:
    for word in tok(text):
        vocab[word] += 1


def get_word_2_index(vocab):
    word2index = {}
    for i, word in enumerate(vocab):  # <- padding_index_shared_with_a_word
        word2index[word] = i
    return word2index


word2index = get_word_2_index(vocab)
UNK = len(word2index)
print('vocabulary', len(word2index))


def get_batch(texts, targets, ids):
    docs = [[word2index.get(w, UNK) for w in tok(texts[i])] or [UNK] for i in ids]  # <- tokens_made_again_at_every_run
    lens = [len(d) for d in docs]
    x = torch.tensor([d + [0] * (max(lens) - len(d)) for d in docs])
    return x, torch.tensor([int(targets[i]) for i in ids])


class NewsNet(nn.Module):
    def __init__(self, n_vocab, hidden=100, classes=3):
        super().__init__()
        self.embedding = nn.Embedding(n_vocab, 80)  # <- padding_trained_as_a_word
        self.lstm = nn.LSTM(80, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, classes)

    def forward(self, x):
        h, _ = self.lstm(self.embedding(x))
        mask = (x != 0).unsqueeze(2).float()          # leave the padding out of the mean
        mean = (h * mask).sum(1) / mask.sum(1).clamp(min=1)
        return self.fc(mean)


model = NewsNet(len(word2index) + 1)
optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
n = len(newsgroups_train.data)
for epoch in range(10):
    order = torch.randperm(n).tolist()
    model.train()
    total = 0
    for i in range(0, n, 40):
        x, y = get_batch(newsgroups_train.data, newsgroups_train.target, order[i:i + 40])
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
    print('epoch', epoch, 'loss', total / n)

model.eval()
m = len(newsgroups_test.data)
with torch.no_grad():
    right = 0
    for i in range(0, m, 40):
        x, y = get_batch(newsgroups_test.data, newsgroups_test.target, range(i, min(i + 40, m)))
        right += (model(x).argmax(1) == y).sum().item()
print('test accuracy', right / m)
