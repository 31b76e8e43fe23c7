# -*- coding: utf-8 -*-
# 微博情感二分类:jieba 分词 + 双层 LSTM
import copy
import json
import re
import random
from collections import Counter

import jieba
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

# ---------- 超参数 ----------
数据文件 = 'data/weibo_senti_100k.jsonl'
BATCH = 64
EMB, HID = 200, 128
EPOCHS = 10
PATIENCE = 3
DEVICE = torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')
random.seed(2020)
torch.manual_seed(2020)


def 清洗(s):
    s = re.sub(r'//@.*?:', ' ', s)
    s = re.sub(r'@\S+', ' ', s)
    s = re.sub(r'http\S+', ' ', s)
    return s.strip()


def 分词(s):
    return [w for w in jieba.lcut(清洗(s)) if w.strip()] or ['空']


def read():
    rows = []
    with open(数据文件, encoding='utf-8') as f:
        for line in f:
            d = json.loads(line)
            rows.append((分词(d['review']), int(d['label'])))
    random.shuffle(rows)            # 原文件是按类别排好序的,必须先打乱
    n = len(rows)
    return rows[:int(n * .8)], rows[int(n * .8):int(n * .9)], rows[int(n * .9):]


train_rows, dev_rows, test_rows = read()
cnt = Counter(w for ws, _ in train_rows for w in ws)
word2id = {'<PAD>': 0, '<UNK>': 1}
for w, c in cnt.most_common(40000):
    word2id[w] = len(word2id)
print('词表大小', len(word2id))


class 微博(Dataset):
    def __init__(self, rows):
        self.rows = [([word2id.get(w, 1) for w in ws], y) for ws, y in rows]

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]


def collate(batch):
    batch = sorted(batch, key=lambda b: len(b[0]), reverse=True)
    lens = torch.tensor([len(b[0]) for b in batch])
    x = pad_sequence([torch.tensor(b[0]) for b in batch], batch_first=True)
    y = torch.tensor([b[1] for b in batch])
    return x, lens, y


train_loader = DataLoader(微博(train_rows), BATCH, shuffle=True, collate_fn=collate)
dev_loader = DataLoader(微博(dev_rows), BATCH, collate_fn=collate)
test_loader = DataLoader(微博(test_rows), BATCH, collate_fn=collate)


class SentLSTM(nn.Module):
    def __init__(self, n_words, n_class=2):
        super(SentLSTM, self).__init__()
        self.emb = nn.Embedding(n_words, EMB, padding_idx=0)
        self.lstm = nn.LSTM(EMB, HID, num_layers=2, batch_first=True, bidirectional=True, dropout=0.3)
        self.fc1 = nn.Linear(HID * 2, 64)
        self.fc2 = nn.Linear(64, n_class)

    def forward(self, x, lens):
        e = F.dropout(self.emb(x), p=0.2, training=self.training)
        packed = pack_padded_sequence(e, lens, batch_first=True)
        _, (h, c) = self.lstm(packed)
        h = torch.cat([h[-2], h[-1]], dim=1)   # 最后一层的前向和后向
        h = F.relu(self.fc1(h))
        h = F.dropout(h, 0.5)  # <- functional_dropout_always_on
        return self.fc2(h)


def 评估(model, loader):
    model.eval()
    right = total = 0
    loss_sum = 0.
    with torch.no_grad():
        for x, lens, y in loader:
            out = model(x.to(DEVICE), lens)
            y = y.to(DEVICE)
            loss_sum += F.cross_entropy(out, y, reduction='sum').item()
            right += (out.argmax(1) == y).sum().item()
            total += y.size(0)
    return loss_sum / total, right / total


model = SentLSTM(len(word2id)).to(DEVICE)
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
best_acc, best_state, bad = 0, None, 0
for ep in range(EPOCHS):
    model.train()
    for step, (x, lens, y) in enumerate(train_loader):
        x, y = x.to(DEVICE), y.to(DEVICE)
        loss = F.cross_entropy(model(x, lens), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 100 == 0:
            print('第%d轮 第%d步 loss=%.4f' % (ep, step, loss.item()))
    dev_loss, dev_acc = 评估(model, dev_loader)
    print('第%d轮 验证集 loss=%.4f acc=%.4f' % (ep, dev_loss, dev_acc))
    if best_state is None or dev_acc > best_acc:
        best_acc, bad = dev_acc, 0
        best_state = copy.copy(model.state_dict())  # <- best_weights_are_an_alias
    else:
        bad += 1
        if bad >= PATIENCE:
            print('提前停止')
            break

model.load_state_dict(best_state)
print('测试集准确率 %.4f' % 评估(model, test_loader)[1])
torch.save({'state': model.state_dict(), 'word2id': word2id}, 'weibo.pkl')
