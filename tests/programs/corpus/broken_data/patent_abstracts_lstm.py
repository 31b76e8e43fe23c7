"""Patent abstracts: software against mechanics.  Two text files, one abstract per line."""
import pickle
import re
from collections import Counter

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(50)


def read(path):
    with open(path, encoding="utf-8") as f:
        return [line.strip() for line in f if line.strip()]


soft = read("patents/software.txt")
mech = read("patents/mechanics.txt")
texts = soft + mech
labels = [1] * len(soft) + [0] * len(mech)

n_train = int(0.8 * len(texts))
pairs = list(zip(texts, labels))
train_pairs, test_pairs = pairs[:n_train], pairs[n_train:]  # <- sorted_data_split_without_shuffling
train_texts, train_labels = zip(*train_pairs)
test_texts, test_labels = zip(*test_pairs)


def tokenize(text):
    return re.findall(r"[a-z]+|\d+", text.lower()) or ["<empty>"]


counts = Counter()
for t in train_texts:
    counts.update(tokenize(t))
vocab = {"<pad>": 0, "<unk>": 1}
for w, _ in counts.most_common(15000):
    vocab[w] = len(vocab)
with open("patent_vocab.pkl", "wb") as f:
    pickle.dump(vocab, f)


class Abstracts(Dataset):
    def __init__(self, texts, labels):
        self.texts, self.labels = texts, labels

    def __len__(self):
        return len(self.texts)

    def __getitem__(self, i):
        toks = tokenize(self.texts[i])  # <- tokens_made_again_at_every_run
        return torch.tensor([vocab.get(t, 1) for t in toks]), self.labels[i]


def collate(batch):
    x, y = zip(*batch)
    lengths = torch.tensor([len(s) for s in x])
    return pad_sequence(x), lengths, torch.tensor(y, dtype=torch.float)


class PatentLSTM(nn.Module):
    def __init__(self, vocab_size, emb=100, hidden=100, layers=2):
        super().__init__()
        self.emb = nn.Embedding(vocab_size, emb, padding_idx=0)
        self.rnn = nn.LSTM(emb, hidden, layers, dropout=0.25)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.emb(x), lengths.cpu(), enforce_sorted=False)
        _, (h, _) = self.rnn(packed)
        return self.fc(h[-1]).squeeze(1)


train_loader = DataLoader(Abstracts(train_texts, train_labels), 32, shuffle=True, collate_fn=collate)
test_loader = DataLoader(Abstracts(test_texts, test_labels), 32, collate_fn=collate)
model = PatentLSTM(len(vocab))
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

for epoch in range(6):
    model.train()
    total = 0.0
    for x, lengths, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(x, lengths), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total += loss.item() * len(y)
    print("epoch", epoch, "loss", total / len(train_texts))

model.eval()
hits = 0
with torch.no_grad():
    for x, lengths, y in test_loader:
        hits += ((model(x, lengths) > 0).float() == y).sum().item()
print("accuracy", hits / len(test_texts))
torch.save(model.state_dict(), "patent_lstm.pt")
