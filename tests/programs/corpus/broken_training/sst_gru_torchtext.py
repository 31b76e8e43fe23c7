import argparse
import random

import torch
import torch.nn as nn
import torch.optim as optim
from torchtext import data, datasets


class SSTClassifier(nn.Module):
    def __init__(self, n_vocab, pad_idx, emb_dim, hid_dim, n_out, dropout):
        super().__init__()
        self.embed = nn.Embedding(n_vocab, emb_dim, padding_idx=pad_idx)
        self.gru = nn.GRU(emb_dim, hid_dim, num_layers=2, bidirectional=True, dropout=dropout, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(hid_dim * 2, n_out)

    def forward(self, text, lengths):
        emb = self.dropout(self.embed(text))
        packed = nn.utils.rnn.pack_padded_sequence(emb, lengths.cpu(), batch_first=True, enforce_sorted=False)
        states, _ = self.gru(packed)
        states, _ = nn.utils.rnn.pad_packed_sequence(states, batch_first=True)
        rows = torch.arange(states.size(0), device=states.device)
        last = states[rows, lengths - 1]  # <- backward_direction_read_at_the_wrong_end
        return self.out(self.dropout(last))


def train_epoch(model, it, opt, crit):
    total, n = 0.0, 0
    for batch in it:
        text, lengths = batch.text
        opt.zero_grad()
        loss = crit(model(text, lengths), batch.label)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        opt.step()
        total += loss.item() * batch.label.size(0)
        n += batch.label.size(0)
    return total / n


def accuracy(model, it):
    model.eval()  # <- training_mode_not_restored
    good, n = 0, 0
    with torch.no_grad():
        for batch in it:
            text, lengths = batch.text
            pred = model(text, lengths).argmax(dim=1)
            good += (pred == batch.label).sum().item()
            n += batch.label.size(0)
    return 100.0 * good / n


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=8)
    ap.add_argument("--batch-size", type=int, default=50)
    ap.add_argument("--lr", type=float, default=5e-4)
    ap.add_argument("--emb", type=int, default=300)
    ap.add_argument("--hid", type=int, default=150)
    ap.add_argument("--dropout", type=float, default=0.5)
    ap.add_argument("--seed", type=int, default=11)
    args = ap.parse_args()

    random.seed(args.seed)
    torch.manual_seed(args.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    TEXT = data.Field(lower=True, include_lengths=True, batch_first=True)
    LABEL = data.LabelField()
    train, dev, test = datasets.SST.splits(TEXT, LABEL, root=".data", fine_grained=False,
                                           filter_pred=lambda ex: ex.label != "neutral")
    TEXT.build_vocab(train, vectors="glove.6B.300d", unk_init=torch.Tensor.normal_, min_freq=2)
    LABEL.build_vocab(train)

    train_it, dev_it, test_it = data.BucketIterator.splits(
        (train, dev, test), batch_size=args.batch_size, device=device,
        sort_key=lambda ex: len(ex.text), sort_within_batch=True)

    pad = TEXT.vocab.stoi[TEXT.pad_token]
    model = SSTClassifier(len(TEXT.vocab), pad, args.emb, args.hid, len(LABEL.vocab), args.dropout)
    model.embed.weight.data.copy_(TEXT.vocab.vectors)
    model.embed.weight.data[pad] = 0.0
    model = model.to(device)

    opt = optim.Adam(model.parameters(), lr=args.lr)
    crit = nn.CrossEntropyLoss()

    model.train()
    for epoch in range(1, args.epochs + 1):
        loss = train_epoch(model, train_it, opt, crit)
        print("epoch {:2d}  loss {:.4f}  dev acc {:.2f}".format(epoch, loss, accuracy(model, dev_it)))

    print("test acc {:.2f}".format(accuracy(model, test_it)))


if __name__ == "__main__":
    main()
