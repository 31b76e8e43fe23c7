# sentiment140 subset, LSTM, texts padded on the left so that the last step is always a word
import json
import re
import numpy as np
import torch
import torch.nn as nn
from collections import Counter
from torch.utils.data import TensorDataset, DataLoader
from tqdm import tqdm

torch.manual_seed(7)
np.random.seed(7)
device = 'cuda' if torch.cuda.is_available() else 'cpu'


def clean(t):
    t = re.sub(r'https?://\S+', ' URL ', t)
    t = re.sub(r'@\w+', ' USER ', t)
    return t.lower().split()


def load_jsonl(fname):
    texts, labels = [], []
    with open(fname, encoding='utf-8') as f:
        for line in f:
            d = json.loads(line)
            texts.append(clean(d['text']))
            labels.append(1 if d['sentiment'] == 'positive' else 0)
    return texts, np.array(labels)


Xtr_t, ytr = load_jsonl('tweets/train.jsonl')
Xva_t, yva = load_jsonl('tweets/dev.jsonl')
Xte_t, yte = load_jsonl('tweets/test.jsonl')

cnt = Counter(w for t in Xtr_t for w in t)
vocab = [w for w, c in cnt.most_common() if c > 1]
w2i = {w: i + 2 for i, w in enumerate(vocab)}     # 0 = pad, 1 = unknown
seq_len = max(len(t) for t in Xtr_t)
print('words', len(vocab), 'longest', seq_len)


def pad_features(texts, seq_length):
    features = np.zeros((len(texts), seq_length), dtype=np.int64)
    for i, t in enumerate(texts):
        ids = [w2i.get(w, 1) for w in t][-seq_length:]
        if ids:
            features[i, -len(ids):] = ids
    return features


def make(texts, y, shuffle):
    ds = TensorDataset(torch.from_numpy(pad_features(texts, seq_len)), torch.from_numpy(y).float())
    return DataLoader(ds, batch_size=100, shuffle=shuffle)


train_loader, valid_loader, test_loader = make(Xtr_t, ytr, True), make(Xva_t, yva, False), make(Xte_t, yte, False)


class SentimentRNN(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, n_layers, drop_prob=0.5):
        super(SentimentRNN, self).__init__()
        self.n_layers = n_layers
        self.hidden_dim = hidden_dim
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=0)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, n_layers, dropout=drop_prob, batch_first=True)
        self.dropout = nn.Dropout(0.3)
        self.fc = nn.Linear(hidden_dim, 1)

    def forward(self, x, hidden):
        lstm_out, hidden = self.lstm(self.embedding(x), hidden)
        out = self.fc(self.dropout(lstm_out[:, -1]))
        return out.view(-1), hidden

    def init_hidden(self, batch_size):
        weight = next(self.parameters()).data
        return (weight.new_zeros(self.n_layers, batch_size, self.hidden_dim),
                weight.new_zeros(self.n_layers, batch_size, self.hidden_dim))


net = SentimentRNN(len(w2i) + 2, 200, 128, 2).to(device)
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.001)


def check(loader):
    net.eval()
    correct, losses, n = 0, 0.0, 0
    with torch.no_grad():
        for inputs, labels in loader:
            inputs, labels = inputs.to(device), labels.to(device)
            h = net.init_hidden(inputs.size(0))
            out, h = net(inputs, h)
            losses += criterion(out, labels).item() * labels.size(0)
            correct += ((out > 0).float() == labels).sum().item()
            n += labels.size(0)
    return losses / n, correct / n


for e in range(4):
    net.train()
    for inputs, labels in tqdm(train_loader):
        inputs, labels = inputs.to(device), labels.to(device)
        h = net.init_hidden(inputs.size(0))   # fresh state for each batch
        net.zero_grad()
        output, h = net(inputs, h)
        loss = criterion(output, labels)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5)
        optimizer.step()
    vl, va = check(valid_loader)
    print('Epoch: {}/{}...'.format(e + 1, 4), 'Val Loss: {:.6f}'.format(vl), 'Val acc: {:.4f}'.format(va))

print('Test loss: {:.3f}  Test accuracy: {:.3f}'.format(*check(test_loader)))


def predict(text):
    net.eval()
    x = torch.from_numpy(pad_features([clean(text)], seq_len)).to(device)
    with torch.no_grad():
        out, _ = net(x, net.init_hidden(1))
    p = torch.sigmoid(out).item()
    print('%.3f' % p, 'positive' if p >= 0.5 else 'negative')


predict('best day ever at the beach with @you')
predict('my flight got cancelled again')
