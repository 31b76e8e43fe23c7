import torch
import torch.nn as nn
import torch.optim as optim
import numpy as np
import pandas as pd
import random, string
from collections import Counter

random.seed(50); np.random.seed(50); torch.manual_seed(50)

# one review per line in reviews.txt, one label per line in labels.txt
with open('data/reviews.txt', 'r') as f:
    reviews = f.read().splitlines()
with open('data/labels.txt', 'r') as f:
    labels = f.read().splitlines()

def strip_punct(text):
    return ''.join([c for c in text.lower() if c not in string.punctuation])

reviews = [strip_punct(r).split() for r in reviews]
labels = np.array([1 if l.strip() == 'positive' else 0 for l in labels])
keep = [i for i, r in enumerate(reviews) if len(r) > 0]
random.shuffle(keep)
reviews = [reviews[i] for i in keep]
labels = labels[keep]

n_train = int(0.8 * len(reviews))
n_half = (len(reviews) - n_train) // 2

counts = Counter(w for r in reviews[:n_train] for w in r)
vocab_to_int = {w: i for i, w in enumerate(sorted(counts, key=counts.get, reverse=True), 2)}
reviews_int = [[vocab_to_int.get(w, 1) for w in r] for r in reviews]

def pad_features(rows, seq_length):
    features = np.zeros((len(rows), seq_length), dtype=np.int64)
    for i, row in enumerate(rows):
        features[i, -len(row):] = np.array(row)[-seq_length:]
    return features

seq_length = 400
features = pad_features(reviews_int, seq_length)
train_x, train_y = features[:n_train], labels[:n_train]
val_x, val_y = features[n_train:n_train + n_half], labels[n_train:n_train + n_half]
test_x, test_y = features[n_train + n_half:], labels[n_train + n_half:]

def get_batches(x, y, size, shuffle=False):
    order = np.random.permutation(len(x)) if shuffle else np.arange(len(x))
    for i in range(0, len(x), size):
        j = order[i:i + size]
        yield torch.from_numpy(x[j]), torch.from_numpy(y[j]).float()

class SentimentLSTM(nn.Module):
    def __init__(self, n_words, embedding_dim=200, hidden_dim=128, n_layers=2):
        super().__init__()
        self.embedding = nn.Embedding(n_words, embedding_dim, padding_idx=0)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, n_layers, dropout=0.5)
        self.fc = nn.Linear(hidden_dim, 1)

    def forward(self, x):
        # the LSTM wants (seq, batch)
        x = x.reshape(x.size(1), x.size(0))  # <- view_instead_of_transpose
        out, _ = self.lstm(self.embedding(x))
        return self.fc(out[-1]).squeeze(1)

device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
net = SentimentLSTM(len(vocab_to_int) + 2).to(device)
criterion = nn.BCEWithLogitsLoss()
optimizer = optim.Adam(net.parameters(), lr=0.001)

def test(x, y):
    right = 0
    net.eval()
    with torch.no_grad():
        for xb, yb in get_batches(x, y, 50):
            right += ((net(xb.to(device)) > 0).float().cpu() == yb).sum().item()
    return right / len(x)

for e in range(4):
    net.train()
    sum_loss = 0.0
    for xb, yb in get_batches(train_x, train_y, 50, shuffle=True):
        xb, yb = xb.to(device), yb.to(device)
        optimizer.zero_grad()
        loss = criterion(net(xb), yb)
        loss.backward(retain_graph=True)  # <- retain_graph_as_a_cure
        nn.utils.clip_grad_norm_(net.parameters(), 5)
        optimizer.step()
        sum_loss += loss.item() * len(yb)
    print("Epoch: {}/4  loss {:.4f}  val acc {:.4f}".format(e + 1, sum_loss / n_train, test(val_x, val_y)))
print("Test accuracy: {:.3f}".format(test(test_x, test_y)))
