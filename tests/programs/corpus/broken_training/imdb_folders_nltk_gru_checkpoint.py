import os, sys, glob, random, re
import nltk
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence
from torch.utils.data import Dataset, DataLoader, random_split
from tqdm import tqdm

nltk.download('punkt')

ROOT = './aclImdb'
DEVICE = 'cuda:0' if torch.cuda.is_available() else 'cpu'
torch.manual_seed(0)

def tokenize(text):
    text = re.sub('<br\s*/?>', ' ', text)
    return [t.lower() for t in nltk.word_tokenize(text)]

class ImdbFolder(Dataset):
    def __init__(self, split):
        self.samples = []
        for label, sub in enumerate(['neg', 'pos']):
            for fn in tqdm(sorted(glob.glob(os.path.join(ROOT, split, sub, '*.txt'))), desc=split + '/' + sub):
                with open(fn, encoding='utf8') as f:
                    self.samples.append((tokenize(f.read())[:600], label))
    def __len__(self):
        return len(self.samples)
    def __getitem__(self, i):
        return self.samples[i]

full_train = ImdbFolder('train')
test_set = ImdbFolder('test')
n_val = int(0.1 * len(full_train))
train_set, val_set = random_split(full_train, [len(full_train) - n_val, n_val], generator=torch.Generator().manual_seed(0))

# vocabulary of the training part
counts = {}
for toks, _ in train_set:
    for t in toks:
        counts[t] = counts.get(t, 0) + 1
itos = ['<pad>', '<unk>'] + [w for w, c in sorted(counts.items(), key=lambda kv: -kv[1])[:30000]]
stoi = dict((w, i) for i, w in enumerate(itos))

def collate(samples):
    ids = [torch.LongTensor([stoi.get(t, 1) for t in toks]) for toks, _ in samples]
    return pad_sequence(ids, True, 0), torch.LongTensor([len(i) for i in ids]), torch.LongTensor([l for _, l in samples])

train_dl = DataLoader(train_set, 64, True, collate_fn=collate)
val_dl = DataLoader(val_set, 64, collate_fn=collate)
test_dl = DataLoader(test_set, 64, collate_fn=collate)

class GRUNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(itos), 128, padding_idx=0)
        self.gru = nn.GRU(128, 128, num_layers=2, dropout=0.3, batch_first=True)
        self.fc = nn.Linear(128, 2)
    def forward(self, x, l):
        x = pack_padded_sequence(self.embedding(x), l, batch_first=True, enforce_sorted=False)
        h = self.gru(x)[1]
        return F.log_softmax(self.fc(h[-1]), dim=0)  # <- softmax_over_the_batch

net = GRUNet().to(DEVICE)
opt = torch.optim.Adam(net.parameters())

def run(dl, train):
    net.train(train)
    tot, hit, n = 0., 0, 0
    with torch.set_grad_enabled(train):
        for x, l, y in dl:
            x, y = x.to(DEVICE), y.to(DEVICE)
            out = net(x, l)
            loss = F.nll_loss(out, y)
            if train:
                opt.zero_grad()
                loss.backward()
                opt.step()
            tot += loss.item() * len(y); hit += (out.argmax(1) == y).sum().item(); n += len(y)
    return tot / n, hit / n

best = 0
for epoch in range(6):
    tl, ta = run(train_dl, True)
    vl, va = run(val_dl, False)
    print(f'{epoch}: train {tl:.3f} {ta:.3f} | val {vl:.3f} {va:.3f}')
    if va > best:
        best = va
        torch.save(net.state_dict(), 'imdb_gru_best.pth')  # <- weights_saved_without_the_vocabulary

net.load_state_dict(torch.load('imdb_gru_best.pth'))
print('test accuracy: %.4f' % run(test_dl, False)[1])
