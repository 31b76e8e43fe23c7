"""IMDB with a plain RNN, torchtext Field, nothing fancy. Usage: python imdb_vanilla_rnn_epochs.py --epochs 5"""
import argparse
import random
import sys

import torch
import torch.nn as nn
from torchtext import data, datasets


class VanillaRNN(nn.Module):
    def __init__(self, vocab, dim, hid, pad):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim, padding_idx=pad)
        self.rnn = nn.RNN(dim, hid)
        self.drop = nn.Dropout(0.3)
        self.fc = nn.Linear(hid, 1)

    def forward(self, text, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(self.emb(text), lengths.cpu())
        _, h = self.rnn(packed)
        return torch.sigmoid(self.fc(self.drop(h[-1]))).squeeze(1)  # <- sigmoid_applied_twice


def get_data(device, bs):
    text = data.Field(lower=True, tokenize=lambda s: s.replace("<br />", " ").split(), include_lengths=True)
    label = data.LabelField(dtype=torch.float)
    train, test = datasets.IMDB.splits(text, label)
    train, valid = train.split(0.9, random_state=random.getstate())
    text.build_vocab(train, max_size=20000)
    label.build_vocab(train)
    its = data.BucketIterator.splits((train, valid, test), batch_size=bs, device=device,
                                     sort_key=lambda e: len(e.text), sort_within_batch=True)
    return text, its


def epoch_pass(model, it, loss_fn, opt=None):
    total = right = n = 0
    for batch in it:
        x, lengths = batch.text
        out = model(x, lengths)
        loss = loss_fn(out, batch.label)
        if opt:
            loss.backward()  # <- gradients_not_zeroed
            nn.utils.clip_grad_norm_(model.parameters(), 0.25)
            opt.step()
        total += loss.item() * len(batch)
        right += ((out > 0.5).float() == batch.label).sum().item()
        n += len(batch)
    return total / n, right / n


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=5)
    ap.add_argument("--bs", type=int, default=64)
    ap.add_argument("--lr", type=float, default=1e-3)
    a = ap.parse_args()
    random.seed(0)
    torch.manual_seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    text, (train_it, valid_it, test_it) = get_data(device, a.bs)
    model = VanillaRNN(len(text.vocab), 100, 256, text.vocab.stoi["<pad>"]).to(device)
    loss_fn = nn.BCEWithLogitsLoss()
    opt = torch.optim.SGD(model.parameters(), lr=a.lr)

    for e in range(a.epochs):
        tl, ta = epoch_pass(model, train_it, loss_fn, opt)
        model.eval()  # <- training_mode_not_restored
        with torch.no_grad():
            vl, va = epoch_pass(model, valid_it, loss_fn)
        print("%d  train %.3f %.3f   valid %.3f %.3f" % (e, tl, ta, vl, va))
        sys.stdout.flush()

    with torch.no_grad():
        print("test %.3f %.3f" % epoch_pass(model, test_it, loss_fn))


if __name__ == "__main__":
    main()
