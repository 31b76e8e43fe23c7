# Which language does a surname come from?  A character RNN, built from two Linear layers.
# One txt file per language in data/names, one name per line.
import glob
import json
import os
import random
import string
import unicodedata

import torch
import torch.nn as nn

random.seed(7)
torch.manual_seed(7)

ALL_LETTERS = string.ascii_letters + " .,;'-"
N_LETTERS = len(ALL_LETTERS) + 1  # the last column stands for anything else


def to_ascii(s):
    return ''.join(c for c in unicodedata.normalize('NFD', s) if unicodedata.category(c) != 'Mn')


def read_lines(filename):
    with open(filename, encoding='utf-8') as f:
        return [to_ascii(line.strip()) for line in f if line.strip()]


def letter_to_index(letter):
    i = ALL_LETTERS.find(letter)
    return i if i >= 0 else N_LETTERS - 1


def line_to_tensor(line):
    # (name length, 1, letters)
    tensor = torch.zeros(len(line), 1, N_LETTERS)
    for li, letter in enumerate(line):
        tensor[li][0][letter_to_index(letter)] = 1
    return tensor


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super(RNN, self).__init__()
        self.hidden_size = hidden_size
        self.i2h = nn.Linear(input_size + hidden_size, hidden_size)
        self.h2o = nn.Linear(hidden_size, output_size)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, input, hidden):
        hidden = torch.tanh(self.i2h(torch.cat((input, hidden), 1)))
        return self.softmax(self.h2o(hidden)), hidden

    def init_hidden(self):
        return torch.zeros(1, self.hidden_size)


def run_name(rnn, line_tensor):
    hidden = rnn.init_hidden()
    for i in range(line_tensor.size(0)):
        output, hidden = rnn(line_tensor[i], hidden)
    return output


def main():
    train_pairs, test_pairs, categories = [], [], []
    for filename in sorted(glob.glob('data/names/*.txt')):
        category = os.path.splitext(os.path.basename(filename))[0]
        categories.append(category)
        names = sorted(set(read_lines(filename)))
        random.shuffle(names)
        cut = int(len(names) * 0.85)
        train_pairs += [(n, len(categories) - 1) for n in names[:cut]]
        test_pairs += [(n, len(categories) - 1) for n in names[cut:]]
    print('%d categories, %d training names' % (len(categories), len(train_pairs)))

    rnn = RNN(N_LETTERS, 128, len(categories))
    criterion = nn.NLLLoss()
    optimizer = torch.optim.SGD(rnn.parameters(), lr=0.005)

    for epoch in range(1, 7):
        random.shuffle(train_pairs)
        total = 0.0
        for name, label in train_pairs:
            optimizer.zero_grad()
            output = run_name(rnn, line_to_tensor(name))
            loss = criterion(output, torch.tensor([label]))
            loss.backward()
            nn.utils.clip_grad_norm_(rnn.parameters(), 1.0)
            optimizer.step()
            total += loss.item()
        print('epoch %d  loss %.4f' % (epoch, total / len(train_pairs)))

    confusion = torch.zeros(len(categories), len(categories), dtype=torch.long)
    rnn.eval()
    with torch.no_grad():
        for name, label in test_pairs:
            guess = run_name(rnn, line_to_tensor(name)).argmax(1).item()
            confusion[label][guess] += 1
    print('test accuracy %.3f' % (confusion.diag().sum().item() / len(test_pairs)))
    for i, c in enumerate(categories):
        row = confusion[i]
        print('%-12s %4d names  recall %.2f' % (c, row.sum().item(), row[i].item() / max(1, row.sum().item())))

    torch.save(rnn.state_dict(), 'names_rnn.pt')
    with open('names_categories.json', 'w') as f:
        json.dump({'letters': ALL_LETTERS, 'categories': categories}, f)

    for surname in ('Dvorak', 'Takahashi', "O'Sullivan"):
        with torch.no_grad():
            logp = run_name(rnn, line_to_tensor(to_ascii(surname)))[0]
        values, idx = logp.topk(3)
        print(surname, [(categories[i], round(v.exp().item(), 2)) for v, i in zip(values, idx.tolist())])


if __name__ == '__main__':
    main()
