import random, re
import pandas as pd
import torch
import torch.nn as nn
import torch.nn.functional as F
from collections import Counter
from torch.utils.data import DataLoader, Subset, Dataset

# ------------------------------------------------------------------
# lyrics -> genre
# ------------------------------------------------------------------
random.seed(7)
torch.manual_seed(7)
GENRES = ['Rock', 'Pop', 'Hip-Hop', 'Metal', 'Country']

class Lyrics(Dataset):
    def __init__(self, path):
        d = pd.read_csv(path)
        d = d[d['genre'].isin(GENRES)].dropna(subset=['lyrics']).drop_duplicates('lyrics')
        # the last 400 words of a song
        self.words = [re.findall(r"[a-z']+", s.lower())[-400:] or ['instrumental'] for s in d['lyrics']]
        self.y = [GENRES.index(g) for g in d['genre']]
        self.w2i = None
    def number_words(self, indices):
        c = Counter(w for i in indices for w in self.words[i])
        self.w2i = {w: i + 2 for i, (w, n) in enumerate(c.most_common(20000))}
    def __len__(self):
        return len(self.y)
    def __getitem__(self, i):
        return [self.w2i.get(w, 1) for w in self.words[i]], self.y[i]

def collate(b):
    x = nn.utils.rnn.pad_sequence([torch.tensor(w) for w, _ in b], batch_first=True)
    return x, torch.tensor([len(w) for w, _ in b]), torch.tensor([y for _, y in b])

songs = Lyrics('lyrics.csv')
order = list(range(len(songs)))
random.shuffle(order)
n_tr, n_va, n_te = int(.75 * len(order)), int(.10 * len(order)), int(.15 * len(order))
train_ix = order[:n_tr]
valid_ix = order[n_tr:n_tr + n_va]
test_ix = order[n_tr:n_tr + n_te]  # <- same_review_in_two_splits
songs.number_words(train_ix)

train_dl = DataLoader(Subset(songs, train_ix), 64, shuffle=True, collate_fn=collate)
valid_dl = DataLoader(Subset(songs, valid_ix), 64, collate_fn=collate)
test_dl = DataLoader(Subset(songs, test_ix), 64, collate_fn=collate)

class GenreGRU(nn.Module):
    def __init__(self, V, E=100, H=100):
        super().__init__()
        self.emb = nn.Embedding(V, E, padding_idx=0)
        self.gru = nn.GRU(E, H, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(2 * H, len(GENRES))
    def forward(self, x, n):
        p = nn.utils.rnn.pack_padded_sequence(self.emb(x), n.cpu(), batch_first=True, enforce_sorted=False)
        _, h = self.gru(p)
        h = h.view(x.size(0), -1)  # <- h_n_read_as_batch_first
        return self.fc(F.relu(h))

dev = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
net = GenreGRU(len(songs.w2i) + 2).to(dev)
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
sched = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, mode='max', patience=1)

def acc(dl):
    net.eval()
    k = 0
    with torch.no_grad():
        for x, n, y in dl:
            k += (net(x.to(dev), n).argmax(1).cpu() == y).sum().item()
    return k / len(dl.dataset)

for e in range(8):
    net.train()
    for x, n, y in train_dl:
        opt.zero_grad()
        loss = F.cross_entropy(net(x.to(dev), n), y.to(dev))
        loss.backward()
        opt.step()
    v = acc(valid_dl)
    sched.step(v)
    print(f'{e}: valid {v:.3f}')
print(f'test {acc(test_dl):.3f}')
