import random
import re

import torch
import torch.nn as nn
import torch.optim as optim
from torchtext import data, datasets

SEED = 1234
random.seed(SEED)
torch.manual_seed(SEED)
torch.backends.cudnn.deterministic = True

BATCH_SIZE = 64
MAX_VOCAB_SIZE = 25_000
EMBEDDING_DIM = 100
HIDDEN_DIM = 256
N_LAYERS = 2
DROPOUT = 0.5
N_EPOCHS = 5

device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')


def strip_breaks(tokens):
    """IMDb has <br /> everywhere, the tokenizer leaves 'br' and brackets behind"""
    joined = ' '.join(tokens)
    return re.sub(r'<\s*br\s*/?\s*>', ' ', joined).split()


TEXT = data.Field(tokenize='spacy', lower=True, include_lengths=True, preprocessing=strip_breaks)
LABEL = data.LabelField(dtype=torch.float)

train_data, test_data = datasets.IMDB.splits(TEXT, LABEL)
train_data, valid_data = train_data.split(split_ratio=0.8, random_state=random.getstate())

TEXT.build_vocab(train_data,
                 max_size=MAX_VOCAB_SIZE,
                 vectors='glove.6B.100d',
                 unk_init=torch.Tensor.normal_)
LABEL.build_vocab(train_data)
print(LABEL.vocab.stoi)

train_iterator, valid_iterator, test_iterator = data.BucketIterator.splits(
    (train_data, valid_data, test_data),
    batch_size=BATCH_SIZE,
    sort_key=lambda x: len(x.text),
    sort_within_batch=True,
    device=device)


class RNN(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, output_dim, n_layers,
                 bidirectional, dropout, pad_idx):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_idx)
        self.rnn = nn.LSTM(embedding_dim, hidden_dim, num_layers=n_layers,
                           bidirectional=bidirectional, dropout=dropout)
        self.fc = nn.Linear(hidden_dim * 2, output_dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, text, text_lengths):
        # text = [sent len, batch size]
        embedded = self.dropout(self.embedding(text))
        packed_embedded = nn.utils.rnn.pack_padded_sequence(embedded, text_lengths.cpu())
        packed_output, (hidden, cell) = self.rnn(packed_embedded)
        # last two rows: forward and backward direction of the top layer
        hidden = self.dropout(torch.cat((hidden[-2, :, :], hidden[-1, :, :]), dim=1))
        return self.fc(hidden)


PAD_IDX = TEXT.vocab.stoi[TEXT.pad_token]
UNK_IDX = TEXT.vocab.stoi[TEXT.unk_token]

model = RNN(len(TEXT.vocab), EMBEDDING_DIM, HIDDEN_DIM, 1, N_LAYERS, True, DROPOUT, PAD_IDX)
model.embedding.weight.data.copy_(TEXT.vocab.vectors)
model.embedding.weight.data[UNK_IDX] = torch.zeros(EMBEDDING_DIM)
model.embedding.weight.data[PAD_IDX] = torch.zeros(EMBEDDING_DIM)
print(f'The model has {sum(p.numel() for p in model.parameters() if p.requires_grad):,} trainable parameters')

optimizer = optim.Adam(model.parameters())
criterion = nn.BCEWithLogitsLoss()
model = model.to(device)
criterion = criterion.to(device)


def train(model, iterator):
    model.train()
    loss_sum, correct, seen = 0.0, 0, 0
    for batch in iterator:
        optimizer.zero_grad()
        text, text_lengths = batch.text
        predictions = model(text, text_lengths).squeeze(1)
        loss = criterion(predictions, batch.label)
        loss.backward()
        optimizer.step()
        n = batch.label.size(0)
        loss_sum += loss.item() * n
        correct += (torch.round(torch.sigmoid(predictions)) == batch.label).sum().item()
        seen += n
    return loss_sum / seen, correct / seen


def evaluate(model, iterator):
    model.eval()
    loss_sum, correct, seen = 0.0, 0, 0
    with torch.no_grad():
        for batch in iterator:
            text, text_lengths = batch.text
            predictions = model(text, text_lengths).squeeze(1)
            n = batch.label.size(0)
            loss_sum += criterion(predictions, batch.label).item() * n
            correct += (torch.round(torch.sigmoid(predictions)) == batch.label).sum().item()
            seen += n
    return loss_sum / seen, correct / seen


best_valid_loss = float('inf')
for epoch in range(N_EPOCHS):
    train_loss, train_acc = train(model, train_iterator)
    valid_loss, valid_acc = evaluate(model, valid_iterator)
    if valid_loss < best_valid_loss:
        best_valid_loss = valid_loss
        torch.save({'weights': model.state_dict(), 'itos': TEXT.vocab.itos, 'labels': LABEL.vocab.itos},
                   'bilstm-imdb.pt')
    print(f'Epoch: {epoch + 1:02}')
    print(f'\tTrain Loss: {train_loss:.3f} | Train Acc: {train_acc * 100:.2f}%')
    print(f'\t Val. Loss: {valid_loss:.3f} |  Val. Acc: {valid_acc * 100:.2f}%')

model.load_state_dict(torch.load('bilstm-imdb.pt')['weights'])
test_loss, test_acc = evaluate(model, test_iterator)
print(f'Test Loss: {test_loss:.3f} | Test Acc: {test_acc * 100:.2f}%')


def predict_sentiment(model, sentence):
    model.eval()
    tokenized = TEXT.preprocess(sentence)
    indexed = [TEXT.vocab.stoi[t] for t in tokenized]
    length = torch.LongTensor([len(indexed)])
    tensor = torch.LongTensor(indexed).to(device).unsqueeze(1)
    prob = torch.sigmoid(model(tensor, length)).item()
    return LABEL.vocab.itos[1] if prob > 0.5 else LABEL.vocab.itos[0]


print(predict_sentiment(model, 'This film is terrible'))
print(predict_sentiment(model, 'This film is great'))
