"""Bidirectional two-layer LSTM on the aclImdb folders (DataLoader version)."""
import argparse
import os
import re
from collections import Counter

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence
from torch.utils.data import Dataset, DataLoader, random_split

parser = argparse.ArgumentParser()
parser.add_argument('--root', default='./aclImdb')
parser.add_argument('--batch_size', type=int, default=64)
parser.add_argument('--lr', type=float, default=1e-3)
parser.add_argument('--n_epochs', type=int, default=4)
args = parser.parse_args()
torch.manual_seed(0)
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')


def tokenize(s):
    return re.findall(r"\w+|[?!]", s.replace('<br />', ' ').lower())


class ImdbFolder(Dataset):
    def __init__(self, root, part):
        self.docs, self.labels = [], []
        for label, name in enumerate(['neg', 'pos']):
            folder = os.path.join(root, part, name)
            for fn in sorted(os.listdir(folder)):
                with open(os.path.join(folder, fn), encoding='utf-8') as f:
                    self.docs.append(tokenize(f.read()))
                self.labels.append(label)

    def __len__(self):
        return len(self.docs)

    def __getitem__(self, i):
        return self.docs[i], self.labels[i]


train_full = ImdbFolder(args.root, 'train')
test_set = ImdbFolder(args.root, 'test')
train_set, valid_set = random_split(train_full, [22500, 2500])
counter = Counter()
for i in train_set.indices:
    counter.update(train_full.docs[i])
stoi = {'<pad>': 0, '<unk>': 1}
for w, _ in counter.most_common(25000):
    stoi[w] = len(stoi)


def collate(batch):
    ids = [torch.tensor([stoi.get(w, 1) for w in d]) for d, _ in batch]
    return pad_sequence(ids, batch_first=True), torch.tensor([len(x) for x in ids]), torch.tensor([l for _, l in batch])


class BiLSTM(nn.Module):
    def __init__(self, hidden=128, emb=100):
        super().__init__()
        self.embedding = nn.Embedding(len(stoi), emb, padding_idx=0)
        self.lstm = nn.LSTM(emb, hidden, num_layers=2, bidirectional=True, batch_first=True, dropout=0.5)
        self.fc = nn.Linear(hidden * 2, 2)

    def forward(self, x, lengths):
        batch = x.size(0)
        packed = pack_padded_sequence(self.embedding(x), lengths, batch_first=True, enforce_sorted=False)
        _, (hidden, _) = self.lstm(packed)
        hidden = hidden[-2:].view(batch, -1)  # <- view_instead_of_transpose
        return self.fc(hidden)


model = BiLSTM().to(device)
opt = torch.optim.Adam(model.parameters(), lr=args.lr)
criterion = nn.CrossEntropyLoss()


def evaluate(dataset):
    model.eval()
    loss_sum, correct = 0.0, 0
    loader = DataLoader(dataset, batch_size=args.batch_size, collate_fn=collate)
    with torch.no_grad():
        for x, n, y in loader:
            y = y.to(device)
            out = model(x.to(device), n)
            loss_sum += criterion(out, y).item()
            correct += (out.argmax(1) == y).sum().item()
    return loss_sum / len(dataset), correct / len(dataset)  # <- mean_of_batch_means


for epoch in range(args.n_epochs):
    model.train()
    for x, n, y in DataLoader(train_set, batch_size=args.batch_size, shuffle=True, collate_fn=collate):
        opt.zero_grad()
        loss = criterion(model(x.to(device), n), y.to(device))
        loss.backward()
        opt.step()
    print('epoch', epoch, 'valid loss %.4f acc %.4f' % evaluate(valid_set))
print('test loss %.4f acc %.4f' % evaluate(test_set))
