import csv
import random
import re
from collections import Counter

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader

random.seed(13)
torch.manual_seed(13)

PAD, UNK = 0, 1


def tokenize(s):
    return re.findall(r"[a-z']+|\d+|[!?£$]", s.lower())


def read_sms(path='data/SMSSpamCollection.tsv'):
    seen, rows = set(), []
    with open(path, encoding='utf8', newline='') as fh:
        for label, text in csv.reader(fh, delimiter='\t', quoting=csv.QUOTE_NONE):
            if text in seen or not tokenize(text):
                continue
            seen.add(text)
            rows.append((tokenize(text), 1 if label == 'spam' else 0))
    return rows


rows = read_sms()
ham = [r for r in rows if r[1] == 0]
spam = [r for r in rows if r[1] == 1]
print(len(ham), 'ham', len(spam), 'spam')

# balance: draw spam messages again until both classes have the same size
spam = spam + random.choices(spam, k=len(ham) - len(spam))
rows = ham + spam
random.shuffle(rows)

cut = int(0.8 * len(rows))
train_rows, test_rows = rows[:cut], rows[cut:]  # <- copies_made_before_the_split

freq = Counter(w for toks, _ in train_rows for w in toks)
itos = ['<pad>', '<unk>'] + [w for w, c in freq.most_common() if c >= 2]
stoi = {w: i for i, w in enumerate(itos)}


def collate(batch):
    xs = [torch.tensor([stoi.get(w, UNK) for w in t]) for t, _ in batch]
    ys = torch.tensor([float(y) for _, y in batch])
    lens = torch.tensor([len(x) for x in xs])
    return pad_sequence(xs, batch_first=True, padding_value=PAD), lens, ys


train_dl = DataLoader(train_rows, batch_size=32, shuffle=True, collate_fn=collate)
test_dl = DataLoader(test_rows, batch_size=64, collate_fn=collate)


class SpamGRU(nn.Module):
    def __init__(self, vocab, emb=64, hid=64):
        super().__init__()
        self.emb = nn.Embedding(vocab, emb, padding_idx=PAD)
        self.gru = nn.GRU(emb, hid, batch_first=True)
        self.fc = nn.Sequential(nn.Linear(hid, 32), nn.ReLU(), nn.Dropout(.2), nn.Linear(32, 1))

    def forward(self, x, lens):
        packed = pack_padded_sequence(self.emb(x), lens.cpu(), batch_first=True, enforce_sorted=False)
        _, h = self.gru(packed)
        return self.fc(h[-1]).squeeze(1)


model = SpamGRU(len(itos))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
bce = nn.BCEWithLogitsLoss()

for epoch in range(8):
    model.train()
    s = 0.
    for x, l, y in train_dl:
        optimizer.zero_grad()
        loss = bce(model(x, l), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        s += loss.item() * y.size(0)
    print(f'epoch {epoch + 1}: loss {s / len(train_rows):.4f}')

model.eval()
tp = fp = fn = ok = 0
with torch.no_grad():
    for x, l, y in test_dl:
        p = (torch.sigmoid(model(x, l)) > 0.5).float()
        ok += (p == y).sum().item()
        tp += ((p == 1) & (y == 1)).sum().item()
        fp += ((p == 1) & (y == 0)).sum().item()
        fn += ((p == 0) & (y == 1)).sum().item()
print('accuracy %.4f' % (ok / len(test_rows)))
print('precision %.4f  recall %.4f' % (tp / max(tp + fp, 1), tp / max(tp + fn, 1)))
