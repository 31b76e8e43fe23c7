# -*- coding: utf-8 -*-
# 酒店评论情感分类 (LSTM)
import pickle
import jieba
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
import torch.utils.data as Data
from collections import Counter

最大长度 = 400
batch_size = 64
embed_dim = 128
hidden_dim = 128
学习率 = 0.001
轮数 = 10

# 读取数据, label: 1 好评 0 差评
df = pd.read_csv('ChnSentiCorp_htl_all.csv').dropna()
df = df.drop_duplicates(subset='review').sample(frac=1, random_state=2021).reset_index(drop=True)
df['words'] = df['review'].apply(lambda s: jieba.lcut(s.strip()))

n = int(len(df) * 0.8)
训练集 = df[:n]
测试集 = df[n:]

# 建词表
计数 = Counter()
for words in pd.concat([训练集, 测试集])['words']:
    计数.update(words)  # <- vocabulary_saw_the_test_set
词表 = {'<PAD>': 0, '<UNK>': 1}
for w, c in 计数.most_common():
    if c >= 2:
        词表[w] = len(词表)
print('词表大小:', len(词表))
with open('vocab.pkl', 'wb') as f:
    pickle.dump(词表, f)


def 编码(words):
    ids = [词表.get(w, 1) for w in words][:最大长度]
    return ids + [0] * (最大长度 - len(ids))


def make_loader(d, shuffle):
    x = torch.LongTensor(np.array([编码(w) for w in d['words']]))
    y = torch.LongTensor(d['label'].values)
    return Data.DataLoader(Data.TensorDataset(x, y), batch_size=batch_size, shuffle=shuffle)


train_loader = make_loader(训练集, True)
test_loader = make_loader(测试集, False)


class LSTM分类(nn.Module):
    def __init__(self, 词数):
        super().__init__()
        self.embedding = nn.Embedding(词数, embed_dim, padding_idx=0)
        self.lstm = nn.LSTM(embed_dim, hidden_dim, num_layers=2, batch_first=True, dropout=0.3)
        self.fc = nn.Linear(hidden_dim, 2)

    def forward(self, x):
        x = self.embedding(x)                    # [批, 长度, 词向量]
        _, (h, c) = self.lstm(x)  # <- padding_read_as_last_step
        return self.fc(h[-1])                    # 最后一层的最后状态


device = 'cuda' if torch.cuda.is_available() else 'cpu'
model = LSTM分类(len(词表)).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=学习率)
criterion = nn.CrossEntropyLoss()


def 测试():
    model.eval()
    正确 = 0
    with torch.no_grad():
        for x, y in test_loader:
            pred = model(x.to(device)).argmax(dim=1).cpu()
            正确 += (pred == y).sum().item()
    return 正确 / len(测试集)


for epoch in range(轮数):
    model.train()
    总损失 = 0
    for x, y in train_loader:
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        总损失 += loss.item() * len(y)
    print('第%d轮 损失 %.4f' % (epoch + 1, 总损失 / len(训练集)))

print('测试准确率 %.4f' % 测试())
torch.save(model.state_dict(), 'hotel_lstm.pth')


def 预测(句子):
    model.eval()
    x = torch.LongTensor([编码(jieba.lcut(句子.strip()))]).to(device)
    with torch.no_grad():
        p = torch.softmax(model(x), dim=1)[0]
    return '好评' if p[1] > p[0] else '差评', p[1].item()


print(预测('房间很干净，服务也不错，下次还会来'))
