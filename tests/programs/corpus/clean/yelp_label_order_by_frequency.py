# Yelp reviews (1-5 stars), torchtext TabularDataset; LabelField orders stars by how often they occur
import os
import random
import torch
import torch.nn as nn
import torch.nn.functional as F
from torchtext.data import Field, LabelField, TabularDataset, BucketIterator

random.seed(4)
torch.manual_seed(4)
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
data_dir = 'yelp'

text_field = Field(sequential=True, lower=True, batch_first=True, include_lengths=True,
                   tokenize=lambda s: s.replace('\\n', ' ').split())
star_field = LabelField()
fields = [('stars', star_field), ('text', text_field)]
train, valid, test = TabularDataset.splits(
    path=data_dir, train='train.csv', validation='valid.csv', test='test.csv',
    format='csv', skip_header=True, fields=fields)

text_field.build_vocab(train, min_freq=5, max_size=40000)
star_field.build_vocab(train)
print('index -> stars', star_field.vocab.itos)

train_iter, valid_iter, test_iter = BucketIterator.splits(
    (train, valid, test), batch_sizes=(64, 256, 256), device=device,
    sort_key=lambda x: len(x.text), sort_within_batch=True)

# index of the class -> number of stars
stars_of = torch.tensor([float(s) for s in star_field.vocab.itos], device=device)


class StarNet(nn.Module):
    def __init__(self, n_words, pad, n_classes):
        super().__init__()
        self.emb = nn.Embedding(n_words, 150, padding_idx=pad)
        self.rnn = nn.GRU(150, 150, num_layers=2, dropout=0.2, batch_first=True)
        self.lin = nn.Linear(150, n_classes)

    def forward(self, words, lens):
        x = nn.utils.rnn.pack_padded_sequence(self.emb(words), lens.cpu(), batch_first=True)
        _, h = self.rnn(x)
        return self.lin(h[-1])


net = StarNet(len(text_field.vocab), text_field.vocab.stoi['<pad>'], len(star_field.vocab)).to(device)
opt = torch.optim.Adam(net.parameters(), lr=1e-3)


def evaluate(it):
    net.eval()
    hit, dist, n = 0, 0.0, 0
    with torch.no_grad():
        for b in it:
            words, lens = b.text
            probs = F.softmax(net(words, lens), dim=1)
            pred = probs.argmax(dim=1)
            hit += (pred == b.stars).sum().item()
            # expected stars against true stars
            dist += ((probs * stars_of).sum(1) - stars_of[b.stars]).abs().sum().item()
            n += b.stars.size(0)
    return hit / n, dist / n


best = float('inf')
for epoch in range(1, 7):
    net.train()
    for b in train_iter:
        words, lens = b.text
        opt.zero_grad()
        F.cross_entropy(net(words, lens), b.stars).backward()
        opt.step()
    acc, mae = evaluate(valid_iter)
    print('epoch %d: valid acc %.4f, mean error %.3f stars' % (epoch, acc, mae))
    if mae < best:
        best = mae
        torch.save(dict(net=net.state_dict(), words=text_field.vocab.itos, stars=star_field.vocab.itos),
                   os.path.join(data_dir, 'starnet.pt'))

net.load_state_dict(torch.load(os.path.join(data_dir, 'starnet.pt'), map_location=device)['net'])
print('test acc %.4f, mean error %.3f stars' % evaluate(test_iter))


def stars(review):
    net.eval()
    toks = text_field.preprocess(review)
    words, lens = text_field.process([toks], device=device)
    with torch.no_grad():
        return int(star_field.vocab.itos[net(words, lens).argmax(1).item()])


for r in ['the pizza was cold and the waiter rude', 'absolutely wonderful little place !']:
    print(stars(r), '*', r)
