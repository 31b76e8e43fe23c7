'''
Predict the star rating (1-5) of app reviews as a number.  GRU + MSE, several GPUs if there are any.
'''
import os
import re
import time
from collections import Counter, OrderedDict
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader

params = dict(
    csv_train='reviews_train.csv',
    csv_val='reviews_val.csv',
    csv_test='reviews_test.csv',
    emb=100, hid=100, bs=128, epochs=6, lr=1e-3, seed=77, save_dir='ckpt')

np.random.seed(params['seed'])
torch.manual_seed(params['seed'])
device = torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')


def to_words(s):
    s = re.sub(r'[^a-z0-9 ]+', ' ', s.lower())
    return s.split()


def read(path):
    frame = pd.read_csv(path, usecols=['review', 'stars']).dropna()
    frame['words'] = frame['review'].map(to_words)
    return frame[frame['words'].map(len) > 0]


class Lang:
    def __init__(self):
        self.n2w = OrderedDict([(0, '_PAD_'), (1, '_OOV_')])
        self.w2n = OrderedDict([('_PAD_', 0), ('_OOV_', 1)])

    def add(self, words, min_count):
        for w, c in Counter(words).items():
            if c >= min_count:
                n = len(self.w2n)
                self.w2n[w] = n
                self.n2w[n] = w

    def ids(self, words):
        return [self.w2n.get(w, 1) for w in words]


class RatingSet(Dataset):
    def __init__(self, frame, lang):
        self.seqs = [lang.ids(w) for w in frame['words']]
        self.stars = frame['stars'].to_numpy(dtype=np.float32)

    def __len__(self):
        return len(self.seqs)

    def __getitem__(self, i):
        return self.seqs[i], self.stars[i]


def pad_batch(items):
    width = max(len(s) for s, _ in items)
    ids = np.zeros((len(items), width), dtype=np.int64)
    for k, (s, _) in enumerate(items):
        ids[k, width - len(s):] = s          # padded at the front
    return torch.from_numpy(ids), torch.tensor(np.array([y for _, y in items]))


class RatingGRU(nn.Module):
    def __init__(self, n, emb, hid):
        super().__init__()
        self.embedding = nn.Embedding(n, emb, padding_idx=0)
        self.gru = nn.GRU(emb, hid, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(hid, 50), nn.ReLU(), nn.Dropout(0.2), nn.Linear(50, 1))

    def forward(self, x):
        self.gru.flatten_parameters()
        _, h = self.gru(self.embedding(x))
        return self.mlp(h[0]).squeeze(-1)


def evaluate(model, dl):
    model.eval()
    se, ae, n = 0.0, 0.0, 0
    with torch.no_grad():
        for x, y in dl:
            d = model(x.to(device)).cpu() - y
            se += (d ** 2).sum().item()
            ae += d.abs().sum().item()
            n += len(y)
    return (se / n) ** 0.5, ae / n


def main():
    tr, va, te = (read(params[k]) for k in ('csv_train', 'csv_val', 'csv_test'))
    lang = Lang()
    lang.add([w for ws in tr['words'] for w in ws], min_count=3)
    train_dl = DataLoader(RatingSet(tr, lang), params['bs'], shuffle=True, collate_fn=pad_batch)
    val_dl = DataLoader(RatingSet(va, lang), params['bs'], collate_fn=pad_batch)
    test_dl = DataLoader(RatingSet(te, lang), params['bs'], collate_fn=pad_batch)

    net = RatingGRU(len(lang.w2n), params['emb'], params['hid'])
    if torch.cuda.device_count() > 1:
        print('using', torch.cuda.device_count(), 'GPUs')
        net = nn.DataParallel(net)
    net = net.to(device)
    loss_fn = nn.MSELoss()
    optim = torch.optim.Adam(net.parameters(), lr=params['lr'])
    os.makedirs(params['save_dir'], exist_ok=True)
    ckpt = os.path.join(params['save_dir'], 'rating.pt')
    best = float('inf')
    for ep in range(params['epochs']):
        tic = time.time()
        net.train()
        tot, n = 0.0, 0
        for x, y in train_dl:
            x, y = x.to(device), y.to(device)
            optim.zero_grad()
            loss = loss_fn(net(x), y)
            loss.backward()
            optim.step()
            tot += loss.item() * len(y)
            n += len(y)
        rmse, mae = evaluate(net, val_dl)
        print('ep %d  mse %.3f  val rmse %.3f mae %.3f  (%.0fs)' % (ep, tot / n, rmse, mae, time.time() - tic))
        if rmse < best:
            best = rmse
            core = net.module if isinstance(net, nn.DataParallel) else net
            torch.save({'net': core.state_dict(), 'words': dict(lang.w2n), 'params': params}, ckpt)
    core = net.module if isinstance(net, nn.DataParallel) else net
    core.load_state_dict(torch.load(ckpt, map_location=device)['net'])
    print('test rmse %.3f mae %.3f' % evaluate(net, test_dl))


if __name__ == '__main__':
    main()
