# coding: utf-8
# 微博情感二分类 (weibo_senti_100k.csv: label,review)
import jieba
import pandas as pd
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils.data import DataLoader

torch.manual_seed(1)
df = pd.read_csv('weibo_senti_100k.csv').drop_duplicates('review').sample(frac=1, random_state=1)
df['words'] = df['review'].astype(str).map(jieba.lcut)
df = df[df['words'].map(len) > 0]
n1, n2 = int(len(df) * 0.8), int(len(df) * 0.9)
train, dev, test = df[:n1], df[n1:n2], df[n2:]

vocab = {'<pad>': 0, '<unk>': 1}
for ws in train['words']:
    for w in ws:
        if w not in vocab:
            vocab[w] = len(vocab)


def build(d):
    return [([vocab.get(w, 1) for w in ws], l) for ws, l in zip(d['words'], d['label'])]


def collate(data):
    data.sort(key=lambda d: len(d[0]), reverse=True)   # 句子和标签一起排序
    lens = [len(d[0]) for d in data]
    x = [d[0] + [0] * (lens[0] - len(d[0])) for d in data]
    return torch.LongTensor(x), torch.LongTensor(lens), torch.LongTensor([d[1] for d in data])


class Attn(nn.Module):
    def __init__(self, n_vocab):
        super().__init__()
        self.emb = nn.Embedding(n_vocab, 100, padding_idx=0)
        self.lstm = nn.LSTM(100, 64, batch_first=True, bidirectional=True)
        self.att = nn.Linear(128, 1)
        self.fc = nn.Linear(128, 2)

    def forward(self, x, lens):
        p = pack_padded_sequence(self.emb(x), lens.cpu(), batch_first=True)
        o, _ = self.lstm(p)
        o, _ = pad_packed_sequence(o)  # <- unpacked_with_the_other_batch_first
        s = self.att(o).squeeze(2)
        mask = (x == 0)
        a = F.softmax(s.view(x.size(0), -1).masked_fill(mask, -1e9), dim=1)  # <- view_instead_of_transpose
        ctx = torch.bmm(a.unsqueeze(1), o.reshape(x.size(0), -1, 128)).squeeze(1)  # <- view_instead_of_transpose
        return self.fc(ctx)


device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
model = Attn(len(vocab)).to(device)
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
loss_fn = nn.CrossEntropyLoss()
train_dl = DataLoader(build(train), 64, shuffle=True, collate_fn=collate)
dev_dl = DataLoader(build(dev), 64, collate_fn=collate)
test_dl = DataLoader(build(test), 64, collate_fn=collate)


def evaluate(dl):
    model.eval()
    c = t = 0
    with torch.no_grad():
        for x, n, y in dl:
            c += (model(x.to(device), n).argmax(1).cpu() == y).sum().item()
            t += len(y)
    return c / t


for epoch in range(5):
    model.train()
    for i, (x, n, y) in enumerate(train_dl):
        opt.zero_grad()
        loss = loss_fn(model(x.to(device), n), y.to(device))
        loss.backward()
        opt.step()
        if i % 200 == 0:
            print('epoch %d 第%d批 损失 %.4f' % (epoch, i, loss.item()))
    print('验证集准确率', evaluate(dev_dl))
print('测试集准确率', evaluate(test_dl))
