import argparse, copy, random
import torch
import torch.nn as nn
import torch.nn.functional as F
from torchtext import data, datasets
from torchtext.vocab import GloVe


def get_args():
    p = argparse.ArgumentParser(description='SST-2 with GloVe')
    p.add_argument('--epochs', default=10, type=int)
    p.add_argument('--lr', default=8e-4, type=float)
    p.add_argument('--batch', default=50, type=int)
    p.add_argument('--hid', default=168, type=int)
    p.add_argument('--gpu', default=-1, type=int)
    return p.parse_args()


class SSTClassifier(nn.Module):
    def __init__(self, vectors, pad, hid, classes, p=0.5):
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(vectors, freeze=False, padding_idx=pad)
        self.rnn = nn.LSTM(vectors.size(1), hid, batch_first=True, bidirectional=True)
        self.out = nn.Linear(hid * 2, classes)
        self.p = p

    def forward(self, text, lengths):
        emb = F.dropout(self.embedding(text), self.p, training=self.training)
        packed = nn.utils.rnn.pack_padded_sequence(emb, lengths.cpu(), batch_first=True)
        _, (h, _) = self.rnn(packed)
        last = torch.cat([h[0], h[1]], dim=-1)
        return self.out(F.dropout(last, self.p, training=self.training))


def run_eval(model, it):
    model.eval()
    hit = tot = 0
    with torch.no_grad():
        for b in it:
            x, n = b.text
            hit += model(x, n).argmax(-1).eq(b.label).sum().item()
            tot += b.label.size(0)
    return 100. * hit / tot


def main():
    args = get_args()
    random.seed(99)
    torch.manual_seed(99)
    device = torch.device('cpu' if args.gpu < 0 else 'cuda:%d' % args.gpu)

    TEXT = data.Field(lower=True, batch_first=True, include_lengths=True)
    LABEL = data.LabelField()
    train, dev, test = datasets.SST.splits(TEXT, LABEL, fine_grained=False, train_subtrees=False,
                                           filter_pred=lambda ex: ex.label != 'neutral')
    TEXT.build_vocab(train, vectors=GloVe('6B', dim=100, unk_init=lambda t: t.normal_(0, 0.4)))
    LABEL.build_vocab(train)
    train_it, dev_it, test_it = data.BucketIterator.splits(
        (train, dev, test), batch_size=args.batch, sort_key=lambda ex: len(ex.text), sort_within_batch=True, device=device)

    pad = TEXT.vocab.stoi['<pad>']
    vectors = TEXT.vocab.vectors.clone()
    vectors[pad] = 0.
    model = SSTClassifier(vectors, pad, args.hid, len(LABEL.vocab)).to(device)
    opt = torch.optim.Adam(model.parameters(), lr=args.lr)

    best, best_state, wait = 0., None, 0
    for ep in range(args.epochs):
        model.train()
        loss_sum, n_ex = 0., 0
        for b in train_it:
            x, n = b.text
            opt.zero_grad()
            loss = F.cross_entropy(model(x, n), b.label)
            loss.backward()
            opt.step()
            loss_sum += loss.item() * b.label.size(0)
            n_ex += b.label.size(0)
        acc = run_eval(model, dev_it)
        print('epoch %2d  loss %.4f  dev %.2f' % (ep, loss_sum / n_ex, acc))
        if acc > best:
            best, best_state, wait = acc, copy.deepcopy(model.state_dict()), 0
        else:
            wait += 1
            if wait == 3:
                print('no gain for 3 epochs, stopping')
                break
    model.load_state_dict(best_state)
    print('best dev %.2f  test %.2f' % (best, run_eval(model, test_it)))
    torch.save({'state': best_state, 'vocab': TEXT.vocab.itos, 'labels': LABEL.vocab.itos}, 'sst2.pt')


if __name__ == '__main__':
    main()
