import pandas as pd
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

from common import ReviewGRU, build_vocab, tokenize

torch.manual_seed(6)

train = pd.read_csv("data/reviews_train.csv")
val = pd.read_csv("data/reviews_val.csv")


def to_samples(df, vocab):
    out = []
    for text, stars in zip(df.text, df.stars):
        ids = [vocab.get(t, vocab["<unk>"]) for t in tokenize(text)]
        if ids:
            out.append((torch.tensor(ids), int(stars > 3)))
    return out


def collate(batch):
    xs, ys = zip(*batch)
    return pad_sequence(xs, batch_first=True), torch.tensor([len(x) for x in xs]), torch.tensor(ys)


vocab = build_vocab(tokenize(t) for t in train.text)
train_dl = DataLoader(to_samples(train, vocab), 64, shuffle=True, collate_fn=collate)
val_dl = DataLoader(to_samples(val, vocab), 64, collate_fn=collate)

model = ReviewGRU(len(vocab))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(4):
    model.train()
    for x, lengths, y in train_dl:
        optimizer.zero_grad()
        criterion(model(x, lengths), y).backward()
        optimizer.step()
    model.eval()
    hit = 0
    with torch.no_grad():
        for x, lengths, y in val_dl:
            hit += (model(x, lengths).argmax(1) == y).sum().item()
    print("epoch", epoch, "val accuracy", hit / len(val_dl.dataset))

torch.save(model.state_dict(), "review_gru.pt")  # <- weights_saved_without_the_vocabulary
