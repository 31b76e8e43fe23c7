import sys
import numpy as np
import torch
from torch import nn
from keras.datasets import imdb
from keras.preprocessing import sequence

# keras' imdb: 0 padding, 1 start, 2 unknown, 3 not used, words from 4
TOP_WORDS = 10000
MAXLEN = 80
BATCH = 128
EPOCHS = 3

np.random.seed(0)
torch.manual_seed(0)

(x_train, y_train), (x_test, y_test) = imdb.load_data(num_words=TOP_WORDS)
x_train = sequence.pad_sequences(x_train, maxlen=MAXLEN, padding='post', truncating='post')  # <- end_of_the_review_cut_off
x_test = sequence.pad_sequences(x_test, maxlen=MAXLEN, padding='post', truncating='post')  # <- end_of_the_review_cut_off
print(x_train.shape, x_test.shape)


class ImdbNet(nn.Module):
    def __init__(self, batch_size):
        super().__init__()
        self.batch_size = batch_size
        self.embed = nn.Embedding(TOP_WORDS, 64, padding_idx=0)
        self.lstm = nn.LSTM(64, 64, batch_first=True)
        self.dense = nn.Linear(64, 1)
        self.state = None

    def reset_states(self):
        z = torch.zeros(1, self.batch_size, 64)
        self.state = (z, z.clone())

    def forward(self, x):
        out, state = self.lstm(self.embed(x), self.state)  # <- state_carried_from_batch_to_batch
        self.state = tuple(s.detach() for s in state)
        mask = (x != 0).unsqueeze(2).float()
        pooled = (out * mask).sum(1) / mask.sum(1)
        return self.dense(pooled)[:, 0]


net = ImdbNet(BATCH)
optimizer = torch.optim.Adam(net.parameters())
loss_function = nn.BCEWithLogitsLoss()


def batches(x, y, shuffle=False):
    order = np.random.permutation(len(x)) if shuffle else np.arange(len(x))
    for b in range(len(x) // BATCH):  # <- ragged_batch_dropped_in_evaluation
        idx = order[b * BATCH:(b + 1) * BATCH]
        yield torch.from_numpy(x[idx]).long(), torch.from_numpy(y[idx]).float()


for epoch in range(EPOCHS):
    net.train()
    net.reset_states()
    total, n = 0.0, 0
    for xb, yb in batches(x_train, y_train, shuffle=True):
        optimizer.zero_grad()
        loss = loss_function(net(xb), yb)
        loss.backward()
        optimizer.step()
        total += loss.item() * BATCH
        n += BATCH
        sys.stdout.write('\repoch %d  %6d  loss %.4f' % (epoch + 1, n, total / n))
    print()

net.eval()
net.reset_states()
right, n = 0, 0
with torch.no_grad():
    for xb, yb in batches(x_test, y_test):
        right += ((net(xb) > 0).float() == yb).sum().item()
        n += BATCH
print('test accuracy %.4f' % (right / n))
