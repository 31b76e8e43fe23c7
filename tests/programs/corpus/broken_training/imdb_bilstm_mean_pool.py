"""
Sentiment analysis on IMDB with a two-layer bidirectional LSTM.
The word vectors of every step are averaged and given to a linear layer.
"""
import random
import time

import torch
import torch.nn as nn
import torch.optim as optim
from torchtext import data, datasets

SEED = 1234
BATCH_SIZE = 64
EMBEDDING_DIM = 100
HIDDEN_DIM = 128
N_LAYERS = 2
DROPOUT = 0.5
N_EPOCHS = 5

random.seed(SEED)
torch.manual_seed(SEED)
torch.backends.cudnn.deterministic = True

device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')


def strip_breaks(tokens):
    return [t for t in tokens if t not in ('<', 'br', '/', '>', '/><br')]


TEXT = data.Field(tokenize='spacy', lower=True, preprocessing=strip_breaks)
LABEL = data.LabelField(dtype=torch.float)

train_data, test_data = datasets.IMDB.splits(TEXT, LABEL)
train_data, valid_data = train_data.split(random_state=random.getstate())

TEXT.build_vocab(train_data, max_size=25000)
LABEL.build_vocab(train_data)

train_iter, valid_iter, test_iter = data.BucketIterator.splits(
    (train_data, valid_data, test_data),
    batch_size=BATCH_SIZE,
    sort_key=lambda ex: len(ex.text),
    sort_within_batch=True,
    device=device)


class MeanLSTM(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, n_layers, dropout, pad_idx):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_idx)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers=n_layers,
                            bidirectional=True, dropout=dropout)
        self.fc = nn.Linear(hidden_dim * 2, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, text):
        # text = [sent len, batch size]
        embedded = self.dropout(self.embedding(text))
        output, _ = self.lstm(embedded)
        pooled = output.mean(dim=0)  # <- padding_averaged_into_the_review
        logit = self.fc(self.dropout(pooled)).squeeze(1)
        return torch.sigmoid(logit)  # <- sigmoid_applied_twice


model = MeanLSTM(len(TEXT.vocab), EMBEDDING_DIM, HIDDEN_DIM, N_LAYERS, DROPOUT,
                 TEXT.vocab.stoi[TEXT.pad_token]).to(device)
optimizer = optim.Adam(model.parameters())
criterion = nn.BCEWithLogitsLoss().to(device)


def train(model, iterator):
    model.train()
    total_loss, n_right, n_seen = 0.0, 0, 0
    for batch in iterator:
        optimizer.zero_grad()
        preds = model(batch.text)
        loss = criterion(preds, batch.label)
        loss.backward()
        optimizer.step()
        total_loss += loss.item() * len(batch)
        n_right += ((preds > 0.5).float() == batch.label).sum().item()
        n_seen += len(batch)
    return total_loss / n_seen, n_right / n_seen


def evaluate(model, iterator):
    model.eval()
    total_loss, n_right, n_seen = 0.0, 0, 0
    with torch.no_grad():
        for batch in iterator:
            preds = model(batch.text)
            loss = criterion(preds, batch.label)
            total_loss += loss.item() * len(batch)
            n_right += ((preds > 0.5).float() == batch.label).sum().item()
            n_seen += len(batch)
    return total_loss / n_seen, n_right / n_seen


for epoch in range(N_EPOCHS):
    start = time.time()
    train_loss, train_acc = train(model, train_iter)
    valid_loss, valid_acc = evaluate(model, valid_iter)
    mins = (time.time() - start) / 60
    print(f'Epoch {epoch + 1:02} | {mins:.1f} min')
    print(f'\tTrain loss {train_loss:.3f} | train acc {train_acc * 100:.2f}%')
    print(f'\tValid loss {valid_loss:.3f} | valid acc {valid_acc * 100:.2f}%')

test_loss, test_acc = evaluate(model, test_iter)
print(f'Test loss {test_loss:.3f} | test acc {test_acc * 100:.2f}%')
