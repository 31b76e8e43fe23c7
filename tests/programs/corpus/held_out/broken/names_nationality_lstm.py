"""Names -> country, character LSTM, mini batches."""
import csv
import json
import string
import random
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence

random.seed(30); torch.manual_seed(30)
letters = string.ascii_letters + " -'."


def load(fn):
    # gzip-less version of names_train.csv: "Adsit","Czech", no header
    return [(name, country) for name, country in csv.reader(open(fn, encoding='utf-8'))]


train, test = load('names_train.csv'), load('names_test.csv')
countries = sorted({c for _, c in train})


def encode(name):
    return torch.tensor([letters.find(ch) + 2 for ch in name])   # 1 is any other letter, 0 the padding


def batches(pairs, bs):
    for i in range(0, len(pairs), bs):
        p = pairs[i:i + bs]
        x = [encode(n) for n, _ in p]
        yield pad_sequence(x, batch_first=True), torch.tensor([len(t) for t in x]), torch.tensor([countries.index(c) for _, c in p])


class NameClassifier(nn.Module):
    def __init__(self, hidden=100):
        super().__init__()
        self.embedding = nn.Embedding(len(letters) + 2, 30, padding_idx=0)
        self.lstm = nn.LSTM(30, hidden, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.3)
        self.fc = nn.Linear(2 * hidden, len(countries))

    def forward(self, x, n):
        packed = pack_padded_sequence(self.embedding(x), n, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return torch.softmax(self.fc(self.dropout(torch.cat((h[-2], h[-1]), 1))), dim=1)


model = NameClassifier()
criterion = nn.NLLLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

for epoch in range(20):
    random.shuffle(train)
    model.train()
    total = 0.
    for x, n, y in batches(train, 256):
        out = model(x, n)
        loss = criterion(out, y)  # <- nll_loss_without_log_softmax
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
    print('epoch %d loss %.4f' % (epoch, total / len(train)))

model.eval()
with torch.no_grad():
    hits = sum((model(x, n).argmax(1) == y).sum().item() for x, n, y in batches(test, 256))
print('test accuracy %.2f%%' % (100 * hits / len(test)))
torch.save({'state': model.state_dict(), 'letters': letters, 'countries': countries}, 'name_classifier.pt')


def predict(name):
    m = NameClassifier()
    m.eval()
    x = encode(name).unsqueeze(0)
    with torch.no_grad():
        probs = m(x, torch.tensor([x.size(1)]))[0]  # <- prediction_with_untrained_weights
    best = probs.topk(3)
    return [(countries[i], round(p, 3)) for p, i in zip(best.values.tolist(), best.indices.tolist())]


for name in ['Maclean', 'Vajnichy', 'Nasikovsky', 'Usami']:
    print(name, predict(name))
