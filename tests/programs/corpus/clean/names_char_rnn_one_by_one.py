# Which language does a surname come from?  One name per step, characters one-hot.
from __future__ import unicode_literals, print_function, division
from io import open
import glob
import os
import random
import string
import time
import unicodedata

import torch
import torch.nn as nn

all_letters = string.ascii_letters + " .,;'-"
n_letters = len(all_letters) + 1   # last one: anything else

def unicodeToAscii(s):
    return ''.join(c for c in unicodedata.normalize('NFD', s)
                   if unicodedata.category(c) != 'Mn' and c in all_letters)

def readLines(filename):
    lines = open(filename, encoding='utf-8').read().strip().split('\n')
    return [unicodeToAscii(l) for l in lines if len(unicodeToAscii(l)) > 0]

random.seed(3)
torch.manual_seed(3)

category_lines = {}
test_lines = []
all_categories = []
for filename in sorted(glob.glob('data/names/*.txt')):
    category = os.path.splitext(os.path.basename(filename))[0]
    all_categories.append(category)
    lines = sorted(set(readLines(filename)))
    random.shuffle(lines)
    cut = max(1, len(lines) // 10)
    test_lines += [(category, l) for l in lines[:cut]]
    category_lines[category] = lines[cut:]

n_categories = len(all_categories)
print('%d categories, %d test names' % (n_categories, len(test_lines)))

def letterToIndex(letter):
    i = all_letters.find(letter)
    return i if i >= 0 else n_letters - 1

def lineToTensor(line):
    tensor = torch.zeros(len(line), 1, n_letters)
    for li, letter in enumerate(line):
        tensor[li][0][letterToIndex(letter)] = 1
    return tensor

class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super(RNN, self).__init__()
        self.hidden_size = hidden_size
        self.i2h = nn.Linear(input_size + hidden_size, hidden_size)
        self.h2o = nn.Linear(hidden_size, output_size)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, input, hidden):
        combined = torch.cat((input, hidden), 1)
        hidden = torch.tanh(self.i2h(combined))
        output = self.softmax(self.h2o(hidden))
        return output, hidden

    def initHidden(self):
        return torch.zeros(1, self.hidden_size)

n_hidden = 128
rnn = RNN(n_letters, n_hidden, n_categories)
criterion = nn.NLLLoss()
learning_rate = 0.005

def train(category_tensor, line_tensor):
    hidden = rnn.initHidden()
    rnn.zero_grad()
    for i in range(line_tensor.size()[0]):
        output, hidden = rnn(line_tensor[i], hidden)
    loss = criterion(output, category_tensor)
    loss.backward()
    # plain SGD written out
    for p in rnn.parameters():
        p.data.add_(p.grad.data, alpha=-learning_rate)
    return output, loss.item()

def evaluate(line_tensor):
    with torch.no_grad():
        hidden = rnn.initHidden()
        for i in range(line_tensor.size()[0]):
            output, hidden = rnn(line_tensor[i], hidden)
        return output

n_iters = 100000
print_every = 5000
plot_every = 1000
current_loss = 0
all_losses = []
start = time.time()

for iter in range(1, n_iters + 1):
    category = random.choice(all_categories)
    line = random.choice(category_lines[category])
    category_tensor = torch.tensor([all_categories.index(category)], dtype=torch.long)
    output, loss = train(category_tensor, lineToTensor(line))
    current_loss += loss
    if iter % print_every == 0:
        guess = all_categories[output.argmax(1).item()]
        print('%d %d%% (%.0fs) %.4f %s / %s' % (iter, iter / n_iters * 100, time.time() - start, loss, line, guess))
    if iter % plot_every == 0:
        all_losses.append(current_loss / plot_every)
        current_loss = 0

right = 0
confusion = torch.zeros(n_categories, n_categories)
for category, line in test_lines:  # <- evaluated_in_training_mode
    out = evaluate(lineToTensor(line))
    g = out.argmax(1).item()
    confusion[all_categories.index(category)][g] += 1
    right += int(all_categories[g] == category)
print('test accuracy: %d / %d = %.3f' % (right, len(test_lines), right / len(test_lines)))

def predict(input_line, n_predictions=3):
    print('\n> %s' % input_line)
    output = evaluate(lineToTensor(input_line))
    topv, topi = output.topk(n_predictions, 1, True)
    for i in range(n_predictions):
        print('(%.2f) %s' % (topv[0][i].exp().item(), all_categories[topi[0][i].item()]))

predict('Dovesky')
predict('Satoshi')
