import random
import re
import torch
import torch.nn as nn
import torch.nn.functional as F
from torchtext import data, datasets

torch.manual_seed(1)


def tokenize(s):
    return re.findall(r"\w+|[^\w\s]", s.replace('<br />', ' '))


TEXT = data.Field(lower=True, tokenize=tokenize, include_lengths=True, batch_first=True)
LABEL = data.LabelField()
train_data, test_data = datasets.IMDB.splits(TEXT, LABEL)
train_data, valid_data = train_data.split(split_ratio=0.8)  # <- shuffle_not_seeded

TEXT.build_vocab(train_data, valid_data, test_data, max_size=25000)  # <- vocabulary_saw_the_test_set
LABEL.build_vocab(train_data)

device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
train_iter, valid_iter, test_iter = data.BucketIterator.splits(
    (train_data, valid_data, test_data), batch_size=32, sort_within_batch=True, device=device)


class SelfAttention(nn.Module):
    def __init__(self, vocab_size, emb=100, hid=100):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, emb, padding_idx=0)  # <- padding_index_guessed, padding_idx_of_a_real_word
        self.lstm = nn.LSTM(emb, hid, bidirectional=True, batch_first=True)
        self.w1 = nn.Linear(2 * hid, 64)
        self.w2 = nn.Linear(64, 1)
        self.fc = nn.Linear(2 * hid, 2)

    def forward(self, x, lengths):
        e = nn.utils.rnn.pack_padded_sequence(self.embedding(x), lengths.cpu(), batch_first=True)
        h, _ = nn.utils.rnn.pad_packed_sequence(self.lstm(e)[0], batch_first=True)
        a = self.w2(torch.tanh(self.w1(h))).squeeze(-1)
        steps = torch.arange(x.size(1), device=x.device)[None, :]
        a = a.masked_fill(steps >= lengths[:, None].to(x.device), float('-inf'))
        a = F.softmax(a, dim=1)
        return self.fc(torch.bmm(a.unsqueeze(1), h).squeeze(1))


model = SelfAttention(len(TEXT.vocab)).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)


def run(iterator, training):
    model.train(training)
    loss_sum = correct = n = 0
    for batch in iterator:
        x, lengths = batch.text
        with torch.set_grad_enabled(training):
            out = model(x, lengths)
            loss = F.cross_entropy(out, batch.label)
        if training:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        loss_sum += loss.item() * len(x)
        correct += (out.argmax(1) == batch.label).sum().item()
        n += len(x)
    return loss_sum / n, correct / n


for epoch in range(5):
    print(epoch, 'train %.4f %.4f' % run(train_iter, True), 'valid %.4f %.4f' % run(valid_iter, False))
print('test %.4f %.4f' % run(test_iter, False))
