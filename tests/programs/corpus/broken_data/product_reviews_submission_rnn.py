import random
import torch
import torch.nn as nn
import pandas as pd
from torchtext import data

random.seed(1)
torch.manual_seed(1)

tokenize = lambda s: s.lower().split()
TEXT = data.Field(tokenize=tokenize, include_lengths=True, batch_first=True)
LABEL = data.Field(sequential=False)  # <- special_tokens_counted_as_classes

train, valid = data.TabularDataset.splits(path='data', train='train.csv', validation='valid.csv', format='csv',
                                          skip_header=True, fields=[('text', TEXT), ('label', LABEL)])
test = data.TabularDataset('data/unlabelled.csv', format='csv', skip_header=True, fields=[('text', TEXT)])
TEXT.build_vocab(train, min_freq=2)
LABEL.build_vocab(train)

device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
train_iter, valid_iter = data.BucketIterator.splits((train, valid), batch_size=64, device=device,
                                                    sort_key=lambda e: len(e.text), sort_within_batch=True)
test_iter = data.BucketIterator(test, batch_size=64, device=device, train=False, sort=True,
                                sort_key=lambda e: len(e.text), sort_within_batch=True)


class ReviewRNN(nn.Module):
    def __init__(self, vocab_size, n_out, pad):
        super().__init__()
        self.emb = nn.Embedding(vocab_size, 100, padding_idx=pad)
        self.lstm = nn.LSTM(100, 100, num_layers=2, batch_first=True, dropout=0.3)
        self.out = nn.Linear(100, n_out)

    def forward(self, x, lengths):
        p = nn.utils.rnn.pack_padded_sequence(self.emb(x), lengths.cpu(), batch_first=True)
        _, (h, _) = self.lstm(p)
        return self.out(h[-1])


model = ReviewRNN(len(TEXT.vocab), len(LABEL.vocab), TEXT.vocab.stoi['<pad>']).to(device)
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
crit = nn.CrossEntropyLoss()

for epoch in range(6):
    model.train()
    for b in train_iter:
        opt.zero_grad()
        loss = crit(model(*b.text), b.label)
        loss.backward()
        opt.step()
    model.eval()
    ok = 0
    with torch.no_grad():
        for b in valid_iter:
            ok += (model(*b.text).argmax(1) == b.label).sum().item()
    print('epoch', epoch, 'valid accuracy', ok / len(valid))

answers = []
model.eval()
with torch.no_grad():
    for b in test_iter:
        answers += [LABEL.vocab.itos[k] for k in model(*b.text).argmax(1).tolist()]

frame = pd.read_csv('data/unlabelled.csv')
frame['label'] = answers  # <- predictions_not_in_file_order
frame.to_csv('answers.csv', index=False)
