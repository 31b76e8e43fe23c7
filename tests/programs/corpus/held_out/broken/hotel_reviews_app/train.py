import pandas as pd
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

from lstm import HotelLSTM
from preprocess import build_vocab, encode

torch.manual_seed(50)
train = pd.read_csv('hotel_train.csv')     # text,label
valid = pd.read_csv('hotel_valid.csv')
vocab = build_vocab(train['text'])


def collate(rows):
    xs = [torch.tensor(x) for x, _ in rows]
    return pad_sequence(xs, batch_first=True), torch.tensor([len(x) for x in xs]), torch.tensor([y for _, y in rows])


def loader(df, shuffle):
    return DataLoader([(encode(t, vocab), int(y)) for t, y in zip(df['text'], df['label'])], 32, shuffle=shuffle, collate_fn=collate)


train_dl, valid_dl = loader(train, True), loader(valid, False)
model = HotelLSTM()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
loss_fn = nn.CrossEntropyLoss()
best = 0
for epoch in range(8):
    model.train()
    for x, n, y in train_dl:
        opt.zero_grad()
        loss_fn(model(x, n), y).backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        acc = sum((model(x, n).argmax(1) == y).sum().item() for x, n, y in valid_dl) / len(valid)
    print(epoch, acc)
    if acc > best:
        best = acc
        torch.save(model.state_dict(), 'hotel.pt')  # <- weights_saved_without_the_vocabulary
