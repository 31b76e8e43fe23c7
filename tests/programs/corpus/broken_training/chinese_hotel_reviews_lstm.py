# -*- coding: utf-8 -*-
# 酒店评论情感分类 ChnSentiCorp  (jieba 分词 + 双向LSTM)
import copy
import pickle
import random

import jieba
import pandas as pd
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader

# ---------- 参数 ----------
数据文件 = 'data/ChnSentiCorp_htl_all.csv'
停用词文件 = 'data/stopwords.txt'
batch_size = 64
embedding_dim = 200
hidden_dim = 128
epochs = 10
lr = 0.001
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
random.seed(2021)
torch.manual_seed(2021)

with open(停用词文件, encoding='utf-8') as f:
    stopwords = set(w.strip() for w in f)


def 分词(句子):
    """去掉停用词和空白"""
    return [w for w in jieba.lcut(句子) if w.strip() and w not in stopwords]


# ---------- 读数据 ----------
df = pd.read_csv(数据文件).dropna().drop_duplicates(subset='review')
样本 = [(分词(r), int(l)) for r, l in zip(df['review'], df['label'])]
样本 = [(t, l) for t, l in 样本 if t]
random.shuffle(样本)
n = len(样本)
train_data = 样本[:int(n * 0.8)]
dev_data = 样本[int(n * 0.8):int(n * 0.9)]
test_data = 样本[int(n * 0.9):]
print('训练/验证/测试:', len(train_data), len(dev_data), len(test_data))

# ---------- 词表（只用训练集）----------
word2id = {'<PAD>': 0, '<UNK>': 1}
for toks, _ in train_data:
    for t in toks:
        if t not in word2id:
            word2id[t] = len(word2id)


class 评论数据集(Dataset):
    def __init__(self, data):
        self.data = data

    def __len__(self):
        return len(self.data)

    def __getitem__(self, i):
        toks, label = self.data[i]
        return [word2id.get(t, 1) for t in toks], label


def collate_fn(batch):
    lens = [len(b[0]) for b in batch]
    m = max(lens)
    ids = torch.tensor([b[0] + [0] * (m - len(b[0])) for b in batch])
    return ids, torch.tensor(lens), torch.tensor([b[1] for b in batch])


class BiLSTM(nn.Module):
    def __init__(self):
        super(BiLSTM, self).__init__()
        self.embedding = nn.Embedding(len(word2id), embedding_dim, padding_idx=0)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers=2, bidirectional=True, batch_first=True, dropout=0.3)
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(hidden_dim * 2, 2)

    def forward(self, ids, lens):
        e = self.embedding(ids)
        packed = nn.utils.rnn.pack_padded_sequence(e, lens, batch_first=True, enforce_sorted=False)
        _, (h, c) = self.lstm(packed)
        # h: [4, batch, hidden]  取最后一层的前向和后向
        feature = torch.cat([h[0], h[1]], dim=1)  # <- wrong_directions_of_the_hidden_state
        return self.fc(self.dropout(feature))


train_loader = DataLoader(评论数据集(train_data), batch_size=batch_size, shuffle=True, collate_fn=collate_fn)
dev_loader = DataLoader(评论数据集(dev_data), batch_size=batch_size, collate_fn=collate_fn)
test_loader = DataLoader(评论数据集(test_data), batch_size=batch_size, collate_fn=collate_fn)

model = BiLSTM().to(device)
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=lr)


def 测试(loader):
    model.eval()
    对 = 总 = 0
    with torch.no_grad():
        for ids, lens, y in loader:
            pred = model(ids.to(device), lens).argmax(1).cpu()
            对 += (pred == y).sum().item()
            总 += len(y)
    return 对 / 总


最好 = 0
最好参数 = None
for epoch in range(epochs):
    model.train()
    总损失 = 0
    for ids, lens, y in train_loader:
        ids, y = ids.to(device), y.to(device)
        optimizer.zero_grad()
        loss = loss_fn(model(ids, lens), y)
        loss.backward()
        optimizer.step()
        总损失 += loss.item() * len(y)
    acc = 测试(dev_loader)
    print('第%d轮 损失%.4f 验证集准确率%.4f' % (epoch + 1, 总损失 / len(train_data), acc))
    if acc > 最好:
        最好 = acc
        最好参数 = copy.deepcopy(model.state_dict())

model.load_state_dict(最好参数)
print('测试集准确率 %.4f' % 测试(test_loader))
torch.save(model.state_dict(), 'hotel_bilstm.pth')
with open('word2id.pkl', 'wb') as f:
    pickle.dump(word2id, f)


def 预测(句子):
    model.eval()
    toks = [w for w in 句子 if w.strip()]  # <- different_tokenizer_at_prediction
    ids = torch.tensor([[word2id.get(t, 1) for t in toks]]).to(device)
    with torch.no_grad():
        return '好评' if model(ids, torch.tensor([len(toks)])).argmax(1).item() == 1 else '差评'


print(预测('房间很干净，服务员态度也很好，下次还会再来'))
print(预测('隔音太差，一晚上没睡好'))
