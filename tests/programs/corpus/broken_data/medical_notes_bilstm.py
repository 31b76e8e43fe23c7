"""Short medical notes -> speciality. Notes come as a folder of text files per speciality."""
import copy
import os
import re

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils import rnn as rnn_utils
from torch.utils.data import DataLoader

ROOT = 'notes'
torch.manual_seed(77)


def read_notes(part):
    names = sorted(os.listdir(os.path.join(ROOT, part)))
    rows = []
    for k, name in enumerate(names):
        for fn in sorted(os.listdir(os.path.join(ROOT, part, name))):
            with open(os.path.join(ROOT, part, name, fn), encoding='utf-8') as f:
                toks = re.findall(r'\w+', f.read().lower())
            if toks:
                rows.append((toks, k))
    return rows, names


train_rows, specialities = read_notes('train')
valid_rows, _ = read_notes('valid')
test_rows, _ = read_notes('test')

word_ids = {'PAD': 0, 'UNK': 1}
for toks, _ in train_rows:
    for t in toks:
        word_ids.setdefault(t, len(word_ids))


def collate(rows):
    x = [torch.tensor([word_ids.get(t, 1) for t in toks]) for toks, _ in rows]
    return rnn_utils.pad_sequence(x, batch_first=True), torch.tensor([len(v) for v in x]), torch.tensor([y for _, y in rows])


class NoteNet(nn.Module):
    def __init__(self, n_words, n_out, emb=100, hid=80):
        super().__init__()
        self.emb = nn.Embedding(n_words, emb, padding_idx=0)
        self.lstm = nn.LSTM(emb, hid, batch_first=True, bidirectional=True)
        self.drop = nn.Dropout(.4)
        self.fc = nn.Linear(2 * hid, n_out)

    def forward(self, x, lengths):
        lengths, perm = torch.sort(lengths, descending=True)  # <- sorted_for_packing_not_restored
        x = x[perm]
        packed = rnn_utils.pack_padded_sequence(self.emb(x), lengths.cpu(), batch_first=True)
        _, (h, _) = self.lstm(packed)
        h = torch.cat([h[0], h[1]], dim=1)
        return self.fc(self.drop(h))


net = NoteNet(len(word_ids), len(specialities))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
train_dl = DataLoader(train_rows, batch_size=32, collate_fn=collate)  # <- training_data_not_shuffled
valid_dl = DataLoader(valid_rows, batch_size=32, collate_fn=collate)
test_dl = DataLoader(test_rows, batch_size=32, collate_fn=collate)


def accuracy(dl):
    net.eval()
    n = 0
    with torch.no_grad():
        for x, l, y in dl:
            n += (net(x, l).argmax(1) == y).sum().item()
    return n / len(dl.dataset)


best_acc, best = -1, None
for epoch in range(10):
    net.train()
    for x, l, y in train_dl:
        optimizer.zero_grad()
        F.cross_entropy(net(x, l), y).backward()
        optimizer.step()
    a = accuracy(valid_dl)
    print('epoch', epoch, 'valid', a)
    if a > best_acc:
        best_acc, best = a, copy.deepcopy(net.state_dict())
net.load_state_dict(best)
print('test', accuracy(test_dl))
torch.save({'weights': best, 'word_ids': word_ids, 'specialities': specialities}, 'notes.pt')
