import torch
import torch.nn as nn
import torch.nn.functional as F
from torchtext import data
from torchtext import datasets
import argparse, time, copy

ap = argparse.ArgumentParser(description='SST fine grained, LSTM + attention')
ap.add_argument('--batch', type=int, default=50)
ap.add_argument('--hidden', type=int, default=150)
ap.add_argument('--dim', type=int, default=100)
ap.add_argument('--epochs', type=int, default=15)
ap.add_argument('--lr', type=float, default=5e-4)
ap.add_argument('--wd', type=float, default=1e-5)
args = ap.parse_args()

torch.manual_seed(42)
dev = torch.device('cuda') if torch.cuda.is_available() else torch.device('cpu')

TEXT = data.Field(lower=True, batch_first=True)
LABEL = data.LabelField()
train_ds, val_ds, test_ds = datasets.SST.splits(TEXT, LABEL, fine_grained=True)
TEXT.build_vocab(train_ds, min_freq=2)
LABEL.build_vocab(train_ds)
PAD = TEXT.vocab.stoi['<pad>']
train_it, val_it, test_it = data.BucketIterator.splits((train_ds, val_ds, test_ds), batch_size=args.batch,  # <- iterator_does_not_bucket
                                                       sort_key=lambda e: len(e.text), device=dev)


class Attention(nn.Module):
    """ additive attention over the steps of the encoder """
    def __init__(self, dim):
        super().__init__()
        self.proj = nn.Linear(dim, dim)
        self.score = nn.Linear(dim, 1, bias=False)

    def forward(self, enc):
        # enc: [B, T, D]
        e = self.score(torch.tanh(self.proj(enc)))
        a = F.softmax(e, dim=1)  # <- padding_averaged_into_the_review
        ctx = (a * enc).sum(1)
        return ctx, a


class AttnLSTM(nn.Module):
    def __init__(self, n_vocab, n_out):
        super().__init__()
        self.emb = nn.Embedding(n_vocab, args.dim, padding_idx=PAD)
        self.rnn = nn.LSTM(args.dim, args.hidden, batch_first=True, bidirectional=True)
        self.att = Attention(2 * args.hidden)
        self.drop = nn.Dropout(.5)
        self.out = nn.Linear(2 * args.hidden, n_out)

    def forward(self, x):
        enc, _ = self.rnn(self.drop(self.emb(x)))
        ctx, _ = self.att(enc)
        return self.out(self.drop(ctx))


net = AttnLSTM(len(TEXT.vocab), len(LABEL.vocab)).to(dev)
opt = torch.optim.Adam(net.parameters(), lr=args.lr, weight_decay=args.wd)
crit = nn.CrossEntropyLoss()


def test(it):
    net.eval()
    ok = n = 0
    with torch.no_grad():
        for b in it:
            ok += (net(b.text).argmax(1) == b.label).sum().item()
            n += b.label.numel()
    return ok / n


best, best_sd = 0., copy.deepcopy(net.state_dict())
for ep in range(args.epochs):
    t0 = time.time()
    net.train()
    seen = lsum = 0
    for b in train_it:
        opt.zero_grad()
        loss = crit(net(b.text), b.label)
        loss.backward()
        opt.step()
        nn.utils.clip_grad_norm_(net.parameters(), 5.)  # <- gradients_clipped_after_the_step
        lsum += loss.item() * b.label.numel()
        seen += b.label.numel()
    va = test(val_it)
    print('ep %2d  loss %.4f  val %.4f  (%.1fs)' % (ep, lsum / seen, va, time.time() - t0))
    if va > best:
        best = va
        best_sd = copy.deepcopy(net.state_dict())

net.load_state_dict(best_sd)
print('test accuracy: %.4f' % test(test_it))
