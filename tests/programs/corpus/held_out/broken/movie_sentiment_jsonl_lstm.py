import json
import random
import re
import numpy as np
import torch
import torch.nn as nn
import torch.utils.data as tud

SEQ_LEN = 500
random.seed(44); np.random.seed(44); torch.manual_seed(44)


def clean(text):
    return re.sub(r'[^a-z ]', '', re.sub(r'<.*?>', ' ', text.lower())).split()


def load_jsonl(fn):
    X, y = [], []
    for line in open(fn):
        r = json.loads(line)
        X.append(clean(r['text']))
        y.append(r['label'])
    return X, y


X_tr, y_tr = load_jsonl('imdb_train.jsonl')
X_te, y_te = load_jsonl('imdb_test.jsonl')
freqs = {}
for s in X_tr:
    for w in s:
        freqs[w] = freqs.get(w, 0) + 1
top = sorted(freqs, key=freqs.get, reverse=True)[:20000]
word2idx = {w: i + 2 for i, w in enumerate(top)}
word2idx['_PAD'] = 0
word2idx['_UNK'] = 1


def pad_input(sentences, seq_len):
    features = np.zeros((len(sentences), seq_len), dtype=int)
    for ii, review in enumerate(sentences):
        if len(review) != 0:
            features[ii, -len(review):] = np.array(review)[-seq_len:]
    return features


def to_ids(s):
    return [word2idx.get(w, word2idx['_UNK']) for w in s]


def make_loader(X, y, shuffle):
    F = torch.from_numpy(pad_input([to_ids(s) for s in X], SEQ_LEN))
    return tud.DataLoader(tud.TensorDataset(F, torch.tensor(y)), batch_size=100, shuffle=shuffle)


train_loader = make_loader(X_tr, y_tr, True)
test_loader = make_loader(X_te, y_te, False)


class SentimentNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(word2idx), 128, padding_idx=0)
        self.lstm = nn.LSTM(128, 128, 2, dropout=0.5, batch_first=True)
        self.fc = nn.Linear(128, 2)

    def forward(self, x):
        out, _ = self.lstm(self.embedding(x))
        return self.fc(out[:, -1])


device = torch.device('cuda') if torch.cuda.is_available() else torch.device('cpu')
model = SentimentNet().to(device)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.0005)
for i in range(3):
    model.train()
    for k, (x, y) in enumerate(train_loader):
        model.zero_grad()
        loss = criterion(model(x.to(device)), y.to(device))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5)
        optimizer.step()
        if k % 50 == 0:
            print('Epoch: %d/3... Step: %d... Loss: %.4f' % (i + 1, k, loss.item()))

model.eval()
num_correct = 0
with torch.no_grad():
    for x, y in test_loader:
        num_correct += (model(x.to(device)).argmax(1).cpu() == y).sum().item()
print('Test accuracy: {:.3f}%'.format(num_correct / len(y_te) * 100))


def predict(text):
    ids = to_ids(clean(text))
    ids = ids + [word2idx['_PAD']] * (SEQ_LEN - len(ids))  # <- padding_on_different_sides
    model.eval()
    with torch.no_grad():
        prob = torch.softmax(model(torch.tensor([ids[-SEQ_LEN:]]).to(device)), dim=1)[0]
    return {'negative': prob[0].item(), 'positive': prob[1].item()}


print(predict('I have rarely been so bored in a cinema.'))
