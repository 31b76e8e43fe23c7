import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torchtext.legacy import data
from torchtext.legacy import datasets
import random
import copy
import time

SEED = 1234

random.seed(SEED)
torch.manual_seed(SEED)
torch.backends.cudnn.deterministic = True

TEXT = data.Field(tokenize='spacy', tokenizer_language='en_core_web_sm')
LABEL = data.LabelField()

train_data, test_data = datasets.TREC.splits(TEXT, LABEL, fine_grained=False)
train_data, valid_data = train_data.split(random_state=random.seed(SEED))  # <- random_state_is_none

TEXT.build_vocab(train_data,
                 max_size=25_000,
                 vectors="glove.6B.100d",
                 unk_init=torch.Tensor.normal_)
LABEL.build_vocab(train_data)
print(LABEL.vocab.stoi)

device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')

train_iterator, valid_iterator, test_iterator = data.BucketIterator.splits(  # <- iterator_does_not_bucket
    (train_data, valid_data, test_data), batch_size=64, device=device,
    sort_key=lambda x: len(x.text), sort_within_batch=False)

UNK_IDX = TEXT.vocab.stoi[TEXT.unk_token]
PAD_IDX = TEXT.vocab.stoi[TEXT.pad_token]


class RCNN(nn.Module):
    """recurrent layer, then the best place over time for each feature"""

    def __init__(self, vocab_size, embedding_dim, hidden_dim, output_dim, dropout, pad_idx):
        super().__init__()
        self.pad_idx = pad_idx
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_idx)
        self.rnn = nn.LSTM(embedding_dim, hidden_dim)
        self.mix = nn.Linear(embedding_dim + hidden_dim, hidden_dim)
        self.fc = nn.Linear(hidden_dim, output_dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, text):
        # text = [sent len, batch size]
        embedded = self.dropout(self.embedding(text))
        output, _ = self.rnn(embedded)
        # forward only: what comes at the padding behind a sentence cannot change what came before
        mixed = torch.tanh(self.mix(torch.cat((embedded, output), dim=2)))
        mixed = mixed.masked_fill((text == self.pad_idx).unsqueeze(2), -2.0)   # tanh is above -1
        # mixed = [sent len, batch size, hid dim] -> [batch size, hid dim, sent len]
        pooled = F.max_pool1d(mixed.permute(1, 2, 0), mixed.shape[0]).squeeze(2)
        return self.fc(self.dropout(pooled))


model = RCNN(len(TEXT.vocab), 100, 128, len(LABEL.vocab), 0.5, PAD_IDX)
model.embedding.weight.data.copy_(TEXT.vocab.vectors)
model.embedding.weight.data[UNK_IDX] = torch.zeros(100)
model.embedding.weight.data[PAD_IDX] = torch.zeros(100)

optimizer = optim.Adam(model.parameters())
criterion = nn.CrossEntropyLoss()
model = model.to(device)
criterion = criterion.to(device)


def count_correct(preds, y):
    return preds.argmax(dim=1).eq(y).sum().item()


def train(model, iterator, optimizer, criterion):
    epoch_loss, epoch_correct, n = 0, 0, 0
    model.train()
    for batch in iterator:
        optimizer.zero_grad()
        predictions = model(batch.text)
        loss = criterion(predictions, batch.label)
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item() * len(batch.label)
        epoch_correct += count_correct(predictions, batch.label)
        n += len(batch.label)
    return epoch_loss / n, epoch_correct / n


def evaluate(model, iterator, criterion):
    epoch_loss, epoch_correct, n = 0, 0, 0
    model.eval()
    with torch.no_grad():
        for batch in iterator:
            predictions = model(batch.text)
            epoch_loss += criterion(predictions, batch.label).item() * len(batch.label)
            epoch_correct += count_correct(predictions, batch.label)
            n += len(batch.label)
    return epoch_loss / n, epoch_correct / n


best_valid_loss = float('inf')
best_model = None
for epoch in range(10):
    start_time = time.time()
    train_loss, train_acc = train(model, train_iterator, optimizer, criterion)
    valid_loss, valid_acc = evaluate(model, valid_iterator, criterion)
    if valid_loss < best_valid_loss:
        best_valid_loss = valid_loss
        best_model = copy.deepcopy(model)
    print(f'Epoch: {epoch+1:02} | {time.time() - start_time:.0f}s | train {train_loss:.3f} {train_acc:.3f} | val {valid_loss:.3f} {valid_acc:.3f}')

test_loss, test_acc = evaluate(best_model, test_iterator, criterion)
print(f'Test Loss: {test_loss:.3f} | Test Acc: {test_acc*100:.2f}%')
