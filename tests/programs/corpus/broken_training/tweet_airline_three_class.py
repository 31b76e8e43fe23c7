"""US airline tweets: negative / neutral / positive with an Elman RNN."""
import argparse
import csv
import random
import re
import sys

import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence

LABELS = ["negative", "neutral", "positive"]


def tokens(tweet):
    tweet = re.sub(r"@\w+", "@user", tweet.lower())
    tweet = re.sub(r"http\S+", "<url>", tweet)
    return re.findall(r"<url>|@user|#?\w+|[!?]|[:;]-?[()d]", tweet) or ["<nothing>"]


def load(path):
    with open(path, newline="", encoding="utf-8") as f:
        reader = csv.reader(f)
        header = next(reader)
        i_text, i_lab = header.index("text"), header.index("airline_sentiment")
        return [(tokens(row[i_text]), LABELS.index(row[i_lab])) for row in reader]


class Vocab(dict):
    unk = 0  # sequences are packed, so no padding index is needed

    def __init__(self, examples):
        super().__init__()
        for toks, _ in examples:
            for t in toks:
                if t not in self:
                    self[t] = len(self) + 1

    def ids(self, toks):
        return torch.tensor([self.get(t, self.unk) for t in toks])


class Elman(nn.Module):
    def __init__(self, n_vocab, emb, hid, layers, n_cls, p):
        super().__init__()
        self.embed = nn.Embedding(n_vocab, emb)
        self.rnn = nn.RNN(emb, hid, layers, nonlinearity="tanh", dropout=p)
        self.head = nn.Sequential(nn.Dropout(p), nn.Linear(hid, n_cls))

    def forward(self, seqs):
        packed = pack_sequence([self.embed(s) for s in seqs], enforce_sorted=False)
        _, h = self.rnn(packed)
        return self.head(h[0])  # <- lower_layer_read_as_the_last


def chunks(examples, vocab, size, shuffle, device):
    order = list(range(len(examples)))
    if shuffle:
        random.shuffle(order)
    for i in range(0, len(order), size):
        part = [examples[j] for j in order[i:i + size]]
        yield [vocab.ids(t).to(device) for t, _ in part], torch.tensor([y for _, y in part], device=device)


def confusion(model, examples, vocab, device, size=128):
    table = torch.zeros(len(LABELS), len(LABELS), dtype=torch.long)
    with torch.no_grad():
        for x, y in chunks(examples, vocab, size, False, device):  # <- evaluated_in_training_mode
            for gold, guess in zip(y.tolist(), model(x).argmax(1).tolist()):
                table[gold, guess] += 1
    return table


def report(table, name):
    acc = table.diag().sum().item() / table.sum().item()
    print(f"{name}: accuracy {acc:.4f}")
    for i, lab in enumerate(LABELS):
        tp = table[i, i].item()
        rec = tp / max(1, table[i].sum().item())
        prec = tp / max(1, table[:, i].sum().item())
        print(f"   {lab:9s} precision {prec:.3f} recall {rec:.3f}")


def main(argv):
    p = argparse.ArgumentParser()
    p.add_argument("csv", nargs="?", default="Tweets.csv")
    p.add_argument("--emb", type=int, default=50)
    p.add_argument("--hid", type=int, default=80)
    p.add_argument("--layers", type=int, default=2)
    p.add_argument("--dropout", type=float, default=0.3)
    p.add_argument("--epochs", type=int, default=10)
    p.add_argument("--seed", type=int, default=17)
    args = p.parse_args(argv)

    random.seed(args.seed)
    torch.manual_seed(args.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    examples = load(args.csv)
    random.shuffle(examples)
    a, b = int(.8 * len(examples)), int(.9 * len(examples))
    train, dev, test = examples[:a], examples[a:b], examples[b:]
    vocab = Vocab(train)
    model = Elman(len(vocab) + 1, args.emb, args.hid, args.layers, len(LABELS), args.dropout).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    for epoch in range(args.epochs):
        model.train()
        total, seen = 0., 0
        for x, y in chunks(train, vocab, 64, True, device):
            loss = nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.)
            optimizer.step()
            total += loss.item() * len(y)
            seen += len(y)
        print(f"epoch {epoch + 1}: loss {total / seen:.4f}")
        report(confusion(model, dev, vocab, device), "dev")
    report(confusion(model, test, vocab, device), "test")


if __name__ == "__main__":
    main(sys.argv[1:])
