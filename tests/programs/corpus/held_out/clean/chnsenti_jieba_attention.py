# -*- coding: utf-8 -*-
# 酒店评论情感分类：jieba 分词 + 双向 LSTM + 注意力
import pickle
import random
from collections import Counter

import jieba
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

SEED = 2021
random.seed(SEED)
np.random.seed(SEED)
torch.manual_seed(SEED)

# ---------- 超参数 ----------
EMB = 128
HID = 128
BATCH = 64
EPOCHS = 10
LR = 1e-3
MAX_VOCAB = 20000
device = torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')

# ---------- 读数据 ----------
df = pd.read_csv('data/ChnSentiCorp_htl_all.csv')      # 两列: label, review
df = df.dropna().drop_duplicates(subset='review')
df = df.sample(frac=1.0, random_state=SEED).reset_index(drop=True)   # 原文件是按标签排好的，先打乱
df['words'] = df['review'].apply(lambda s: [w for w in jieba.lcut(s) if w.strip()])
df = df[df['words'].apply(len) > 0].reset_index(drop=True)

n = len(df)
train_df = df.iloc[:int(n * 0.8)]
dev_df = df.iloc[int(n * 0.8):int(n * 0.9)]
test_df = df.iloc[int(n * 0.9):]

# ---------- 词表只用训练集 ----------
counter = Counter(w for ws in train_df['words'] for w in ws)
word2id = {'<PAD>': 0, '<UNK>': 1}
for w, c in counter.most_common(MAX_VOCAB):
    word2id[w] = len(word2id)
print('词表大小', len(word2id))

MAX_LEN = int(max(len(ws) for ws in df['words']))      # 不截断


def to_tensor(part):
    ids = np.zeros((len(part), MAX_LEN), dtype=np.int64)
    for i, ws in enumerate(part['words']):
        row = [word2id.get(w, word2id['<UNK>']) for w in ws]
        ids[i, :len(row)] = row
    return TensorDataset(torch.from_numpy(ids), torch.tensor(part['label'].values, dtype=torch.long))


train_dl = DataLoader(to_tensor(train_df), batch_size=BATCH, shuffle=True)
dev_dl = DataLoader(to_tensor(dev_df), batch_size=BATCH)
test_dl = DataLoader(to_tensor(test_df), batch_size=BATCH)


class AttnBiLSTM(nn.Module):
    def __init__(self, vocab_size, n_class=2):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, EMB, padding_idx=0)
        self.lstm = nn.LSTM(EMB, HID, batch_first=True, bidirectional=True)
        self.w = nn.Linear(2 * HID, HID)
        self.u = nn.Linear(HID, 1, bias=False)
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(2 * HID, n_class)

    def forward(self, x):
        lengths = (x != 0).sum(dim=1)
        emb = self.dropout(self.embed(x))
        packed = nn.utils.rnn.pack_padded_sequence(emb, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = self.lstm(packed)
        out, _ = nn.utils.rnn.pad_packed_sequence(out, batch_first=True, total_length=x.size(1))
        score = self.u(torch.tanh(self.w(out))).squeeze(-1)          # [B, T]
        score = score.masked_fill(x == 0, float('-inf'))             # 填充位置不参与
        alpha = F.softmax(score, dim=1)
        ctx = torch.bmm(alpha.unsqueeze(1), out).squeeze(1)
        return self.fc(self.dropout(ctx)), alpha


model = AttnBiLSTM(len(word2id)).to(device)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=LR)


def evaluate(dl):
    model.eval()
    right, total = 0, 0
    with torch.no_grad():
        for x, y in dl:
            x, y = x.to(device), y.to(device)
            logit, _ = model(x)
            right += (logit.argmax(dim=1) == y).sum().item()
            total += y.size(0)
    return right / total


best = 0.0
for epoch in range(EPOCHS):
    model.train()
    loss_sum, cnt = 0.0, 0
    for x, y in train_dl:
        x, y = x.to(device), y.to(device)
        logit, _ = model(x)
        loss = criterion(logit, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * y.size(0)
        cnt += y.size(0)
    dev_acc = evaluate(dev_dl)
    print('第%d轮 训练损失 %.4f 验证准确率 %.4f' % (epoch + 1, loss_sum / cnt, dev_acc))
    if dev_acc > best:
        best = dev_acc
        torch.save(model.state_dict(), 'chnsenti_attn.pt')
        with open('chnsenti_vocab.pkl', 'wb') as f:
            pickle.dump(word2id, f)

# 取验证集上最好的参数来测试
model.load_state_dict(torch.load('chnsenti_attn.pt'))
print('测试准确率 %.4f' % evaluate(test_dl))


def predict(sentence):
    model.eval()
    ws = [w for w in jieba.lcut(sentence) if w.strip()]
    x = torch.tensor([[word2id.get(w, word2id['<UNK>']) for w in ws]]).to(device)
    with torch.no_grad():
        logit, alpha = model(x)
    p = F.softmax(logit, dim=1)[0]
    for w, a in zip(ws, alpha[0].tolist()):
        print(w, '%.3f' % a)
    return '正面' if p[1] > p[0] else '负面', p[1].item()


print(predict('房间很干净，服务员态度也很好，下次还会来'))
