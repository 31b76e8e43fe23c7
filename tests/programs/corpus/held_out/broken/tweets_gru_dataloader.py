"""GRU on tweet_eval sentiment files (text per line + label per line)."""
import argparse
import re
from collections import Counter
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


def read(folder, part):
    texts = (folder / f'{part}_text.txt').read_text(encoding='utf-8').split('\n')
    labels = (folder / f'{part}_labels.txt').read_text().split()
    return [re.findall(r'\w+', t.lower()) for t in texts[:len(labels)]], [int(l) for l in labels]


class TweetSet(Dataset):
    def __init__(self, texts, labels, stoi, max_len):
        self.x = torch.zeros(len(texts), max_len, dtype=torch.long)
        for i, toks in enumerate(texts):
            ids = [stoi.get(t, 0) for t in toks]  # <- unknown_words_read_as_padding
            self.x[i, :len(ids)] = torch.tensor(ids, dtype=torch.long)
        self.y = torch.tensor(labels)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class GRUModel(nn.Module):
    def __init__(self, vocab_size, emb_dim, hidden, n_classes):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, emb_dim, padding_idx=0)
        self.gru = nn.GRU(emb_dim, hidden, num_layers=2, batch_first=True, dropout=0.2)
        self.fc = nn.Linear(hidden, n_classes)

    def forward(self, x):
        out, hidden = self.gru(self.embedding(x))  # <- padding_read_as_last_step
        return self.fc(hidden[-1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--folder', type=Path, default=Path('tweeteval/sentiment'))
    parser.add_argument('--epochs', type=int, default=5)
    parser.add_argument('--hidden', type=int, default=128)
    args = parser.parse_args()
    torch.manual_seed(0)
    device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')

    parts = {p: read(args.folder, p) for p in ('train', 'val', 'test')}
    counter = Counter(t for toks in parts['train'][0] for t in toks)
    stoi = {w: i + 1 for i, (w, _) in enumerate(counter.most_common(20000))}
    max_len = max(len(t) for texts, _ in parts.values() for t in texts)
    loaders = {p: DataLoader(TweetSet(*parts[p], stoi, max_len), batch_size=64, shuffle=p == 'train') for p in parts}

    model = GRUModel(len(stoi) + 1, 100, args.hidden, 3).to(device)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def evaluate(name):
        model.eval()
        correct = 0
        with torch.no_grad():
            for x, y in loaders[name]:
                correct += (model(x.to(device)).argmax(1).cpu() == y).sum().item()
        return correct / len(loaders[name].dataset)

    for epoch in range(args.epochs):
        model.train()
        for x, y in loaders['train']:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
        print(f'epoch {epoch}: val {evaluate("val"):.4f}')
    print(f'test {evaluate("test"):.4f}')


if __name__ == '__main__':
    main()
