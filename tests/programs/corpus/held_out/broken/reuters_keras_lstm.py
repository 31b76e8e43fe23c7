"""Reuters topics from keras.datasets, network in torch."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from keras.datasets import reuters
from keras.utils import pad_sequences

np.random.seed(0)
torch.manual_seed(0)
MAX_WORDS, MAX_LEN, CLASSES = 10000, 400, 46
(x_train, y_train), (x_test, y_test) = reuters.load_data(num_words=MAX_WORDS, test_split=0.2)
x_train = torch.tensor(pad_sequences(x_train, maxlen=MAX_LEN)).long()
x_test = torch.tensor(pad_sequences(x_test, maxlen=MAX_LEN)).long()
y_train, y_test = torch.tensor(y_train).long(), torch.tensor(y_test).long()


class ReutersLSTM(nn.Module):
    def __init__(self, emb=64, hid=64):
        super().__init__()
        self.emb = nn.Embedding(MAX_WORDS, emb, padding_idx=0)
        self.lstm = nn.LSTM(emb, hid, batch_first=True)
        self.fc = nn.Linear(hid, CLASSES)

    def forward(self, x):
        out, _ = self.lstm(self.emb(x))
        return self.fc(out[-1])  # <- last_review_read_as_last_step


def batches(x, y, size, shuffle):
    idx = torch.randperm(len(x)) if shuffle else torch.arange(len(x))
    for part in idx.split(size):
        yield x[part], y[part]


class History(list):
    def log(self, **kw):
        self.append(kw)
        print('  '.join(f'{k}: {v:.4f}' if isinstance(v, float) else f'{k}: {v}' for k, v in kw.items()))


def fit(model, epochs=10, batch_size=400):
    opt = torch.optim.RMSprop(model.parameters(), lr=1e-3)
    history = History()
    for epoch in range(1, epochs + 1):
        model.train()
        total = 0.0
        for xb, yb in batches(x_train, y_train, batch_size, True):
            opt.zero_grad()
            out = model(xb)
            loss = F.cross_entropy(out, yb)
            loss.backward()
            opt.step()
            total += loss.item() * len(xb)
        history.log(epoch=epoch, loss=total / len(x_train), **evaluate(model))
    return history


def evaluate(model, batch_size=400):
    model.eval()
    right = 0
    with torch.no_grad():
        for xb, yb in batches(x_test, y_test, batch_size, False):
            out = model(xb)
            right += (out.argmax(1) == yb).sum().item()
    return {'test_acc': right / len(x_test)}


fit(ReutersLSTM())
