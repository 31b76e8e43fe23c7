# coding: utf8
# 外卖评论 (waimai_10k.csv: label,review),按字切分,单向 LSTM
import argparse
import random
import pandas as pd
import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import Dataset, DataLoader


class WaimaiDataset(Dataset):
    def __init__(self, df, vocab):
        self.reviews = [[vocab.get(ch, vocab['<unk>']) for ch in str(r)] for r in df['review']]
        self.labels = df['label'].tolist()

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.reviews[i], self.labels[i]


def collate_fn(batch):
    lens = [len(r) for r, _ in batch]
    m = max(lens)
    x = torch.tensor([r + [0] * (m - len(r)) for r, _ in batch])
    y = torch.tensor([l for _, l in batch]).float()
    return x, torch.tensor(lens), y


class CharLSTM(nn.Module):
    def __init__(self, vocab_size, emb_dim, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, emb_dim, padding_idx=0)
        self.lstm = nn.LSTM(emb_dim, hidden_size, batch_first=True)
        self.dropout = nn.Dropout(0.4)
        self.linear = nn.Linear(hidden_size, 1)

    def forward(self, x, lens):
        out, _ = self.lstm(self.embedding(x))
        # 取每句最后一个真实字的输出
        idx = (lens - 1).view(-1, 1, 1).expand(-1, 1, out.size(2))
        last = out.gather(1, idx).squeeze(1)
        return self.linear(self.dropout(last))


def train_epoch(model, loader, criterion, optimizer, device):
    model.train()
    for x, lens, y in loader:
        x, lens, y = x.to(device), lens.to(device), y.to(device)
        optimizer.zero_grad()
        prob = torch.sigmoid(model(x, lens))  # <- sigmoid_applied_twice
        loss = criterion(prob, y.unsqueeze(1))
        loss.backward()
        optimizer.step()
        acc = ((prob > 0.5).float() == y.unsqueeze(1)).float().mean()
    return loss.item(), acc.item()  # <- last_batch_reported_for_the_epoch


@torch.no_grad()
def evaluate(model, loader, device):
    model.eval()
    n_ok = n = 0
    for x, lens, y in loader:
        pred = (model(x.to(device), lens.to(device)) > 0).float().cpu().squeeze(1)
        n_ok += (pred == y).sum().item()
        n += y.numel()
    return n_ok / n


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--file', default='data/waimai_10k.csv')
    parser.add_argument('--epochs', type=int, default=10)
    parser.add_argument('--batch_size', type=int, default=64)
    parser.add_argument('--lr', type=float, default=1e-3)
    args = parser.parse_args()
    random.seed(666)
    torch.manual_seed(666)
    device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')

    df = pd.read_csv(args.file).dropna().drop_duplicates('review')
    df = df.sample(frac=1, random_state=666)        # 打乱
    n = len(df)
    train_df, dev_df, test_df = df.iloc[:int(n * .8)], df.iloc[int(n * .8):int(n * .9)], df.iloc[int(n * .9):]
    vocab = {'<pad>': 0, '<unk>': 1}
    for r in train_df['review']:
        for ch in r:
            vocab.setdefault(ch, len(vocab))

    train_loader = DataLoader(WaimaiDataset(train_df, vocab), args.batch_size, shuffle=True, collate_fn=collate_fn)
    dev_loader = DataLoader(WaimaiDataset(dev_df, vocab), args.batch_size, collate_fn=collate_fn)
    test_loader = DataLoader(WaimaiDataset(test_df, vocab), args.batch_size, collate_fn=collate_fn)

    model = CharLSTM(len(vocab), 64, 128).to(device)
    criterion = nn.BCEWithLogitsLoss()
    optimizer = optim.Adam(model.parameters(), lr=args.lr)
    for epoch in range(args.epochs):
        loss, acc = train_epoch(model, train_loader, criterion, optimizer, device)
        print('epoch %d 训练 loss %.4f acc %.4f  验证 acc %.4f' % (epoch, loss, acc, evaluate(model, dev_loader, device)))
    print('测试 acc %.4f' % evaluate(model, test_loader, device))


if __name__ == '__main__':
    main()
