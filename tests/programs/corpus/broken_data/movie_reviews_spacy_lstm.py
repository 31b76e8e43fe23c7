import csv
import random

import spacy
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence
from torch.utils.data import Dataset, DataLoader

nlp = spacy.load('en_core_web_sm')
random.seed(8)
torch.manual_seed(8)


def spacy_tokens(text):
    return [t.lower_ for t in nlp(text) if not t.is_space]  # <- whole_spacy_pipeline_as_tokenizer


def read_rows(path):
    # columns: text,label   (label is pos or neg, first line holds the column names)
    rows = []
    with open(path, newline='', encoding='utf-8') as f:
        for text, label in csv.reader(f):  # <- header_read_as_a_review
            rows.append((text, 1.0 if label == 'pos' else 0.0))
    return rows


train_rows = read_rows('data/mr_train.csv')
test_rows = read_rows('data/mr_test.csv')

stoi = {'<pad>': 0, '<unk>': 1}
for text, _ in train_rows:
    for tok in spacy_tokens(text):
        stoi.setdefault(tok, len(stoi))


class MovieDataset(Dataset):
    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        text, label = self.rows[i]
        ids = [stoi.get(t, stoi['<unk>']) for t in spacy_tokens(text)]  # <- tokens_made_again_at_every_run
        return torch.tensor(ids), label


def collate_fn(batch):
    batch.sort(key=lambda pair: len(pair[0]), reverse=True)
    xs = [x for x, _ in batch]
    ys = torch.tensor([y for _, y in batch])
    return pad_sequence(xs), torch.tensor([len(x) for x in xs]), ys


class SentLSTM(nn.Module):
    def __init__(self, n_vocab, d_emb=100, d_hid=100):
        super().__init__()
        self.emb = nn.Embedding(n_vocab, d_emb, padding_idx=0)
        self.lstm = nn.LSTM(d_emb, d_hid, num_layers=1, dropout=0.5)  # <- dropout_on_a_single_layer
        self.out = nn.Linear(d_hid, 1)

    def forward(self, x, lengths):
        e = pack_padded_sequence(self.emb(x), lengths)
        _, (h, _) = self.lstm(e)
        return self.out(h[0]).flatten()


train_loader = DataLoader(MovieDataset(train_rows), batch_size=50, shuffle=True, collate_fn=collate_fn)
test_loader = DataLoader(MovieDataset(test_rows), batch_size=50, collate_fn=collate_fn)
model = SentLSTM(len(stoi))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.BCEWithLogitsLoss()

for epoch in range(5):
    model.train()
    loss_sum = 0
    for x, lengths, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(x, lengths), y)
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * len(y)

    model.eval()
    right = 0
    with torch.no_grad():
        for x, lengths, y in test_loader:
            right += ((model(x, lengths) > 0).float() == y).sum().item()
    print(f'epoch {epoch}: train loss {loss_sum / len(train_rows):.4f}, test accuracy {right / len(test_rows):.4f}')
