import random
import sys
import torch
import torch.nn as nn
from torchtext.data import Field, LabelField, TabularDataset, BucketIterator

# tsv with header: subject <tab> kind   (kind: promo / personal / update)

SEED = 5
random.seed(SEED)
torch.manual_seed(SEED)
DEV = torch.device('cuda' if torch.cuda.is_available() else 'cpu')

SUBJECT = Field(lower=True, batch_first=True, pad_first=True, tokenize=str.split)
KIND = LabelField()
cols = [('subject', SUBJECT), ('kind', KIND)]
train, valid, test = TabularDataset.splits('data/newsletters', train='train.tsv', validation='valid.tsv', test='test.tsv',
                                           format='tsv', skip_header=True, fields=cols)
SUBJECT.build_vocab(train, min_freq=2)
KIND.build_vocab(train)
print('classes:', KIND.vocab.itos)
iters = BucketIterator.splits((train, valid, test), batch_sizes=(32, 64, 64), device=DEV,  # <- iterator_does_not_bucket
                              sort_key=lambda e: len(e.subject), sort_within_batch=False)
train_it, valid_it, test_it = iters


class SubjectRNN(nn.Module):
    def __init__(self, n_words, pad, n_out):
        super().__init__()
        self.embedding = nn.Embedding(n_words, 50, padding_idx=pad)
        self.rnn = nn.RNN(50, 100, batch_first=True)
        self.out = nn.Linear(100, n_out)

    def forward(self, x):
        states, hidden = self.rnn(self.embedding(x))
        final = states[-1, :, :]  # <- last_review_read_as_last_step
        return self.out(final)


net = SubjectRNN(len(SUBJECT.vocab), SUBJECT.vocab.stoi['<pad>'], len(KIND.vocab)).to(DEV)
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
ce = nn.CrossEntropyLoss()


def rate(it):
    net.eval()
    hit = n = 0
    with torch.no_grad():
        for b in it:
            hit += (net(b.subject).argmax(1) == b.kind).sum().item()
            n += b.kind.size(0)
    return hit / n


for e in range(int(sys.argv[1]) if len(sys.argv) > 1 else 8):
    net.train()
    tot = n = 0
    for b in train_it:
        opt.zero_grad()
        loss = ce(net(b.subject), b.kind)
        loss.backward()
        opt.step()
        tot += loss.item() * b.kind.size(0)
        n += b.kind.size(0)
    print('%d: %.4f  valid %.4f' % (e, tot / n, rate(valid_it)))
print('test %.4f' % rate(test_it))
torch.save({'net': net.state_dict(), 'words': SUBJECT.vocab.itos, 'kinds': KIND.vocab.itos}, 'subject_rnn.pt')
