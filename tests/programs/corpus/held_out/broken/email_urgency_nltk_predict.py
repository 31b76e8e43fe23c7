import json
import string
from collections import Counter

import nltk
import torch
import torch.nn as nn
from nltk.tokenize import word_tokenize
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence
from torch.utils.data import DataLoader

nltk.download('punkt')
torch.manual_seed(5)


def load(path):
    with open(path) as f:
        mails = json.load(f)
    return [([w for w in word_tokenize(m['body'].lower()) if w not in string.punctuation] or ['empty'], m['urgent']) for m in mails]


train, test = load('mails_train.json'), load('mails_test.json')
counts = Counter(w for ws, _ in train for w in ws)
vocab = {w: i for i, w in enumerate(['<pad>', '<unk>'] + [w for w, _ in counts.most_common(15000)])}


def collate(rows):
    xs = [torch.tensor([vocab.get(w, vocab['<unk>']) for w in ws]) for ws, _ in rows]
    return pad_sequence(xs), torch.tensor([len(x) for x in xs]), torch.tensor([float(u) for _, u in rows])


class UrgencyLSTM(nn.Module):
    def __init__(self, n, emb=64, hid=64):
        super().__init__()
        self.emb = nn.Embedding(n, emb, padding_idx=0)
        self.lstm = nn.LSTM(emb, hid)
        self.drop = nn.Dropout(0.4)
        self.fc = nn.Linear(hid, 1)

    def forward(self, x, n):
        # x: (time, batch)
        _, (h, _) = self.lstm(pack_padded_sequence(self.emb(x), n, enforce_sorted=False))
        return self.fc(self.drop(h[-1])).squeeze(1)


model = UrgencyLSTM(len(vocab))
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(6):
    model.train()
    total = 0.0
    for x, n, u in DataLoader(train, batch_size=32, shuffle=True, collate_fn=collate):
        optimizer.zero_grad()
        loss = criterion(model(x, n), u)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(u)
    print('epoch', epoch, 'loss', total / len(train))

model.eval()
hits = 0
with torch.no_grad():
    for x, n, u in DataLoader(test, batch_size=32, collate_fn=collate):
        hits += ((model(x, n) > 0).float() == u).sum().item()
print('test accuracy', hits / len(test))


def urgent(mail):
    words = mail.split()  # <- different_tokenizer_at_prediction
    ids = torch.tensor([vocab.get(w, vocab['<unk>']) for w in words])
    model.eval()
    with torch.no_grad():
        return torch.sigmoid(model(ids.unsqueeze(1), torch.tensor([len(words)]))).item()


print(urgent('Server is DOWN, please call me back immediately!'))
print(urgent('Here are the minutes of the last meeting.'))
