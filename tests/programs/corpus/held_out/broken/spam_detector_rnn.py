import csv
import random
import string
import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset

random.seed(123)
torch.manual_seed(123)

# spam.csv from kaggle: v1,v2
messages, labels = [], []
with open('spam.csv', encoding='latin-1') as f:
    for row in csv.reader(f):  # <- header_read_as_a_review
        label, text = row[0], row[1]
        messages.append(text.lower().translate(str.maketrans('', '', string.punctuation)).split())
        labels.append(1.0 if label == 'spam' else 0.0)

pairs = list(zip(messages, labels))
random.shuffle(pairs)
n_train = int(0.75 * len(pairs))
train_pairs, test_pairs = pairs[:n_train], pairs[n_train:]

vocab = {'<pad>': 0, '<unk>': 1}
for words, _ in train_pairs:
    for w in words:
        if w not in vocab:
            vocab[w] = len(vocab)
longest = max(len(w) for w, _ in pairs)


def tensors(some_pairs):
    # pad at the left so that the last step is the last word
    X = torch.zeros(len(some_pairs), longest, dtype=torch.long)
    for i, (words, _) in enumerate(some_pairs):
        ids = [vocab.get(w, 1) for w in words]
        if ids:
            X[i, -len(ids):] = torch.tensor(ids)
    return TensorDataset(X, torch.tensor([y for _, y in some_pairs]))


train_loader = DataLoader(tensors(train_pairs), batch_size=64, shuffle=True)
test_loader = DataLoader(tensors(test_pairs), batch_size=64)


class SpamRNN(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim):
        super(SpamRNN, self).__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=0)
        self.rnn = nn.RNN(embedding_dim, hidden_dim, batch_first=True)
        self.fc = nn.Linear(hidden_dim, 1)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x):
        out, _ = self.rnn(self.embedding(x))
        return self.sigmoid(self.fc(out[:, -1, :])).squeeze(1)


model = SpamRNN(len(vocab), 50, 64)
criterion = nn.BCELoss()
optimizer = optim.Adam(model.parameters(), lr=0.001)


def binary_accuracy(preds, y):
    return (torch.round(preds) == y).float().mean().item()


def evaluate(loader):
    epoch_acc = 0
    model.eval()
    with torch.no_grad():
        for x, y in loader:
            epoch_acc += binary_accuracy(model(x), y)
    return epoch_acc / len(loader)  # <- mean_of_batch_means


for epoch in range(10):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    print('Epoch %d done' % (epoch + 1))
print('Test accuracy: %.4f' % evaluate(test_loader))
