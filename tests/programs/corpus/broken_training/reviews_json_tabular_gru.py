import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torchtext import data
import random
import pickle

# sentiment of reviews in data/{train,valid,test}.json  {"text": "...", "label": "pos"}

SEED = 1
torch.manual_seed(SEED)
random.seed(SEED)
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')

def tokenizer(text):
    text = text.lower()
    for ch in ',.!?;:"()':
        text = text.replace(ch, ' ' + ch + ' ')
    return text.split()

TEXT = data.Field(tokenize=tokenizer, include_lengths=True)
LABEL = data.LabelField(dtype=torch.float)
fields = {'text': ('text', TEXT), 'label': ('label', LABEL)}
train_data, valid_data, test_data = data.TabularDataset.splits(
    path='data', train='train.json', validation='valid.json', test='test.json', format='json', fields=fields)

TEXT.build_vocab(train_data, max_size=20000)
LABEL.build_vocab(train_data)
print(LABEL.vocab.stoi)

train_iterator, valid_iterator, test_iterator = data.BucketIterator.splits(
    (train_data, valid_data, test_data), batch_size=64, sort_key=lambda x: len(x.text),
    sort_within_batch=True, device=device)

class SentGRU(nn.Module):
    def __init__(self, vocab_size, pad_idx, emb=100, hid=128):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, emb, padding_idx=pad_idx)
        self.rnn = nn.GRU(emb, hid, num_layers=2, dropout=0.4)
        self.fc = nn.Linear(hid, 1)

    def forward(self, text, text_lengths):
        packed = nn.utils.rnn.pack_padded_sequence(self.embedding(text), text_lengths.cpu())
        _, hidden = self.rnn(packed)
        return self.fc(hidden[-1])

model = SentGRU(len(TEXT.vocab), TEXT.vocab.stoi[TEXT.pad_token]).to(device)
optimizer = optim.Adam(model.parameters())
criterion = nn.BCEWithLogitsLoss()

def count_right(preds, y):
    return (torch.round(torch.sigmoid(preds)) == y).sum().item()

def run(iterator, train=False):
    model.train(train)
    loss_sum = right = n = 0
    with torch.set_grad_enabled(train):
        for batch in iterator:
            text, lengths = batch.text
            preds = model(text, lengths).squeeze(1)
            loss = criterion(preds, batch.label)
            if train:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            loss_sum += loss.item() * len(batch.label)
            right += count_right(preds, batch.label)
            n += len(batch.label)
    return loss_sum / n, right / n

best_valid_loss = float('inf')
for epoch in range(5):
    tl, ta = run(train_iterator, True)
    vl, va = run(valid_iterator)
    print(f'Epoch {epoch+1}: train {tl:.3f} / {ta:.3f}  valid {vl:.3f} / {va:.3f}')
    if vl < best_valid_loss:
        best_valid_loss = vl
        torch.save(model.state_dict(), 'sent-gru.pt')
with open('sent-gru-text.pkl', 'wb') as f:
    pickle.dump((TEXT.vocab.itos, LABEL.vocab.itos), f)

model.load_state_dict(torch.load('sent-gru.pt'))
print('test %.3f / %.3f' % run(test_iterator))

def predict_sentiment(sentence):
    model.eval()
    tokens = [t for t in sentence.split(' ')]  # <- different_tokenizer_at_prediction
    indexed = [TEXT.vocab.stoi[t] for t in tokens]
    tensor = torch.LongTensor(indexed).to(device)
    tensor = tensor.unsqueeze(0)  # <- sentence_axis_in_the_wrong_place
    with torch.no_grad():
        prob = torch.sigmoid(model(tensor, torch.LongTensor([len(indexed)]))).item()
    return LABEL.vocab.itos[round(prob)], prob

print(predict_sentiment("This film is terrible."))
print(predict_sentiment("This film is great!"))
