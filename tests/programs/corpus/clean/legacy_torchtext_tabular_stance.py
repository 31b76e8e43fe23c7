# stance of tweets (favor / against / none), torchtext.legacy, json files, two text fields
import random
import re
import torch
from torch import nn
from torchtext.legacy.data import BucketIterator, Field, RawField, TabularDataset

torch.manual_seed(5)
random.seed(5)
DEV = torch.device('cuda' if torch.cuda.is_available() else 'cpu')


def tok(s):
    return re.findall(r"[#@]?\w+|[^\w\s]", s.lower())


ID = RawField()
ID.is_target = False
TWEET = Field(tokenize=tok, batch_first=True, include_lengths=True)
TARGET = Field(tokenize=tok, batch_first=True, include_lengths=True)
STANCE = Field(sequential=False, unk_token=None, pad_token=None, is_target=True)

fields = {'id': ('id', ID), 'tweet': ('tweet', TWEET), 'target': ('target', TARGET), 'stance': ('stance', STANCE)}
train, dev, test = TabularDataset.splits(path='stance', train='train.json', validation='dev.json', test='test.json',
                                         format='json', fields=fields)
TWEET.build_vocab(train.tweet, train.target, min_freq=2)
TARGET.vocab = TWEET.vocab              # one vocabulary for both
STANCE.build_vocab(train)

train_it = BucketIterator(train, 32, sort_key=lambda e: len(e.tweet), device=DEV, train=True, shuffle=True)  # <- iterator_does_not_bucket
dev_it = BucketIterator(dev, 128, sort_key=lambda e: len(e.tweet), device=DEV, train=False, sort=False)
test_it = BucketIterator(test, 128, sort_key=lambda e: len(e.tweet), device=DEV, train=False, sort=False, shuffle=False)


class Encoder(nn.Module):
    def __init__(self, dim, hid):
        super().__init__()
        self.gru = nn.GRU(dim, hid, batch_first=True, bidirectional=True)

    def forward(self, x, lens):
        p = nn.utils.rnn.pack_padded_sequence(x, lens.cpu(), batch_first=True, enforce_sorted=False)
        _, h = self.gru(p)
        return torch.cat([h[-2], h[-1]], 1)


class StanceNet(nn.Module):
    def __init__(self, vocab, classes, dim=100, hid=64):
        super().__init__()
        self.emb = nn.Embedding(len(vocab), dim, padding_idx=vocab.stoi['<pad>'])
        self.enc = nn.ModuleDict({'tweet': Encoder(dim, hid), 'target': Encoder(dim, hid)})
        self.mlp = nn.Sequential(nn.Dropout(0.4), nn.Linear(4 * hid, 64), nn.ReLU(), nn.Linear(64, classes))

    def forward(self, b):
        both = [self.enc[k](self.emb(getattr(b, k)[0]), getattr(b, k)[1]) for k in ('tweet', 'target')]
        return self.mlp(torch.cat(both, 1))


net = StanceNet(TWEET.vocab, len(STANCE.vocab)).to(DEV)
opt = torch.optim.Adam(net.parameters(), 1e-3)
weight = torch.tensor([len(train) / STANCE.vocab.freqs[s] for s in STANCE.vocab.itos])
crit = nn.CrossEntropyLoss(weight=(weight / weight.sum()).to(DEV))


def macro_f1(it):
    net.eval()
    C = len(STANCE.vocab)
    tp, fp, fn = [0] * C, [0] * C, [0] * C
    with torch.no_grad():
        for b in it:
            for g, p in zip(b.stance.tolist(), net(b).argmax(1).tolist()):
                if g == p:
                    tp[g] += 1
                else:
                    fp[p] += 1
                    fn[g] += 1
    return sum(2 * tp[c] / max(1, 2 * tp[c] + fp[c] + fn[c]) for c in range(C)) / C


best_f1, state = -1.0, None
for ep in range(15):
    net.train()
    for b in train_it:
        opt.zero_grad()
        crit(net(b), b.stance).backward()
        opt.step()
    f1 = macro_f1(dev_it)
    print('epoch %d dev macro F1 %.4f' % (ep, f1))
    if f1 > best_f1:
        best_f1 = f1
        state = {k: v.cpu().clone() for k, v in net.state_dict().items()}

net.load_state_dict(state)
print('test macro F1 %.4f' % macro_f1(test_it))

net.eval()
with open('stance/predictions.tsv', 'w') as out, torch.no_grad():
    for b in test_it:
        # the id travels in the batch with the text
        for i, p in zip(b.id, net(b).argmax(1).tolist()):
            out.write('%s\t%s\n' % (i, STANCE.vocab.itos[p]))
