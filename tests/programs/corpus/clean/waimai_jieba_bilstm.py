# -*- coding: utf-8 -*-
# 外卖评论情感分类：jieba 分词 + 双向 LSTM + 注意力
import os
import pickle
import jieba
import pandas as pd
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader

jieba.setLogLevel(20)
torch.manual_seed(2022)
设备 = torch.device('cuda' if torch.cuda.is_available() else 'cpu')

数据文件 = 'data/waimai_10k.csv'     # 列: label, review （前4000条正面，后面负面）
模型文件 = 'output/waimai.pkl'
PAD, UNK = 0, 1


def 分词(句子):
    return [w for w in jieba.lcut(句子.strip()) if not w.isspace()]


def 读数据():
    df = pd.read_csv(数据文件).dropna().drop_duplicates('review')
    df = df.sample(frac=1.0, random_state=2022).reset_index(drop=True)   # 文件按标签排序，先打乱
    df['词'] = df['review'].map(分词)
    df = df[df['词'].map(len) > 0]
    n = len(df)
    a, b = int(n * 0.8), int(n * 0.9)
    return df[:a], df[a:b], df[b:]


def 建词表(训练集, 最低词频=2):
    频率 = {}
    for 词们 in 训练集['词']:
        for w in 词们:
            频率[w] = 频率.get(w, 0) + 1
    词表 = {'<PAD>': PAD, '<UNK>': UNK}
    for w, c in 频率.items():
        if c >= 最低词频:
            词表[w] = len(词表)
    return 词表


class 评论(Dataset):
    def __init__(self, df, 词表):
        self.x = [[词表.get(w, UNK) for w in 词们] for 词们 in df['词']]
        self.y = df['label'].tolist()

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


def 整理(batch):
    最长 = max(len(x) for x, _ in batch)
    x = torch.tensor([x + [PAD] * (最长 - len(x)) for x, _ in batch])
    y = torch.tensor([y for _, y in batch])
    return x, y


class BiLSTM_Attention(nn.Module):
    def __init__(self, 词数, 维度=128, 隐藏=64):
        super().__init__()
        self.embedding = nn.Embedding(词数, 维度, padding_idx=PAD)
        self.lstm = nn.LSTM(维度, 隐藏, batch_first=True, bidirectional=True)
        self.w = nn.Parameter(torch.empty(隐藏 * 2).uniform_(-0.1, 0.1))
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(隐藏 * 2, 2)

    def forward(self, x):
        长度 = (x != PAD).sum(1)
        e = self.dropout(self.embedding(x))
        打包 = nn.utils.rnn.pack_padded_sequence(e, 长度.cpu(), batch_first=True, enforce_sorted=False)
        h, _ = self.lstm(打包)
        h, _ = nn.utils.rnn.pad_packed_sequence(h, batch_first=True, total_length=x.size(1))
        分数 = torch.tanh(h) @ self.w                       # [B, T]
        分数 = 分数.masked_fill(x == PAD, float('-inf'))    # 填充位置不参与
        权重 = F.softmax(分数, dim=-1).unsqueeze(-1)
        return self.fc(self.dropout((h * 权重).sum(1)))


def 评估(模型, loader):
    模型.eval()
    对, 总 = 0, 0
    with torch.no_grad():
        for x, y in loader:
            p = 模型(x.to(设备)).argmax(-1).cpu()
            对 += (p == y).sum().item()
            总 += len(y)
    return 对 / 总


def 训练():
    train_df, dev_df, test_df = 读数据()
    词表 = 建词表(train_df)
    print('训练 %d 验证 %d 测试 %d 词表 %d' % (len(train_df), len(dev_df), len(test_df), len(词表)))
    train_dl = DataLoader(评论(train_df, 词表), batch_size=64, shuffle=True, collate_fn=整理)
    dev_dl = DataLoader(评论(dev_df, 词表), batch_size=256, collate_fn=整理)
    test_dl = DataLoader(评论(test_df, 词表), batch_size=256, collate_fn=整理)

    模型 = BiLSTM_Attention(len(词表)).to(设备)
    优化器 = torch.optim.Adam(模型.parameters(), lr=1e-3)
    最好 = 0
    os.makedirs('output', exist_ok=True)
    for 轮 in range(8):
        模型.train()
        总损失 = 0.0
        for x, y in train_dl:
            x, y = x.to(设备), y.to(设备)
            损失 = F.cross_entropy(模型(x), y)
            优化器.zero_grad()
            损失.backward()
            优化器.step()
            总损失 += 损失.item() * len(y)
        准确率 = 评估(模型, dev_dl)
        print('第%d轮 损失%.4f 验证准确率%.4f' % (轮 + 1, 总损失 / len(train_df), 准确率))
        if 准确率 > 最好:
            最好 = 准确率
            with open(模型文件, 'wb') as f:      # 词表和权重一起保存
                pickle.dump((词表, 模型.state_dict()), f)

    with open(模型文件, 'rb') as f:
        _, 权重 = pickle.load(f)
    模型.load_state_dict(权重)
    print('测试准确率 %.4f' % 评估(模型, test_dl))


def 预测(句子):
    with open(模型文件, 'rb') as f:
        词表, 权重 = pickle.load(f)
    模型 = BiLSTM_Attention(len(词表)).to(设备)
    模型.load_state_dict(权重)
    模型.eval()
    ids = [词表.get(w, UNK) for w in 分词(句子)]
    with torch.no_grad():
        p = F.softmax(模型(torch.tensor([ids]).to(设备)), dim=-1)[0, 1].item()
    print('%s -> 正面概率 %.3f' % (句子, p))


if __name__ == '__main__':
    训练()
    预测('送餐很快，味道也不错，下次还点')
    预测('等了两个小时，饭都凉了')
