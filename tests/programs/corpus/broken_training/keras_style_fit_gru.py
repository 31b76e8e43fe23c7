import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from tensorflow.keras.preprocessing.text import Tokenizer
from tensorflow.keras.preprocessing.sequence import pad_sequences
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder

MAX_WORDS = 20000
MAX_LEN = 450

news = pd.read_csv('data/bbc-text.csv')            # columns: category, text
le = LabelEncoder()

train_txt, test_txt, train_lab, test_lab = train_test_split(  # <- same_review_in_two_splits
    news['text'].tolist(), news['category'].tolist(), test_size=0.2, stratify=news['category'], random_state=13)
train_txt, val_txt, train_lab, val_lab = train_test_split(
    train_txt, train_lab, test_size=0.1, stratify=train_lab, random_state=13)

tokenizer = Tokenizer(num_words=MAX_WORDS, oov_token='<oov>')
tokenizer.fit_on_texts(train_txt)

def prepare(texts):
    # keras pads (and cuts) on the left unless told otherwise
    return torch.tensor(pad_sequences(tokenizer.texts_to_sequences(texts), maxlen=MAX_LEN), dtype=torch.long)

y_train = torch.tensor(le.fit_transform(train_lab))
y_val = torch.tensor(le.transform(val_lab))
y_test = torch.tensor(le.transform(test_lab))
X_train, X_val, X_test = prepare(train_txt), prepare(val_txt), prepare(test_txt)


class FitModel(nn.Module):
    """nn.Module with compile / fit / evaluate / predict as in Keras"""

    def compile(self, optimizer, loss):
        self.optimizer = optimizer
        self.loss = loss

    def _batches(self, X, y, batch_size, shuffle=False):
        idx = torch.randperm(len(X)) if shuffle else torch.arange(len(X))
        for i in range(0, len(X), batch_size):
            j = idx[i:i + batch_size]
            yield X[j].to(self.device), y[j].to(self.device)

    @property
    def device(self):
        return next(self.parameters()).device

    def fit(self, X, y, epochs=1, batch_size=32, validation_data=None):
        history = {'loss': [], 'acc': [], 'val_loss': [], 'val_acc': []}
        for epoch in range(epochs):
            self.train()
            for xb, yb in self._batches(X, y, batch_size, shuffle=True):
                self.optimizer.zero_grad()
                out = self(xb)
                loss = self.loss(out, yb)  # <- nll_loss_without_log_softmax
                loss.backward()
                self.optimizer.step()
                acc = (out.argmax(1) == yb).float().mean()
            history['loss'].append(loss.item())  # <- last_batch_reported_for_the_epoch
            history['acc'].append(acc.item())  # <- last_batch_reported_for_the_epoch
            if validation_data is not None:
                vl, va = self.evaluate(*validation_data)
                history['val_loss'].append(vl)
                history['val_acc'].append(va)
            print('Epoch %d/%d - ' % (epoch + 1, epochs) + ' - '.join('%s: %.4f' % (k, v[-1]) for k, v in history.items() if v))
        return history

    @torch.no_grad()
    def evaluate(self, X, y, batch_size=128):
        self.eval()
        loss = correct = 0
        for xb, yb in self._batches(X, y, batch_size):
            out = self(xb)
            loss += self.loss(out, yb).item() * len(yb)  # <- nll_loss_without_log_softmax
            correct += (out.argmax(1) == yb).sum().item()
        return loss / len(y), correct / len(y)

    @torch.no_grad()
    def predict(self, X):
        self.eval()
        return self(X.to(self.device)).cpu().numpy()


class NewsGRU(FitModel):
    def __init__(self, n_words, n_classes):
        super().__init__()
        self.embedding = nn.Embedding(n_words, 64, padding_idx=0)
        self.gru = nn.GRU(64, 64, batch_first=True)
        self.dropout = nn.Dropout(0.4)
        self.dense = nn.Linear(64, n_classes)

    def forward(self, x):
        _, h = self.gru(self.embedding(x))
        return torch.softmax(self.dense(self.dropout(h[-1])), dim=-1)


model = NewsGRU(min(MAX_WORDS, len(tokenizer.word_index) + 1), len(le.classes_))
model = model.to('cuda' if torch.cuda.is_available() else 'cpu')
model.compile(torch.optim.Adam(model.parameters(), lr=1e-3), nn.NLLLoss())
history = model.fit(X_train, y_train, epochs=10, batch_size=32, validation_data=(X_val, y_val))
print('Test loss %.4f, test accuracy %.4f' % model.evaluate(X_test, y_test))

sample = ["the striker scored twice in the second half and the home side won the cup"]
probs = model.predict(prepare(sample))[0]
for i in np.argsort(-probs):
    print('%-15s %.3f' % (le.classes_[i], probs[i]))
