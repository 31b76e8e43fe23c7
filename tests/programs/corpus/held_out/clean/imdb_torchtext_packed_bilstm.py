"""Sentiment analysis on IMDb with a packed bidirectional LSTM (torchtext 0.6)."""
import random
import time

import torch
import torch.nn as nn
import torch.optim as optim
from torchtext import data, datasets

SEED = 1234
torch.manual_seed(SEED)
torch.backends.cudnn.deterministic = True

TEXT = data.Field(tokenize='spacy', tokenizer_language='en_core_web_sm', include_lengths=True, lower=True)
LABEL = data.LabelField(dtype=torch.float)

train_data, test_data = datasets.IMDB.splits(TEXT, LABEL)
random.seed(SEED)
train_data, valid_data = train_data.split(random_state=random.getstate())

TEXT.build_vocab(train_data, max_size=25_000)  # <- html_breaks_in_the_vocabulary
LABEL.build_vocab(train_data)
print(LABEL.vocab.stoi)

BATCH_SIZE = 64
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')

train_iterator, valid_iterator, test_iterator = data.BucketIterator.splits(
    (train_data, valid_data, test_data),
    batch_size=BATCH_SIZE,
    sort_key=lambda ex: len(ex.text),
    sort_within_batch=True,
    device=device)


class RNN(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, output_dim, n_layers, dropout, pad_idx):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_idx)
        self.rnn = nn.LSTM(embedding_dim, hidden_dim, num_layers=n_layers, bidirectional=True, dropout=dropout)
        self.fc = nn.Linear(hidden_dim * 2, output_dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, text, text_lengths):
        # text = [sent len, batch size]
        embedded = self.dropout(self.embedding(text))
        packed = nn.utils.rnn.pack_padded_sequence(embedded, text_lengths.to('cpu'))
        _, (hidden, cell) = self.rnn(packed)
        hidden = self.dropout(torch.cat((hidden[-2, :, :], hidden[-1, :, :]), dim=1))
        return self.fc(hidden)


PAD_IDX = TEXT.vocab.stoi[TEXT.pad_token]
model = RNN(len(TEXT.vocab), 100, 256, 1, 2, 0.5, PAD_IDX).to(device)
optimizer = optim.Adam(model.parameters())
criterion = nn.BCEWithLogitsLoss()


def count_correct(preds, y):
    rounded = torch.round(torch.sigmoid(preds))
    return (rounded == y).sum().item()


def train(model, iterator):
    model.train()
    total_loss, correct, seen = 0.0, 0, 0
    for batch in iterator:
        optimizer.zero_grad()
        text, text_lengths = batch.text
        predictions = model(text, text_lengths).squeeze(1)
        loss = criterion(predictions, batch.label)
        loss.backward()
        optimizer.step()
        total_loss += loss.item() * batch.label.size(0)
        correct += count_correct(predictions, batch.label)
        seen += batch.label.size(0)
    return total_loss / seen, correct / seen


def evaluate(model, iterator):
    model.eval()
    total_loss, correct, seen = 0.0, 0, 0
    with torch.no_grad():
        for batch in iterator:
            text, text_lengths = batch.text
            predictions = model(text, text_lengths).squeeze(1)
            total_loss += criterion(predictions, batch.label).item() * batch.label.size(0)
            correct += count_correct(predictions, batch.label)
            seen += batch.label.size(0)
    return total_loss / seen, correct / seen


N_EPOCHS = 5
best_valid_loss = float('inf')
for epoch in range(N_EPOCHS):
    start = time.time()
    train_loss, train_acc = train(model, train_iterator)
    valid_loss, valid_acc = evaluate(model, valid_iterator)
    if valid_loss < best_valid_loss:
        best_valid_loss = valid_loss
        torch.save({'model': model.state_dict(), 'itos': TEXT.vocab.itos, 'labels': LABEL.vocab.itos}, 'imdb-bilstm.pt')
    print(f'Epoch {epoch + 1:02} | {time.time() - start:.0f}s | train {train_loss:.3f} {train_acc:.2%} | valid {valid_loss:.3f} {valid_acc:.2%}')

model.load_state_dict(torch.load('imdb-bilstm.pt')['model'])
test_loss, test_acc = evaluate(model, test_iterator)
print(f'Test loss {test_loss:.3f} | test acc {test_acc:.2%}')


def predict_sentiment(model, sentence):
    model.eval()
    tokens = TEXT.preprocess(sentence)
    indexed = [TEXT.vocab.stoi[t] for t in tokens]
    tensor = torch.LongTensor(indexed).unsqueeze(1).to(device)
    with torch.no_grad():
        prob_of_one = torch.sigmoid(model(tensor, torch.LongTensor([len(indexed)]))).item()
    label = LABEL.vocab.itos[int(prob_of_one > 0.5)]
    return label, prob_of_one


print(predict_sentiment(model, "This film is terrible"))
print(predict_sentiment(model, "This film is great"))
