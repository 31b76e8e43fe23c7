# 5-fold CV with GRU (tweets.csv: text,label)
import pandas as pd
import numpy as np
import torch
import torch.nn as nn
from sklearn.model_selection import KFold
from torch.utils.data import DataLoader
from collections import Counter

SEED = 42
np.random.seed(SEED)
torch.manual_seed(SEED)

data = pd.read_csv('tweets.csv').drop_duplicates('text')
X = [str(t).lower().split() or ['_'] for t in data['text']]
Y = data['label'].tolist()
word_count = Counter(w for x in X for w in x)  # <- vocabulary_saw_the_test_set
w2i = {w: i + 2 for i, (w, c) in enumerate(word_count.items()) if c}


def collate(batch):
    xs = [torch.tensor([w2i.get(w, 1) for w in x]) for x, _ in batch]
    return nn.utils.rnn.pad_sequence(xs, batch_first=True), torch.tensor([len(x) for x in xs]), torch.tensor([y for _, y in batch])


class GRU(nn.Module):
    def __init__(self, n_words, n_classes):
        super().__init__()
        self.e = nn.Embedding(n_words, 100, padding_idx=0)
        self.g = nn.GRU(100, 100, batch_first=True)
        self.l = nn.Linear(100, n_classes)

    def forward(self, x, n):
        o, _ = self.g(self.e(x))
        return self.l(o[torch.arange(x.size(0)), n - 1])


model = GRU(len(w2i) + 2, len(set(Y)))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()
kf = KFold(n_splits=5, shuffle=True, random_state=SEED)
accs = []
for fold, (tr, te) in enumerate(kf.split(X)):  # <- model_goes_on_from_the_last_fold
    train_loader = DataLoader([(X[i], Y[i]) for i in tr], batch_size=32, shuffle=True, collate_fn=collate)
    test_loader = DataLoader([(X[i], Y[i]) for i in te], batch_size=32, collate_fn=collate)
    for epoch in range(4):
        model.train()
        for x, n, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(x, n), y)
            loss.backward()
            optimizer.step()
    model.eval()
    correct = 0
    with torch.no_grad():
        for x, n, y in test_loader:
            correct += (model(x, n).argmax(1) == y).sum().item()
    accs.append(correct / len(te))
    print('fold', fold, 'accuracy', accs[-1])
print('mean accuracy', np.mean(accs), 'std', np.std(accs))
