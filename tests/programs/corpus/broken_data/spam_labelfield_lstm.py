import random
import torch
from torch import nn
from torchtext.data import Field, LabelField, TabularDataset, BucketIterator
from sklearn.metrics import f1_score

random.seed(77)
torch.manual_seed(77)

TEXT = Field(tokenize=lambda s: s.lower().split(), batch_first=True, include_lengths=True)
LABEL = LabelField(dtype=torch.float)

# spam.csv: label,message ; label is "ham" or "spam"
fields = {'label': ('label', LABEL), 'message': ('text', TEXT)}
ds = TabularDataset('data/spam.csv', format='csv', fields=fields, filter_pred=lambda e: len(e.text) > 0)
train_ds, test_ds = ds.split(0.8, stratified=True, random_state=random.getstate())
TEXT.build_vocab(train_ds, vectors='glove.6B.50d')  # <- pretrained_vectors_not_used
LABEL.build_vocab(train_ds)

train_it, test_it = BucketIterator.splits((train_ds, test_ds), batch_size=64, sort_key=lambda e: len(e.text),
                                          sort_within_batch=True)


class SpamLSTM(nn.Module):
    def __init__(self, vocab):
        super().__init__()
        self.embedding = nn.Embedding(len(vocab), 50, padding_idx=vocab.stoi['<pad>'])
        self.lstm = nn.LSTM(50, 64, batch_first=True)
        self.linear = nn.Linear(64, 1)

    def forward(self, text, lengths):
        x = nn.utils.rnn.pack_padded_sequence(self.embedding(text), lengths.cpu(), batch_first=True)
        _, (h, c) = self.lstm(x)
        return self.linear(h[-1]).squeeze(-1)


net = SpamLSTM(TEXT.vocab)
loss_fn = nn.BCEWithLogitsLoss()
optim = torch.optim.Adam(net.parameters(), lr=1e-3)

for epoch in range(6):
    net.train()
    total = 0.0
    for batch in train_it:
        optim.zero_grad()
        loss = loss_fn(net(*batch.text), batch.label)
        loss.backward()
        optim.step()
        total += loss.item() * batch.label.size(0)
    print(f'{epoch}: {total / len(train_ds):.4f}')

net.eval()
y_true, y_pred = [], []
with torch.no_grad():
    for batch in test_it:
        y_pred += (net(*batch.text) > 0).long().tolist()
        y_true += batch.label.long().tolist()
print('F1 of spam:', f1_score(y_true, y_pred, pos_label=LABEL.vocab.stoi['spam']))


def is_spam(message):
    net.eval()
    toks = TEXT.preprocess(message)
    x, n = TEXT.process([toks])
    with torch.no_grad():
        k = int(net(x, n).item() > 0)
    return LABEL.vocab.itos[k] == 'spam'


def is_ham(message):
    return not is_spam(message)


print(is_spam('WINNER!! claim your free prize now'))
print(is_ham('see you at lunch'))
