"""Amazon polarity with GloVe: fixed length, matrix built by hand."""
import bz2
import json
import re
from collections import Counter

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
MAXLEN = 50
DIM = 100
device = torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')


def read_ft(path):
    texts, labels = [], []
    for line in bz2.open(path, 'rt', encoding='utf-8'):
        label, _, text = line.partition(' ')
        texts.append(re.findall('[a-z]+', text.lower()))
        labels.append(int(label == '__label__2'))
    return texts, labels


train_texts, train_labels = read_ft('train.ft.txt.bz2')
test_texts, test_labels = read_ft('test.ft.txt.bz2')
n_val = 100000
perm = torch.randperm(len(train_texts)).tolist()
val_ids, train_ids = perm[:n_val], perm[n_val:]

counter = Counter(w for i in train_ids for w in train_texts[i])
itos = ['<pad>', '<unk>'] + [w for w, c in counter.most_common(50000)]
stoi = {w: i for i, w in enumerate(itos)}

embedding_matrix = np.zeros((len(itos), DIM), dtype=np.float32)  # <- words_without_vector_all_zero
with open('glove.6B.100d.txt', encoding='utf-8') as f:
    for line in f:
        parts = line.rstrip().split(' ')
        if parts[0] in stoi:
            embedding_matrix[stoi[parts[0]]] = np.asarray(parts[1:], dtype=np.float32)


def tensorize(texts, labels):
    x = torch.zeros(len(texts), MAXLEN, dtype=torch.long)
    for i, words in enumerate(texts):
        ids = [stoi.get(w, 1) for w in words[:MAXLEN]]  # <- end_of_the_review_cut_off
        if ids:
            x[i, MAXLEN - len(ids):] = torch.tensor(ids)
    return TensorDataset(x, torch.tensor(labels))


def subset(ids):
    return tensorize([train_texts[i] for i in ids], [train_labels[i] for i in ids])


train_dl = DataLoader(subset(train_ids), batch_size=512, shuffle=True)
val_dl = DataLoader(subset(val_ids), batch_size=512)
test_dl = DataLoader(tensorize(test_texts, test_labels), batch_size=512)


class GloveGRU(nn.Module):
    def __init__(self, matrix):
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(torch.from_numpy(matrix), padding_idx=0)  # <- pretrained_vectors_frozen
        self.gru = nn.GRU(DIM, 128, batch_first=True)
        self.fc = nn.Linear(128, 2)

    def forward(self, x):
        _, h = self.gru(self.embedding(x))
        return self.fc(h[-1])


model = GloveGRU(embedding_matrix).to(device)
optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-3)
loss_fn = nn.CrossEntropyLoss()


def accuracy(dl):
    model.eval()
    right = 0
    with torch.no_grad():
        for x, y in dl:
            right += (model(x.to(device)).argmax(1).cpu() == y).sum().item()
    return right / len(dl.dataset)


for epoch in range(2):
    model.train()
    for x, y in train_dl:
        optimizer.zero_grad()
        loss_fn(model(x.to(device)), y.to(device)).backward()
        optimizer.step()
    print('epoch', epoch, 'val', accuracy(val_dl))
print('test', accuracy(test_dl))
