# Question types (TREC, 6 coarse classes)
import random

import torch
import torch.nn as nn
from torch.optim import Adam
from torchtext import data
from torchtext.datasets import TREC

random.seed(1)
torch.manual_seed(1)

TEXT = data.Field(lower=True, include_lengths=True)
LABEL = data.Field(sequential=False)  # <- special_tokens_counted_as_classes

train, test = TREC.splits(TEXT, LABEL, fine_grained=False)
train, valid = train.split(0.9, random_state=random.getstate())
TEXT.build_vocab(train)
LABEL.build_vocab(train)

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
train_iter, valid_iter, test_iter = data.BucketIterator.splits(
    (train, valid, test), batch_sizes=(32, 128, 128), device=device, sort_within_batch=True)


class QuestionGRU(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(len(TEXT.vocab), 100, padding_idx=TEXT.vocab.stoi["<pad>"])
        self.gru = nn.GRU(100, 100, num_layers=2, dropout=0.3)
        self.out = nn.Linear(100, len(LABEL.vocab))

    def forward(self, text):
        x, lengths = text
        x = nn.utils.rnn.pack_padded_sequence(self.embed(x), lengths.cpu())
        _, h = self.gru(x)
        return self.out(h[-1])


model = QuestionGRU().to(device)
optimizer = Adam(model.parameters(), lr=1e-3)
loss_function = nn.CrossEntropyLoss()
print("number of classes:", model.out.out_features)


def score(iterator):
    model.eval()
    correct = 0
    with torch.no_grad():
        for batch in iterator:
            correct += (model(batch.text).argmax(1) == batch.label).sum().item()
    return correct / len(iterator.dataset)


for epoch in range(1, 16):
    model.train()
    loss_total = 0
    for batch in train_iter:
        optimizer.zero_grad()
        loss = loss_function(model(batch.text), batch.label)
        loss.backward()
        optimizer.step()
        loss_total += loss.item() * len(batch.label)
    print("epoch", epoch, "loss", round(loss_total / len(train), 4), "valid", round(score(valid_iter), 4))

print("test", round(score(test_iter), 4))
