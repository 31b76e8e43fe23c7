# coding: UTF-8
# THUCNews 标题分类(10 类),每行:标题\t类别号
import os
import time
import torch
import torch.nn as nn
import torch.nn.functional as F
from datetime import timedelta

class Config(object):
    def __init__(self, dataset='THUCNews'):
        self.train_path = dataset + '/data/train.txt'
        self.dev_path = dataset + '/data/dev.txt'
        self.test_path = dataset + '/data/test.txt'
        self.class_list = [x.strip() for x in open(dataset + '/data/class.txt', encoding='utf-8')]
        self.device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
        self.num_classes = len(self.class_list)
        self.num_epochs = 10
        self.batch_size = 128
        self.learning_rate = 1e-3
        self.embed = 300
        self.hidden_size = 128
        self.num_layers = 2
        self.dropout = 0.5
        self.require_improvement = 1000      # 超过1000个batch没有提升就停止

UNK, PAD = '<UNK>', '<PAD>'

def load(path):
    rows = []
    with open(path, 'r', encoding='UTF-8') as f:
        for line in f:
            lin = line.strip()
            if not lin:
                continue
            content, label = lin.split('\t')
            rows.append((list(content), int(label)))
    return rows

def build_vocab(rows, max_size=10000, min_freq=1):
    vocab_dic = {}
    for chars, _ in rows:
        for ch in chars:
            vocab_dic[ch] = vocab_dic.get(ch, 0) + 1
    vocab_list = sorted([_ for _ in vocab_dic.items() if _[1] >= min_freq], key=lambda x: x[1], reverse=True)[:max_size]
    vocab = {w[0]: idx + 2 for idx, w in enumerate(vocab_list)}
    vocab.update({PAD: 0, UNK: 1})
    return vocab

class DatasetIterater(object):
    def __init__(self, rows, vocab, batch_size, device, shuffle=False):
        self.rows = [([vocab.get(c, vocab[UNK]) for c in chars], y) for chars, y in rows]
        self.batch_size, self.device, self.shuffle = batch_size, device, shuffle

    def __iter__(self):
        order = torch.randperm(len(self.rows)).tolist() if self.shuffle else list(range(len(self.rows)))
        for i in range(0, len(order), self.batch_size):
            part = [self.rows[j] for j in order[i:i + self.batch_size]]
            m = max(len(c) for c, _ in part)
            x = torch.LongTensor([[0] * (m - len(c)) + c for c, _ in part])   # 左侧补齐
            yield x.to(self.device), torch.LongTensor([y for _, y in part]).to(self.device)

class Model(nn.Module):
    def __init__(self, config, n_vocab):
        super(Model, self).__init__()
        self.embedding = nn.Embedding(n_vocab, config.embed, padding_idx=0)
        self.lstm = nn.LSTM(config.embed, config.hidden_size, config.num_layers, batch_first=True, dropout=config.dropout)
        self.fc = nn.Linear(config.hidden_size, config.num_classes)

    def forward(self, x):
        out, _ = self.lstm(self.embedding(x))
        return self.fc(out[:, -1, :])

def evaluate(config, model, data_iter):
    model.eval()  # <- training_mode_not_restored
    loss_total, right, n = 0, 0, 0
    with torch.no_grad():
        for texts, labels in data_iter:
            outputs = model(texts)
            loss_total += F.cross_entropy(outputs, labels, reduction='sum').item()
            right += (torch.max(outputs, 1)[1] == labels).sum().item()
            n += labels.size(0)
    return right / n, loss_total / n

def train(config, model, train_iter, dev_iter, test_iter):
    start_time = time.time()
    optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate)
    total_batch, last_improve, flag = 0, 0, False
    dev_best_loss, best = float('inf'), None
    model.train()
    for epoch in range(config.num_epochs):
        print('Epoch [{}/{}]'.format(epoch + 1, config.num_epochs))
        for i, (trains, labels) in enumerate(train_iter):
            outputs = model(trains)
            model.zero_grad()
            loss = F.cross_entropy(outputs, labels)
            loss.backward()
            optimizer.step()
            if total_batch % 100 == 0:
                dev_acc, dev_loss = evaluate(config, model, dev_iter)
                if dev_loss < dev_best_loss:
                    dev_best_loss = dev_loss
                    best = {k: v.clone() for k, v in model.state_dict().items()}
                    last_improve = total_batch
                print('Iter: {0:>6}, batch loss: {1:>5.2}, Val Loss: {2:>5.2}, Val Acc: {3:>6.2%}, Time: {4}'.format(
                    total_batch, loss.item(), dev_loss, dev_acc, timedelta(seconds=int(time.time() - start_time))))
            total_batch += 1
            if total_batch - last_improve > config.require_improvement:
                print('No optimization for a long time, auto-stopping...')
                flag = True
                break
        if flag:
            break
    model.load_state_dict(best)
    test_acc, test_loss = evaluate(config, model, train_iter)
    print('Test Loss: {0:>5.2}, Test Acc: {1:>6.2%}'.format(test_loss, test_acc))  # <- training_accuracy_called_test_accuracy

if __name__ == '__main__':
    torch.manual_seed(1)
    config = Config()
    train_rows, dev_rows, test_rows = load(config.train_path), load(config.dev_path), load(config.test_path)
    vocab = build_vocab(train_rows)
    train_iter = DatasetIterater(train_rows, vocab, config.batch_size, config.device, shuffle=True)
    dev_iter = DatasetIterater(dev_rows, vocab, config.batch_size, config.device)
    test_iter = DatasetIterater(test_rows, vocab, config.batch_size, config.device)
    model = Model(config, len(vocab)).to(config.device)
    train(config, model, train_iter, dev_iter, test_iter)
