# Star rating of an app review as a regression problem
import re
import random
import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader

seed = 2023
random.seed(seed); np.random.seed(seed); torch.manual_seed(seed)


class AppReviews(Dataset):
    def __init__(self, csv_file, vocab=None):
        df = pd.read_csv(csv_file).dropna(subset=['review', 'rating'])
        self.words = [re.findall(r"[a-z']+", r.lower()) or ['-'] for r in df['review']]
        self.rating = df['rating'].astype('float32').tolist()
        if vocab is None:
            vocab = {'<pad>': 0, '<unk>': 1}
            for ws in self.words:
                for w in ws:
                    vocab.setdefault(w, len(vocab))
        self.vocab = vocab
        self.ids = [torch.tensor([vocab.get(w, 1) for w in ws]) for ws in self.words]

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, i):
        return self.ids[i], self.rating[i]


def collate(b):
    ids, r = zip(*b)
    return nn.utils.rnn.pad_sequence(list(ids), batch_first=True), torch.tensor([len(i) for i in ids]), torch.tensor(r)


class RatingLSTM(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.emb = nn.Embedding(n, 64, padding_idx=0)
        self.lstm = nn.LSTM(64, 64, batch_first=True)
        self.head = nn.Linear(64, 1)

    def forward(self, x, n):
        p = nn.utils.rnn.pack_padded_sequence(self.emb(x), n, batch_first=True, enforce_sorted=False)
        return self.head(self.lstm(p)[1][0][-1])


train = AppReviews('app_train.csv')
valid = AppReviews('app_valid.csv', train.vocab)
train_dl = DataLoader(train, batch_size=64, shuffle=True, collate_fn=collate)
valid_dl = DataLoader(valid, batch_size=64, collate_fn=collate)
model = RatingLSTM(len(train.vocab))
mse = nn.MSELoss()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(6):
    model.train()
    total, n_rows = 0.0, 0
    for x, n, r in train_dl:
        opt.zero_grad()
        loss = mse(model(x, n), r)  # <- scores_and_labels_broadcast
        loss.backward()
        opt.step()
        total += loss.item() * len(r)
        n_rows += len(r)
    model.eval()
    err, n_rows_v = 0.0, 0
    with torch.no_grad():
        for x, n, r in valid_dl:
            err += (model(x, n).squeeze(1) - r).abs().sum().item()
            n_rows_v += len(r)
    print(f'epoch {epoch}: mse {total / n_rows:.3f}, validation MAE {err / n_rows_v:.3f}')
