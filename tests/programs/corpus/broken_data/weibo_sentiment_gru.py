# 微博情感二分类, GRU + 预训练词向量 (sgns.weibo.word)
import os
import random
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
import jieba
from torch.utils.data import Dataset, DataLoader
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

def set_seed(s):
    random.seed(s)
    np.random.seed(s)
    torch.manual_seed(s)

set_seed(2022)

class Config:
    train_file = 'weibo/train.csv'   # 列: label,review
    dev_file = 'weibo/dev.csv'
    vec_file = 'sgns.weibo.word'
    dim = 300
    hidden = 128
    lr = 1e-3
    bs = 128
    epochs = 5

cfg = Config()

def load(path):
    d = pd.read_csv(path).dropna()
    toks = [jieba.lcut(r) for r in d['review'].str.strip()]
    return [(t, l) for t, l in zip(toks, d['label'].astype(int)) if t]

train, dev = load(cfg.train_file), load(cfg.dev_file)

# 词表只用训练集
word2id = {'[PAD]': 0, '[UNK]': 1}
for t, _ in train:
    for w in t:
        if w not in word2id:
            word2id[w] = len(word2id)

def load_vectors(path):
    mat = np.random.uniform(-0.1, 0.1, (len(word2id), cfg.dim)).astype('float32')
    mat[0] = 0
    with open(path, encoding='utf-8', errors='ignore') as f:
        next(f)
        for line in f:
            p = line.rstrip().split(' ')
            if p[0] in word2id and len(p) == cfg.dim + 1:
                mat[word2id[p[0]]] = np.array(p[1:], dtype='float32')
    return torch.from_numpy(mat)

class WeiboDataset(Dataset):
    def __init__(self, data):
        self.data = [(torch.tensor([word2id.get(w, 1) for w in t]), y) for t, y in data]
    def __len__(self):
        return len(self.data)
    def __getitem__(self, i):
        return self.data[i]

def collate_fn(batch):
    xs, ys = zip(*batch)
    lens = torch.tensor([len(x) for x in xs])
    return pad_sequence(xs, batch_first=True), lens, torch.tensor(ys)

class TextGRU(nn.Module):
    def __init__(self, vectors):
        super().__init__()
        self.emb = nn.Embedding(len(word2id), cfg.dim, padding_idx=0)
        emb = nn.Embedding.from_pretrained(vectors, freeze=False, padding_idx=0)  # <- pretrained_vectors_not_used
        self.gru = nn.GRU(cfg.dim, cfg.hidden, num_layers=2, batch_first=True, dropout=0.3)
        self.fc = nn.Linear(cfg.hidden, 2)

    def forward(self, x, lens):
        p = pack_padded_sequence(self.emb(x), lens.cpu(), batch_first=True, enforce_sorted=False)
        _, h = self.gru(p)
        h = h[:, -1, :]  # <- h_n_read_as_batch_first
        return self.fc(h)

device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
model = TextGRU(load_vectors(cfg.vec_file)).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=cfg.lr)
criterion = nn.CrossEntropyLoss()
train_loader = DataLoader(WeiboDataset(train), cfg.bs, shuffle=True, collate_fn=collate_fn)
dev_loader = DataLoader(WeiboDataset(dev), cfg.bs, collate_fn=collate_fn)

for epoch in range(cfg.epochs):
    model.train()
    for x, lens, y in train_loader:
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()
        loss = criterion(model(x, lens), y)
        loss.backward()
        optimizer.step()
    model.eval()
    right = 0
    with torch.no_grad():
        for x, lens, y in dev_loader:
            right += (model(x.to(device), lens).argmax(1).cpu() == y).sum().item()
    print('epoch %d dev acc %.4f' % (epoch, right / len(dev)))
