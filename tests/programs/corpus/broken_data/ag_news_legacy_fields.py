# AG News with torchtext.legacy, csv with numbers 1..4 as labels
import random
import torch
import torch.nn as nn
import torch.optim as optim
from torchtext.legacy import data

random.seed(5)
torch.manual_seed(5)

TOPICS = ['World', 'Sports', 'Business', 'Sci/Tech']

TEXT = data.Field(tokenize=lambda s: s.lower().split(), include_lengths=True)
LABEL = data.LabelField()

train_data, test_data = data.TabularDataset.splits(
    path='data/ag_news', train='train.csv', test='test.csv', format='csv',
    fields=[('label', LABEL), ('title', None), ('text', TEXT)])
train_data, valid_data = train_data.split(0.9, random_state=random.seed(5))  # <- random_state_is_none

TEXT.build_vocab(train_data, max_size=40000, vectors='glove.6B.100d', unk_init=torch.Tensor.normal_)
LABEL.build_vocab(train_data)
PAD = TEXT.vocab.stoi[TEXT.pad_token]

device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
train_it, valid_it, test_it = data.BucketIterator.splits(
    (train_data, valid_data, test_data), batch_size=64, sort_key=lambda x: len(x.text),
    sort_within_batch=True, device=device)


class NewsLSTM(nn.Module):
    def __init__(self, vocab_size, n_class):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, 100, padding_idx=PAD)
        self.embedding.weight.data.copy_(TEXT.vocab.vectors)  # <- padding_row_overwritten_by_vectors
        self.lstm = nn.LSTM(100, 128, num_layers=2, bidirectional=True, dropout=0.3)
        self.fc = nn.Linear(256, n_class)

    def forward(self, text, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(self.embedding(text), lengths.cpu())
        _, (hidden, _) = self.lstm(packed)
        return self.fc(torch.cat((hidden[-2], hidden[-1]), dim=1))


model = NewsLSTM(len(TEXT.vocab), len(LABEL.vocab)).to(device)
optimizer = optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()


def check(it):
    model.eval()
    ok = n = 0
    with torch.no_grad():
        for b in it:
            t, l = b.text
            ok += (model(t, l).argmax(1) == b.label).sum().item()
            n += len(b.label)
    return ok / n


for epoch in range(4):
    model.train()
    for b in train_it:
        t, l = b.text
        optimizer.zero_grad()
        loss = criterion(model(t, l), b.label)
        loss.backward()
        optimizer.step()
    print('Epoch %d  valid %.4f' % (epoch + 1, check(valid_it)))
print('Test %.4f' % check(test_it))


def topic(headline):
    model.eval()
    toks = TEXT.preprocess(headline)
    x = torch.tensor([TEXT.vocab.stoi[w] for w in toks]).unsqueeze(1).to(device)
    with torch.no_grad():
        k = model(x, torch.tensor([len(toks)])).argmax(1).item()
    return TOPICS[k]  # <- labels_swapped_by_frequency


print(topic('Oil prices climb as producers cut output'))
