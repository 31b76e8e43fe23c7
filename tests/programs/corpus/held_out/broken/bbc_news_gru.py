import os
import pandas as pd
import numpy as np
import torch
import torch.nn as nn
from collections import Counter
from torch.utils.data import Dataset, DataLoader

torch.manual_seed(0)
np.random.seed(0)

class BBCDataset(Dataset):
    def __init__(self, frame, word2id, cats, maxlen):
        self.labels = [cats.index(c) for c in frame['category']]
        self.docs = []
        for text in frame['text']:
            ids = [word2id.get(w, 1) for w in text.split()][-maxlen:]
            self.docs.append([0] * (maxlen - len(ids)) + ids)

    def __len__(self):
        return len(self.docs)

    def __getitem__(self, idx):
        return torch.tensor(self.docs[idx]), torch.tensor(self.labels[idx])

class NewsGRU(nn.Module):
    def __init__(self, vocab_size, embed_dim=100, hidden_dim=100, n_classes=5):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim, padding_idx=0)
        self.gru = nn.GRU(embed_dim, hidden_dim, num_layers=2, dropout=0.3)
        self.fc = nn.Linear(hidden_dim, n_classes)
        self.softmax = nn.Softmax(dim=1)

    def forward(self, x):
        emb = self.embedding(x)          # batch, seq, emb
        out, _ = self.gru(emb)  # <- batch_axis_read_as_time
        out = self.fc(out[:, -1, :])
        return self.softmax(out)  # <- softmax_before_cross_entropy

def main():
    frame = pd.read_csv('bbc-text.csv').drop_duplicates('text')
    ids = np.random.permutation(len(frame))
    n = int(len(frame) * 0.8)
    train, test = frame.iloc[ids[:n]], frame.iloc[ids[n:]]
    counts = Counter(w for t in train['text'] for w in t.split())
    word2id = {w: i + 2 for i, (w, _) in enumerate(counts.most_common(15000))}
    cats = sorted(train['category'].unique())
    train_loader = DataLoader(BBCDataset(train, word2id, cats, 400), batch_size=32, shuffle=True)
    test_loader = DataLoader(BBCDataset(test, word2id, cats, 400), batch_size=32)

    model = NewsGRU(len(word2id) + 2, n_classes=len(cats))
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(10):
        model.train()
        total = 0.0
        for x, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * x.size(0)
        print('Epoch {}: {:.4f}'.format(epoch, total / len(train)))

    model.eval()
    right = 0
    with torch.no_grad():
        for x, y in test_loader:
            right += (model(x).argmax(1) == y).sum().item()
    print('accuracy {:.4f}'.format(right / len(test)))

if __name__ == '__main__':
    main()
