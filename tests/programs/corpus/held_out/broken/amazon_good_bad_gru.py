# 1 = good, 0 = bad. csv with header: body,good
import torch
import torch.nn as nn
import torchtext.data as data
import random

torch.manual_seed(77); random.seed(77)
BODY = data.Field(tokenize=lambda t: t.split(), lower=True, include_lengths=True)
GOOD = data.LabelField(dtype=torch.float)
tr, te = data.TabularDataset.splits(path='amazon', train='train.csv', test='test.csv', format='csv', skip_header=True,
                                    fields=[('body', BODY), ('good', GOOD)])
BODY.build_vocab(tr, min_freq=2)
GOOD.build_vocab(tr)
tr_it, te_it = data.BucketIterator.splits((tr, te), batch_size=64, sort_key=lambda x: len(x.body), sort_within_batch=True)


class Net(nn.Module):
    def __init__(self, n, pad):
        super().__init__()
        self.emb = nn.Embedding(n, 100, padding_idx=pad)
        self.gru = nn.GRU(100, 100, bidirectional=True)
        self.lin = nn.Linear(200, 1)

    def forward(self, x, n):
        _, h = self.gru(nn.utils.rnn.pack_padded_sequence(self.emb(x), n.cpu()))
        return self.lin(torch.cat((h[0], h[1]), 1))[:, 0]


net = Net(len(BODY.vocab), BODY.vocab.stoi['<pad>'])
opt = torch.optim.Adam(net.parameters())
lf = nn.BCEWithLogitsLoss()
for ep in range(5):
    net.train()
    s = c = 0
    for b in tr_it:
        opt.zero_grad()
        out = net(*b.body)
        loss = lf(out, b.good)
        loss.backward()
        opt.step()
        s += loss.item() * len(out)
        c += len(out)
    print(ep, s / c)
net.eval()
ok = c = 0
with torch.no_grad():
    for b in te_it:
        ok += ((net(*b.body) > 0).float() == b.good).sum().item()
        c += b.good.size(0)
print('test accuracy', ok / c)


def is_it_good(review):
    toks = BODY.preprocess(review)
    x = torch.tensor([BODY.vocab.stoi[t] for t in toks]).unsqueeze(1)
    net.eval()
    with torch.no_grad():
        p = torch.sigmoid(net(x, torch.tensor([len(toks)]))).item()
    return 'good (%.2f)' % p if p > 0.5 else 'bad (%.2f)' % (1 - p)  # <- labels_swapped_by_frequency


print(is_it_good('works very well and my children love it'))
print(is_it_good('broke after two days , do not buy'))
