import re
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from collections import Counter
from torch.utils.data import Dataset, DataLoader, Sampler
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence

np.random.seed(42)
torch.manual_seed(42)
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')

train = pd.read_csv('../input/nlp-getting-started/train.csv').drop_duplicates('text')
test = pd.read_csv('../input/nlp-getting-started/test.csv')


def preprocess(t):
    t = re.sub(r'http\S+|&\w+;', '', t.lower())
    return re.findall(r"[#@]?\w+", t) or ['none']


train['tok'] = train['text'].map(preprocess)
test['tok'] = test['text'].map(preprocess)
perm = np.random.permutation(len(train))
val, trn = train.iloc[perm[:1000]], train.iloc[perm[1000:]]

count = Counter(w for t in trn['tok'] for w in t)
word2id = {'<pad>': 0}
for w, c in count.most_common():
    if c > 1:
        word2id[w] = len(word2id)


class TweetData(Dataset):
    def __init__(self, df, with_target=True):
        self.x = []
        for toks in df['tok']:
            ids = [word2id.get(w, 0) for w in toks]  # <- unknown_words_read_as_padding
            self.x.append(torch.tensor(ids))
        self.y = df['target'].tolist() if with_target else [0] * len(df)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class LengthSampler(Sampler):
    """Similar lengths together, less padding."""

    def __init__(self, ds):
        self.order = sorted(range(len(ds)), key=lambda i: len(ds.x[i]))

    def __iter__(self):
        return iter(self.order)

    def __len__(self):
        return len(self.order)


def collate(b):
    xs, ys = zip(*b)
    return pad_sequence(xs, batch_first=True), torch.tensor([len(x) for x in xs]), torch.tensor(ys).float()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(len(word2id), 100, padding_idx=0)
        self.gru = nn.GRU(100, 64, batch_first=True, bidirectional=True)
        self.drop = nn.Dropout(0.4)
        self.fc = nn.Linear(128, 1)

    def forward(self, x, lengths):
        p = pack_padded_sequence(self.drop(self.emb(x)), lengths, batch_first=True, enforce_sorted=False)
        _, h = self.gru(p)
        return self.fc(self.drop(torch.cat((h[0], h[1]), dim=1))).squeeze(1)


trn_ds, val_ds, test_ds = TweetData(trn), TweetData(val), TweetData(test, with_target=False)
trn_dl = DataLoader(trn_ds, batch_size=32, shuffle=True, collate_fn=collate)
val_dl = DataLoader(val_ds, batch_size=128, sampler=LengthSampler(val_ds), collate_fn=collate)
test_dl = DataLoader(test_ds, batch_size=128, sampler=LengthSampler(test_ds), collate_fn=collate)

model = Net().to(device)
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
loss_fn = nn.BCEWithLogitsLoss()
for epoch in range(5):
    model.train()
    for x, l, y in trn_dl:
        opt.zero_grad()
        loss = loss_fn(model(x.to(device), l), y.to(device))
        loss.backward()
        opt.step()
    model.eval()
    ok = 0
    with torch.no_grad():
        for x, l, y in val_dl:
            ok += ((model(x.to(device), l) > 0).cpu().float() == y).sum().item()
    print('epoch', epoch, 'val acc', ok / len(val_ds))

preds = []
model.eval()
with torch.no_grad():
    for x, l, _ in test_dl:
        preds.extend((model(x.to(device), l) > 0).long().cpu().tolist())
sub = pd.DataFrame({'id': test['id'], 'target': preds})  # <- predictions_not_in_file_order
sub.to_csv('submission.csv', index=False)
