# -*- coding: utf-8 -*-
# classify surnames by language, one character at a time
from __future__ import unicode_literals, print_function, division
import glob
import os
import random
import string
import time
import unicodedata

import torch
import torch.nn as nn

all_letters = string.ascii_letters + " .,;'"
n_letters = len(all_letters) + 1      # one more for anything else


def unicodeToAscii(s):
    return ''.join(
        c for c in unicodedata.normalize('NFD', s)
        if unicodedata.category(c) != 'Mn'
    )


def readLines(filename):
    with open(filename, encoding='utf-8') as f:
        return [unicodeToAscii(l.strip()) for l in f if l.strip()]


def letterToIndex(letter):
    i = all_letters.find(letter)
    return i if i >= 0 else n_letters - 1


def lineToTensor(line):
    # <line_length x 1 x n_letters>
    t = torch.zeros(len(line), 1, n_letters)
    for li, letter in enumerate(line):
        t[li][0][letterToIndex(letter)] = 1
    return t


random.seed(7)
torch.manual_seed(7)

all_categories = []
train_pairs = []
test_pairs = []
for filename in sorted(glob.glob('data/names/*.txt')):
    category = os.path.splitext(os.path.basename(filename))[0]
    idx = len(all_categories)
    all_categories.append(category)
    lines = sorted(set(readLines(filename)))
    random.shuffle(lines)
    cut = int(len(lines) * 0.85)
    train_pairs += [(l, idx) for l in lines[:cut]]
    test_pairs += [(l, idx) for l in lines[cut:]]

n_categories = len(all_categories)
print(n_categories, 'languages', len(train_pairs), 'train', len(test_pairs), 'test')


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super(RNN, self).__init__()
        self.hidden_size = hidden_size
        self.i2h = nn.Linear(input_size + hidden_size, hidden_size)
        self.h2o = nn.Linear(hidden_size, output_size)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, letter, hidden):
        combined = torch.cat((letter, hidden), 1)
        hidden = torch.tanh(self.i2h(combined))
        return self.softmax(self.h2o(hidden)), hidden

    def initHidden(self):
        return torch.zeros(1, self.hidden_size)


rnn = RNN(n_letters, 128, n_categories)
criterion = nn.NLLLoss()
optimizer = torch.optim.SGD(rnn.parameters(), lr=0.005)


def run_line(line_tensor):
    hidden = rnn.initHidden()
    for i in range(line_tensor.size(0)):
        output, hidden = rnn(line_tensor[i], hidden)
    return output


def train_one(line, cat):
    output = run_line(lineToTensor(line))
    loss = criterion(output, torch.tensor([cat]))
    loss.backward()  # <- gradients_not_zeroed
    optimizer.step()
    return output, loss.item()


start = time.time()
n_epochs = 5
for epoch in range(1, n_epochs + 1):
    random.shuffle(train_pairs)
    for line, cat in train_pairs:
        output, loss = train_one(line, cat)
    guess = output.argmax(1).item()
    print('epoch %d (%.0fs) train loss %.4f   %s / %s' % (epoch, time.time() - start, loss, line, all_categories[guess]))  # <- last_batch_reported_for_the_epoch

confusion = torch.zeros(n_categories, n_categories)
hits = 0
with torch.no_grad():
    for line, cat in test_pairs:
        g = run_line(lineToTensor(line)).argmax(1).item()
        confusion[cat][g] += 1
        hits += int(g == cat)
print('test accuracy %.3f' % (hits / len(test_pairs)))


def predict(name, n=3):
    with torch.no_grad():
        out = run_line(lineToTensor(unicodeToAscii(name.strip())))
    values, idx = out.exp().topk(n, 1)
    for v, i in zip(values[0], idx[0]):
        print('  %.2f %s' % (v.item(), all_categories[i.item()]))


predict('Dovesky')
predict('Satoshi')
