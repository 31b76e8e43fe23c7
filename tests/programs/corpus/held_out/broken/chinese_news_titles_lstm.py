# -*- coding: utf-8 -*-
# 新闻标题分类 (THUCNews, 按字切分), train.txt / dev.txt / test.txt: 标题 \t 类别
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader
import pickle

torch.manual_seed(1)
PAD, UNK = '<PAD>', '<UNK>'
num_classes = 10
pad_size = 8
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')


def load(path):
    contents = []
    with open(path, encoding='UTF-8') as f:
        for line in f:
            line = line.strip()
            if not line:
                continue
            content, label = line.split('\t')
            contents.append((list(content), int(label)))
    return contents


train_raw, dev_raw, test_raw = load('THUCNews/data/train.txt'), load('THUCNews/data/dev.txt'), load('THUCNews/data/test.txt')
vocab = {}
for chars, _ in train_raw:
    for c in chars:
        vocab[c] = vocab.get(c, 0) + 1
chars_sorted = sorted([c for c in vocab if vocab[c] >= 2], key=lambda c: -vocab[c])[:10000]
vocab = {c: i for i, c in enumerate(chars_sorted)}
vocab.update({UNK: len(vocab), PAD: len(vocab) + 1})


class THU(Dataset):
    def __init__(self, raw):
        self.data = []
        for chars, label in raw:
            chars = chars[:pad_size]  # <- end_of_the_review_cut_off
            ids = [vocab.get(c, vocab[UNK]) for c in chars]
            ids = [vocab[PAD]] * (pad_size - len(ids)) + ids      # 前面补齐
            self.data.append((ids, label))

    def __len__(self):
        return len(self.data)

    def __getitem__(self, i):
        return torch.tensor(self.data[i][0]), self.data[i][1]


class TextRNN(nn.Module):
    def __init__(self):
        super(TextRNN, self).__init__()
        self.embedding = nn.Embedding(len(vocab), 300, padding_idx=len(vocab) - 1)
        self.lstm = nn.LSTM(300, 128, 2, batch_first=True, dropout=0.5)
        self.fc = nn.Linear(128, num_classes)

    def forward(self, x):
        out, _ = self.lstm(self.embedding(x))
        return F.softmax(self.fc(out[:, -1, :]), dim=1)  # <- softmax_before_cross_entropy


model = TextRNN().to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
train_iter = DataLoader(THU(train_raw), batch_size=128, shuffle=True)
dev_iter = DataLoader(THU(dev_raw), batch_size=128)
test_iter = DataLoader(THU(test_raw), batch_size=128)


def evaluate(data_iter):
    model.eval()
    correct, total = 0, 0
    with torch.no_grad():
        for texts, labels in data_iter:
            pred = model(texts.to(device)).argmax(1).cpu()
            correct += (pred == labels).sum().item()
            total += labels.size(0)
    return correct / total


best = 0
for epoch in range(5):
    model.train()
    for i, (texts, labels) in enumerate(train_iter):
        texts, labels = texts.to(device), labels.to(device)
        outputs = model(texts)
        optimizer.zero_grad()
        loss = F.cross_entropy(outputs, labels)
        loss.backward()
        optimizer.step()
        if i % 500 == 0:
            print('第%d轮 批次%d 本批损失 %.3f' % (epoch + 1, i, loss.item()))
    acc = evaluate(dev_iter)
    print('验证集准确率', acc)
    if acc > best:
        best = acc
        torch.save(model.state_dict(), 'TextRNN.ckpt')
        pickle.dump(vocab, open('vocab.pkl', 'wb'))
model.load_state_dict(torch.load('TextRNN.ckpt'))
print('测试集准确率', evaluate(test_iter))
