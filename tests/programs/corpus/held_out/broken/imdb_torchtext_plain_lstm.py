import random
import time
import torch
import torch.nn as nn
import torch.optim as optim
from torchtext import data, datasets

SEED = 1
torch.manual_seed(SEED)
random.seed(SEED)


def strip_breaks(tokens):
    return ' '.join(tokens).replace('<br />', ' ').split() or ['nothing']


TEXT = data.Field(include_lengths=True, lower=True, preprocessing=strip_breaks)
LABEL = data.LabelField(dtype=torch.float)
train_data, test_data = datasets.IMDB.splits(TEXT, LABEL)
train_data, valid_data = train_data.split(random_state=random.getstate())
TEXT.build_vocab(train_data, max_size=25000, vectors='glove.6B.100d', unk_init=torch.Tensor.normal_)
LABEL.build_vocab(train_data)
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
train_iterator, valid_iterator, test_iterator = data.BucketIterator.splits(
    (train_data, valid_data, test_data), batch_size=64, sort_within_batch=True, sort_key=lambda x: len(x.text), device=device)


class LSTMSentiment(nn.Module):
    def __init__(self, input_dim, embedding_dim, hidden_dim, output_dim, pad_idx):
        super().__init__()
        self.embedding = nn.Embedding(input_dim, embedding_dim, padding_idx=pad_idx)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim)
        self.fc = nn.Linear(hidden_dim, output_dim)
        self.dropout = nn.Dropout(0.5)

    def forward(self, text):
        # text = [sent len, batch size]
        embedded = self.dropout(self.embedding(text))
        output, (hidden, cell) = self.lstm(embedded)  # <- padding_read_as_last_step
        return self.fc(self.dropout(hidden[-1])).squeeze(1)


PAD_IDX = TEXT.vocab.stoi[TEXT.pad_token]
model = LSTMSentiment(len(TEXT.vocab), 100, 256, 1, PAD_IDX)
model.embedding.weight.data.copy_(TEXT.vocab.vectors)  # <- padding_row_overwritten_by_vectors
model = model.to(device)
optimizer = optim.Adam(model.parameters())
criterion = nn.BCEWithLogitsLoss().to(device)


def binary_accuracy(preds, y):
    correct = (torch.round(torch.sigmoid(preds)) == y).float()
    return correct.sum() / len(correct)


def train(model, iterator):
    model.train()
    for batch in iterator:
        optimizer.zero_grad()
        text, lengths = batch.text  # <- lengths_asked_for_and_not_used
        loss = criterion(model(text), batch.label)
        loss.backward()
        optimizer.step()


def evaluate(model, iterator):
    epoch_loss, epoch_acc = 0, 0
    model.eval()
    with torch.no_grad():
        for batch in iterator:
            text, lengths = batch.text  # <- lengths_asked_for_and_not_used
            predictions = model(text)
            epoch_loss += criterion(predictions, batch.label).item()
            epoch_acc += binary_accuracy(predictions, batch.label).item()
    return epoch_loss / len(iterator), epoch_acc / len(iterator)  # <- mean_of_batch_means


for epoch in range(5):
    t = time.time()
    train(model, train_iterator)
    valid_loss, valid_acc = evaluate(model, valid_iterator)
    print(f'Epoch: {epoch + 1:02} | {time.time() - t:.0f}s | Val. Loss: {valid_loss:.3f} | Val. Acc: {valid_acc * 100:.2f}%')
test_loss, test_acc = evaluate(model, test_iterator)
print(f'Test Loss: {test_loss:.3f} | Test Acc: {test_acc * 100:.2f}%')
