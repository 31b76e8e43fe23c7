# Sentiment RNN in the style of a course notebook: reviews.txt / labels.txt
from string import punctuation
from collections import Counter
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import TensorDataset, DataLoader

np.random.seed(0)
torch.manual_seed(0)
with open('data/reviews.txt') as f:
    reviews = f.read().strip().split('\n')
with open('data/labels.txt') as f:
    labels = f.read().strip().split('\n')

reviews = [''.join(c for c in r.lower() if c not in punctuation).split() for r in reviews]
encoded_labels = np.array([1 if l.strip() == 'positive' else 0 for l in labels])
order = np.random.permutation(len(reviews))
n_train, n_val = int(0.8 * len(order)), int(0.1 * len(order))
train_i, val_i, test_i = order[:n_train], order[n_train:n_train + n_val], order[n_train + n_val:]

counts = Counter(w for i in train_i for w in reviews[i])
vocab_to_int = {w: k for k, (w, _) in enumerate(counts.most_common(), 2)}
seq_length = 250


def features(index):
    out = np.zeros((len(index), seq_length), dtype=int)
    for row, i in enumerate(index):
        ids = [vocab_to_int.get(w, 1) for w in reviews[i]][-seq_length:]
        out[row, seq_length - len(ids):] = ids
    return torch.from_numpy(out)


batch_size = 50


def loader(index, shuffle):
    ds = TensorDataset(features(index), torch.from_numpy(encoded_labels[index]).float())
    return DataLoader(ds, batch_size=batch_size, shuffle=shuffle, drop_last=shuffle)


train_loader, valid_loader, test_loader = loader(train_i, True), loader(val_i, False), loader(test_i, False)
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')


class SentimentRNN(nn.Module):
    def __init__(self, vocab_size, output_size, embedding_dim, hidden_dim, n_layers, drop_prob=0.5):
        super().__init__()
        self.n_layers, self.hidden_dim = n_layers, hidden_dim
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=0)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, n_layers, dropout=drop_prob, batch_first=True)
        self.dropout = nn.Dropout(0.3)
        self.fc = nn.Linear(hidden_dim, output_size)

    def forward(self, x, hidden):
        lstm_out, hidden = self.lstm(self.embedding(x), hidden)
        out = self.fc(self.dropout(lstm_out[:, -1]))
        return torch.sigmoid(out).squeeze(1), hidden

    def init_hidden(self, batch_size):
        shape = (self.n_layers, batch_size, self.hidden_dim)
        return torch.zeros(shape, device=device), torch.zeros(shape, device=device)


net = SentimentRNN(len(vocab_to_int) + 2, 1, 200, 128, 2).to(device)
criterion = nn.BCELoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.001)


def evaluate(dl):
    net.eval()
    right, n = 0, 0
    with torch.no_grad():
        for inputs, y in dl:
            inputs, y = inputs.to(device), y.to(device)
            output, _ = net(inputs, net.init_hidden(inputs.size(0)))
            right += ((output > 0.5).float() == y).sum().item()
            n += y.size(0)
    return right / n


for e in range(4):
    net.train()
    h = net.init_hidden(batch_size)
    for step, (inputs, y) in enumerate(train_loader):
        inputs, y = inputs.to(device), y.to(device)
        h = tuple([each.data for each in h])  # <- state_carried_from_batch_to_batch
        net.zero_grad()
        output, h = net(inputs, h)
        loss = criterion(output, y)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5)
        optimizer.step()
        if step % 100 == 0:
            print('epoch', e, 'step', step, 'loss', round(loss.item(), 4))
    print('validation accuracy', evaluate(valid_loader))
print('Test accuracy: {:.3f}'.format(evaluate(test_loader)))
