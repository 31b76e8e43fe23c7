import random
import torch
import torch.nn as nn
import torch.optim as optim
from torchtext import data

SEED = 2019
torch.manual_seed(SEED)
random.seed(SEED)

TEXT = data.Field(tokenize=str.split, lower=True, batch_first=True, include_lengths=True)
LABEL = data.LabelField(dtype=torch.float, batch_first=True)
fields = [(None, None), ('text', TEXT), ('label', LABEL)]
training_data = data.TabularDataset(path='quora.csv', format='csv', fields=fields, skip_header=True)

train_data, test_data, valid_data = training_data.split(split_ratio=[0.7, 0.2, 0.1], random_state=random.getstate())  # <- three_way_split_read_in_the_wrong_order
print(len(train_data), len(test_data), len(valid_data))

TEXT.build_vocab(train_data, min_freq=3)
LABEL.build_vocab(train_data)
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
train_iterator, valid_iterator, test_iterator = data.BucketIterator.splits(
    (train_data, valid_data, test_data), batch_size=64, sort_key=lambda x: len(x.text), sort_within_batch=True, device=device)


class classifier(nn.Module):
    def __init__(self, vocab_size, embedding_dim, hidden_dim, output_dim, n_layers, bidirectional, dropout, pad_idx):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=pad_idx)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, num_layers=n_layers, bidirectional=bidirectional, dropout=dropout, batch_first=True)
        self.fc = nn.Linear(hidden_dim * 2, output_dim)
        self.act = nn.Sigmoid()

    def forward(self, text, text_lengths):
        packed_embedded = nn.utils.rnn.pack_padded_sequence(self.embedding(text), text_lengths.cpu(), batch_first=True)
        packed_output, (hidden, cell) = self.lstm(packed_embedded)
        hidden = torch.cat((hidden[-2, :, :], hidden[-1, :, :]), dim=1)
        return self.act(self.fc(hidden))


model = classifier(len(TEXT.vocab), 100, 32, 1, 2, True, 0.2, TEXT.vocab.stoi[TEXT.pad_token]).to(device)
optimizer = optim.Adam(model.parameters())
criterion = nn.BCELoss().to(device)


def train(model, iterator):
    model.train()
    loss_sum, n = 0, 0
    for batch in iterator:
        optimizer.zero_grad()
        text, text_lengths = batch.text
        predictions = model(text, text_lengths).squeeze(1)
        loss = criterion(predictions, batch.label)
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * len(batch)
        n += len(batch)
    return loss_sum / n


def evaluate(model, iterator):
    model.eval()
    right, n = 0, 0
    with torch.no_grad():
        for batch in iterator:
            text, text_lengths = batch.text
            right += (torch.round(model(text, text_lengths).squeeze(1)) == batch.label).sum().item()
            n += len(batch)
    return right / n


best = 0
for epoch in range(5):
    train_loss = train(model, train_iterator)
    valid_acc = evaluate(model, valid_iterator)
    if valid_acc > best:
        best = valid_acc
        torch.save(model.state_dict(), 'saved_weights.pt')  # <- weights_saved_without_the_vocabulary
    print(f'\tTrain Loss: {train_loss:.3f} | Val. Acc: {valid_acc * 100:.2f}%')
model.load_state_dict(torch.load('saved_weights.pt'))
print(f'Test Acc: {evaluate(model, test_iterator) * 100:.2f}%')
