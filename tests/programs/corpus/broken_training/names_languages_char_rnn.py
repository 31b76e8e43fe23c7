# Which language does a surname come from? A character RNN, one name at a time.
# data/names/*.txt : one file per language, one name per line
from __future__ import unicode_literals, print_function, division
import glob
import os
import random
import string
import time
import math
import unicodedata

import torch
import torch.nn as nn

all_letters = string.ascii_letters + " .,;'"
n_letters = len(all_letters)

def unicodeToAscii(s):
    return ''.join(c for c in unicodedata.normalize('NFD', s)
                   if unicodedata.category(c) != 'Mn' and c in all_letters)

def readLines(filename):
    lines = open(filename, encoding='utf-8').read().strip().split('\n')
    return sorted(set(unicodeToAscii(line) for line in lines if line))

category_lines = {}
all_categories = []
for filename in sorted(glob.glob('data/names/*.txt')):
    category = os.path.splitext(os.path.basename(filename))[0]
    all_categories.append(category)
    category_lines[category] = readLines(filename)
n_categories = len(all_categories)

# hold out a tenth of each language
random.seed(7)
train_lines, test_pairs = {}, []
for c in all_categories:
    names = category_lines[c][:]
    random.shuffle(names)
    cut = max(1, len(names) // 10)
    test_pairs += [(c, n) for n in names[:cut]]
    train_lines[c] = names[cut:]

def lineToTensor(line):
    tensor = torch.zeros(len(line), 1, n_letters)
    for li, letter in enumerate(line):
        tensor[li][0][all_letters.find(letter)] = 1
    return tensor

class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super(RNN, self).__init__()
        self.hidden_size = hidden_size
        self.i2h = nn.Linear(input_size + hidden_size, hidden_size)
        self.i2o = nn.Linear(input_size + hidden_size, output_size)

    def forward(self, input, hidden):
        combined = torch.cat((input, hidden), 1)
        hidden = torch.tanh(self.i2h(combined))
        output = self.i2o(combined)
        return output, hidden

    def initHidden(self):
        return torch.zeros(1, self.hidden_size)

n_hidden = 128
rnn = RNN(n_letters, n_hidden, n_categories)
criterion = nn.NLLLoss()
learning_rate = 0.005

def categoryFromOutput(output):
    top_n, top_i = output.topk(1)
    return all_categories[top_i[0].item()], top_i[0].item()

def randomTrainingExample():
    category = random.choice(all_categories)
    line = random.choice(train_lines[category])
    category_tensor = torch.tensor([all_categories.index(category)], dtype=torch.long)
    return category, line, category_tensor, lineToTensor(line)

def train(category_tensor, line_tensor):
    hidden = rnn.initHidden()
    for i in range(line_tensor.size()[0]):
        output, hidden = rnn(line_tensor[i], hidden)
    loss = criterion(output, category_tensor)  # <- nll_loss_without_log_softmax
    loss.backward()  # <- gradients_not_zeroed
    with torch.no_grad():
        for p in rnn.parameters():
            p.add_(p.grad, alpha=-learning_rate)
    return output, loss.item()

n_iters = 100000
print_every = 5000
plot_every = 1000
current_loss = 0
all_losses = []

def timeSince(since):
    s = time.time() - since
    m = math.floor(s / 60)
    return '%dm %ds' % (m, s - m * 60)

start = time.time()
for it in range(1, n_iters + 1):
    category, line, category_tensor, line_tensor = randomTrainingExample()
    output, loss = train(category_tensor, line_tensor)
    current_loss += loss
    if it % print_every == 0:
        guess, guess_i = categoryFromOutput(output)
        correct = 'ok' if guess == category else 'no (%s)' % category
        print('%d %d%% (%s) %.4f %s / %s %s' % (it, it / n_iters * 100, timeSince(start), loss, line, guess, correct))
    if it % plot_every == 0:
        all_losses.append(current_loss / plot_every)
        current_loss = 0

def evaluate(line_tensor):
    hidden = rnn.initHidden()
    for i in range(line_tensor.size()[0]):
        output, hidden = rnn(line_tensor[i], hidden)
    return output

confusion = torch.zeros(n_categories, n_categories)
with torch.no_grad():
    for c, name in test_pairs:
        guess, guess_i = categoryFromOutput(evaluate(lineToTensor(name)))
        confusion[all_categories.index(c)][guess_i] += 1
print('accuracy on held-out names: %.3f' % (confusion.diag().sum() / confusion.sum()).item())
