import json
import re
import torch
import torch.nn as nn
from collections import Counter
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence
from torch.utils.data import DataLoader

torch.manual_seed(18)


def load(p):
    rows = [json.loads(l) for l in open(p, encoding='utf-8')]
    return [(re.findall(r"\w+", r['title'].lower()) or ['x'], r['clickbait']) for r in rows]


train, valid, test = load('cb_train.jsonl'), load('cb_valid.jsonl'), load('cb_test.jsonl')
cnt = Counter(w for t, _ in train for w in t)
stoi = {w: k for k, w in enumerate(['<pad>', '<unk>'] + [w for w, c in cnt.items() if c > 1])}


def collate(b):
    x = [torch.tensor([stoi.get(w, stoi['<unk>']) for w in t]) for t, _ in b]
    return pad_sequence(x, batch_first=True, padding_value=stoi['<pad>']), torch.tensor([len(t) for t in x]), torch.tensor([float(y) for _, y in b])


class GRUNet(nn.Module):
    def __init__(self, vocab, dim=80, hid=80):
        super().__init__()
        self.e = nn.Embedding(vocab, dim, padding_idx=stoi['<pad>'])
        self.g = nn.GRU(dim, hid, num_layers=2, batch_first=True, dropout=0.3)
        self.f = nn.Linear(hid, 1)

    def forward(self, x, n):
        _, h = self.g(pack_padded_sequence(self.e(x), n, batch_first=True, enforce_sorted=False))
        return self.f(h[0]).flatten()  # <- lower_layer_read_as_the_last


net = GRUNet(len(stoi))
loss_fn = nn.BCELoss()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
loaders = {k: DataLoader(v, 64, shuffle=(k == 'train'), collate_fn=collate) for k, v in (('train', train), ('valid', valid), ('test', test))}


def accuracy(dl):
    net.eval()
    r = 0
    with torch.no_grad():
        for x, n, y in dl:
            r += ((net(x, n) > 0.5) == (y > 0.5)).sum().item()
    return r / len(dl.dataset)


for epoch in range(5):
    net.train()
    for x, n, y in loaders['train']:
        opt.zero_grad()
        out = net(x, n)
        loss = loss_fn(out, y)  # <- logits_in_bce_loss
        loss.backward()
        opt.step()
    print(epoch, 'valid', accuracy(loaders['valid']))
print('test', accuracy(loaders['test']))
