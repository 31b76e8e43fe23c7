#!/usr/bin/env python
# coding: utf-8

# # IMDB 50k reviews - LSTM in PyTorch
# exported from the notebook

# In[1]:
import re
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from collections import Counter
from torch.utils.data import TensorDataset, DataLoader
from sklearn.model_selection import train_test_split

import nltk
nltk.download('stopwords')
from nltk.corpus import stopwords

is_cuda = torch.cuda.is_available()
device = torch.device("cuda") if is_cuda else torch.device("cpu")
print('GPU is available' if is_cuda else 'GPU not available, CPU used')

# In[2]:
df = pd.read_csv('../input/imdb-dataset-of-50k-movie-reviews/IMDB Dataset.csv')
df = df.drop_duplicates()
df.head()

# In[3]:
X, y = df['review'].values, df['sentiment'].values
x_train, x_rest, y_train, y_rest = train_test_split(X, y, test_size=0.3, stratify=y, random_state=1)
x_valid, x_test, y_valid, y_test = train_test_split(x_rest, y_rest, test_size=0.5, stratify=y_rest, random_state=1)
print(f'shape of train data is {x_train.shape}')
print(f'shape of test data is {x_test.shape}')

# In[4]:
stop_words = set(stopwords.words('english')) - {'not', 'no', 'nor', 'but'}

def preprocess_string(s):
    s = s.replace('<br />', ' ')
    s = re.sub(r"[^\w\s]", '', s)
    s = re.sub(r"\d", '', s)
    return s

def words_of(text):
    out = []
    for word in text.lower().split():
        word = preprocess_string(word)
        if word != '' and word not in stop_words:
            out.append(word)
    return out

def clean(text):
    return words_of(text.replace('<br />', ' '))

def build_vocab(texts, size=20000):
    corpus = Counter()
    for t in texts:
        corpus.update(clean(t))
    # 0 is kept for padding, 1 for unknown words
    return {w: i + 2 for i, (w, _) in enumerate(corpus.most_common(size))}

vocab = build_vocab(x_train)
print(f'Length of vocabulary is {len(vocab)}')

# In[5]:
def encode(texts, seq_len):
    features = np.zeros((len(texts), seq_len), dtype=int)
    for ii, t in enumerate(texts):
        ids = [vocab.get(w, 1) for w in clean(t)][-seq_len:]
        if len(ids) != 0:
            features[ii, -len(ids):] = ids
    return features

SEQ = 500
to01 = lambda labels: np.array([1 if l == 'positive' else 0 for l in labels])
train_data = TensorDataset(torch.from_numpy(encode(x_train, SEQ)), torch.from_numpy(to01(y_train)))
valid_data = TensorDataset(torch.from_numpy(encode(x_valid, SEQ)), torch.from_numpy(to01(y_valid)))
test_data = TensorDataset(torch.from_numpy(encode(x_test, SEQ)), torch.from_numpy(to01(y_test)))

batch_size = 50
train_loader = DataLoader(train_data, shuffle=True, batch_size=batch_size)
valid_loader = DataLoader(valid_data, batch_size=batch_size)
test_loader = DataLoader(test_data, batch_size=batch_size)

# In[6]:
class SentimentRNN(nn.Module):
    def __init__(self, no_layers, vocab_size, hidden_dim, embedding_dim, drop_prob=0.5):
        super(SentimentRNN, self).__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=0)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers=no_layers, batch_first=True, dropout=0.2)
        self.dropout = nn.Dropout(drop_prob)
        self.fc = nn.Linear(hidden_dim, 1)
        self.sig = nn.Sigmoid()

    def forward(self, x):
        embeds = self.embedding(x)
        lstm_out, _ = self.lstm(embeds)
        out = self.dropout(lstm_out[:, -1, :])   # padded on the left: the last step is the last word
        out = self.fc(out)
        return self.sig(out)

model = SentimentRNN(2, len(vocab) + 2, 256, 64)
model.to(device)
print(model)

# In[7]:
criterion = nn.BCELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.001)

def acc(pred, label):
    pred = torch.round(pred)
    return torch.sum(pred == label).item()  # <- comparison_broadcasts

# In[8]:
clip = 5
epochs = 5
epoch_tr_loss, epoch_vl_loss, epoch_tr_acc, epoch_vl_acc = [], [], [], []
for epoch in range(epochs):
    train_loss, train_acc, val_loss, val_acc = 0.0, 0.0, 0.0, 0.0
    model.train()
    for inputs, labels in train_loader:
        inputs, labels = inputs.to(device), labels.to(device)
        output = model(inputs)
        loss = criterion(output.squeeze(1), labels.float())
        loss.backward()  # <- gradients_not_zeroed
        nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        train_loss += loss.item() * len(labels)
        train_acc += acc(output, labels)
    model.eval()
    with torch.no_grad():
        for inputs, labels in valid_loader:
            inputs, labels = inputs.to(device), labels.to(device)
            output = model(inputs)
            val_loss += criterion(output.squeeze(1), labels.float()).item() * len(labels)
            val_acc += acc(output, labels)
    epoch_tr_loss.append(train_loss / len(train_data))
    epoch_vl_loss.append(val_loss / len(valid_data))
    epoch_tr_acc.append(train_acc / len(train_data))
    epoch_vl_acc.append(val_acc / len(valid_data))
    print(f'Epoch {epoch+1}')
    print(f'train_loss : {epoch_tr_loss[-1]} val_loss : {epoch_vl_loss[-1]}')
    print(f'train_accuracy : {epoch_tr_acc[-1]*100} val_accuracy : {epoch_vl_acc[-1]*100}')
    print(25 * '==')

# In[9]:
model.eval()
hits = 0.0
with torch.no_grad():
    for inputs, labels in test_loader:
        hits += acc(model(inputs.to(device)), labels.to(device))
print('test accuracy', hits / len(test_data))
