# Unfair clauses in terms of service: encoder and classifier are separate modules
import re, json
import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence
from collections import Counter

torch.manual_seed(27)
LABELS = ['fair', 'unfair']
load = lambda p: [(re.findall('[a-z]+', d['clause'].lower()) or ['none'], LABELS.index(d['label'])) for d in json.load(open(p))]
train, dev, test = load('tos/train.json'), load('tos/dev.json'), load('tos/test.json')
cnt = Counter(w for c, _ in train for w in c)
stoi = {'<pad>': 0, '<unk>': 1}
for w in cnt: stoi[w] = len(stoi)


def collate(rows):
    x = [torch.tensor([stoi.get(w, 1) for w in c]) for c, _ in rows]
    return pad_sequence(x, batch_first=True), torch.tensor([len(t) for t in x]), torch.tensor([y for _, y in rows])


class Encoder(nn.Module):
    def __init__(self, n, dim=100, hid=100):
        super().__init__()
        self.emb = nn.Embedding(n, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, hid, batch_first=True, bidirectional=True)

    def forward(self, x, n):
        _, (h, _) = self.lstm(pack_padded_sequence(self.emb(x), n, batch_first=True, enforce_sorted=False))
        return torch.cat((h[0], h[1]), dim=1)


encoder = Encoder(len(stoi))
classifier = nn.Sequential(nn.Linear(200, 50), nn.Tanh(), nn.Linear(50, 2))
optimizer = optim.Adam(encoder.parameters(), lr=1e-3)  # <- parameters_missing_from_the_optimizer
n_unfair = sum(y for _, y in train)
criterion = nn.CrossEntropyLoss(weight=torch.tensor([1.0, (len(train) - n_unfair) / n_unfair]))


def evaluate(rows):
    encoder.eval()
    classifier.eval()
    right = 0
    with torch.no_grad():
        for x, n, y in DataLoader(rows, batch_size=64, collate_fn=collate):
            right += (classifier(encoder(x, n)).argmax(1) == y).sum().item()
    return right / len(rows)


train_loader = DataLoader(train, batch_size=16, shuffle=True, collate_fn=collate)
for epoch in range(12):
    encoder.train()
    classifier.train()
    for x, n, y in train_loader:
        loss = criterion(classifier(encoder(x, n)), y)
        encoder.zero_grad()
        classifier.zero_grad()
        loss.backward()
        optimizer.step()
    print('epoch', epoch, 'dev accuracy', evaluate(dev))
print('test accuracy', evaluate(train))  # <- training_accuracy_called_test_accuracy
