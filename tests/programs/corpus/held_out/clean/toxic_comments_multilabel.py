import json
import pandas as pd
import numpy as np
import re
import torch
import torch.nn as nn
from collections import Counter
from torch.utils.data import Dataset, DataLoader, Sampler

LABELS = ['toxic', 'severe_toxic', 'obscene', 'threat', 'insult', 'identity_hate']
rng = np.random.default_rng(5)
torch.manual_seed(5)

train_csv = pd.read_csv('jigsaw/train.csv')
perm = rng.permutation(len(train_csv))
n_val = len(train_csv) // 10
val_df = train_csv.iloc[perm[:n_val]].reset_index(drop=True)
trn_df = train_csv.iloc[perm[n_val:]].reset_index(drop=True)
test_df = pd.read_csv('jigsaw/test.csv')


def words_of(comment):
    comment = re.sub(r'https?://\S+', ' urltoken ', comment.lower())
    comment = re.sub(r'\d+', ' numtoken ', comment)
    toks = re.findall(r"[a-z']+|[!?.]", comment)
    return toks[-500:] if toks else ['emptytoken']


trn_tokens = [words_of(c) for c in trn_df.comment_text]
freq = Counter(w for t in trn_tokens for w in t)
itos = ['<pad>', '<unk>'] + [w for w, _ in freq.most_common(50000)]
stoi = {w: i for i, w in enumerate(itos)}


class Comments(Dataset):
    def __init__(self, tokens, targets=None):
        self.ids = [[stoi.get(w, 1) for w in t] for t in tokens]
        self.targets = targets

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, i):
        t = self.targets[i] if self.targets is not None else np.zeros(len(LABELS), dtype=np.float32)
        return i, self.ids[i], t


class BucketSampler(Sampler):
    """Batches of comments of like length, in random order."""
    def __init__(self, lengths, batch_size):
        self.lengths = np.array(lengths)
        self.batch_size = batch_size

    def __iter__(self):
        noise = rng.uniform(0, 5, len(self.lengths))
        order = np.argsort(self.lengths + noise)
        batches = [order[i:i + self.batch_size].tolist() for i in range(0, len(order), self.batch_size)]
        rng.shuffle(batches)
        return iter(batches)

    def __len__(self):
        return (len(self.lengths) + self.batch_size - 1) // self.batch_size


def collate(rows):
    idx, ids, targets = zip(*rows)
    longest = max(map(len, ids))
    x = torch.zeros(len(ids), longest, dtype=torch.long)
    for r, seq in enumerate(ids):
        x[r, :len(seq)] = torch.tensor(seq)
    return torch.tensor(idx), x, torch.tensor(np.stack(targets), dtype=torch.float32)


trn_set = Comments(trn_tokens, trn_df[LABELS].to_numpy(dtype=np.float32))
val_set = Comments([words_of(c) for c in val_df.comment_text], val_df[LABELS].to_numpy(dtype=np.float32))
tst_set = Comments([words_of(c) for c in test_df.comment_text])
trn_dl = DataLoader(trn_set, batch_sampler=BucketSampler([len(x) for x in trn_set.ids], 64), collate_fn=collate)
val_dl = DataLoader(val_set, batch_size=256, collate_fn=collate)
tst_dl = DataLoader(tst_set, batch_size=256, collate_fn=collate)


class ToxicRNN(nn.Module):
    def __init__(self, n_words, emb=128, hid=96):
        super().__init__()
        self.emb = nn.Embedding(n_words, emb, padding_idx=0)
        self.rnn = nn.GRU(emb, hid, batch_first=True, bidirectional=True)
        self.fc1 = nn.Linear(4 * hid, 64)
        self.fc2 = nn.Linear(64, len(LABELS))
        self.drop = nn.Dropout(0.3)

    def forward(self, x):
        mask = (x != 0)
        lens = mask.sum(1)
        p = nn.utils.rnn.pack_padded_sequence(self.emb(x), lens.cpu(), batch_first=True, enforce_sorted=False)
        o, _ = self.rnn(p)
        o, _ = nn.utils.rnn.pad_packed_sequence(o, batch_first=True)   # pads come back as 0
        mean = o.sum(1) / lens.unsqueeze(1)
        mx = o.masked_fill(~mask.unsqueeze(2), float('-inf')).max(1)[0]
        return self.fc2(self.drop(torch.relu(self.fc1(torch.cat([mean, mx], 1)))))


dev = 'cuda' if torch.cuda.is_available() else 'cpu'
net = ToxicRNN(len(itos)).to(dev)
pos = trn_df[LABELS].to_numpy().mean(0)
pos_weight = torch.tensor(np.clip((1 - pos) / pos, 1, 20), dtype=torch.float32).to(dev)
lossf = nn.BCEWithLogitsLoss(pos_weight=pos_weight)
opt = torch.optim.Adam(net.parameters(), lr=1e-3)


def scores(dl, n):
    net.eval()
    out = np.zeros((n, len(LABELS)), dtype=np.float32)
    with torch.no_grad():
        for idx, x, _ in dl:
            out[idx.numpy()] = torch.sigmoid(net(x.to(dev))).cpu().numpy()
    return out


for ep in range(3):
    net.train()
    s, n = 0.0, 0
    for _, x, y in trn_dl:
        loss = lossf(net(x.to(dev)), y.to(dev))
        opt.zero_grad()
        loss.backward()
        opt.step()
        s += loss.item() * len(x)
        n += len(x)
    pv = scores(val_dl, len(val_set))
    yv = val_set.targets
    f1 = [2 * ((pv[:, k] > .5) & (yv[:, k] == 1)).sum() / max(1, ((pv[:, k] > .5).sum() + (yv[:, k] == 1).sum())) for k in range(len(LABELS))]
    print(ep, 'loss', s / n, 'F1', dict(zip(LABELS, np.round(f1, 3))))

sub = pd.DataFrame(scores(tst_dl, len(tst_set)), columns=LABELS)
sub.insert(0, 'id', test_df['id'])
sub.to_csv('submission.csv', index=False)
torch.save(net.state_dict(), 'toxic_rnn.pt')
json.dump(itos, open('toxic_itos.json', 'w'))
