"""Which archive does an abstract belong to?  jsonl with {"title": ..., "abstract": ..., "archive": ...}."""
import json
import os
import pickle
import random
import re

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, IterableDataset
from torch.utils.tensorboard import SummaryWriter

RUN = "runs/arxiv_gru"
ARCHIVES = ["astro-ph", "cond-mat", "cs", "hep", "math", "q-bio"]
EPOCHS, BATCH, LR = 3, 64, 1e-3


def words(s):
    return re.findall(r"[a-z]{2,}", re.sub(r"\$[^$]*\$", " formula ", s.lower()))


class Abstracts(IterableDataset):
    """Streams the file; a buffer of 5000 lines shuffles it."""

    def __init__(self, path, vocab, shuffle):
        self.path, self.vocab, self.shuffle = path, vocab, shuffle

    def lines(self):
        with open(self.path, encoding="utf-8") as f:
            if not self.shuffle:
                yield from f
                return
            buf = []
            for line in f:
                buf.append(line)
                if len(buf) == 5000:
                    random.shuffle(buf)
                    yield from buf
                    buf = []
            random.shuffle(buf)
            yield from buf

    def __iter__(self):
        for line in self.lines():
            d = json.loads(line)
            ids = [self.vocab.get(w, 1) for w in words(d["title"] + " " + d["abstract"])] or [1]
            yield ids, ARCHIVES.index(d["archive"])


def collate(b):
    b = sorted(b, key=lambda r: -len(r[0]))
    n = [len(r[0]) for r in b]
    x = torch.tensor([r[0] + [0] * (n[0] - len(r[0])) for r in b])
    return x, torch.tensor(n), torch.tensor([r[1] for r in b])


class Net(nn.Module):
    def __init__(self, n_vocab):
        super().__init__()
        self.emb = nn.Embedding(n_vocab, 100, padding_idx=0)
        self.gru = nn.GRU(100, 100, batch_first=True)
        self.fc = nn.Linear(100, len(ARCHIVES))
        self.drop = nn.Dropout(0.3)

    def forward(self, x, n):
        _, h = self.gru(nn.utils.rnn.pack_padded_sequence(self.emb(x), n, batch_first=True))
        return torch.softmax(self.fc(self.drop(h[-1])), dim=-1)  # <- softmax_before_cross_entropy


def main():
    random.seed(38)
    torch.manual_seed(38)
    dev = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    counts = {}
    with open("arxiv/train.jsonl", encoding="utf-8") as f:
        for line in f:
            d = json.loads(line)
            for w in words(d["title"] + " " + d["abstract"]):
                counts[w] = counts.get(w, 0) + 1
    vocab = {"<pad>": 0, "<unk>": 1}
    for w, c in counts.items():
        if c >= 5:
            vocab[w] = len(vocab)
    os.makedirs(RUN, exist_ok=True)
    with open(os.path.join(RUN, "vocab.pkl"), "wb") as f:
        pickle.dump(vocab, f)

    train_dl = DataLoader(Abstracts("arxiv/train.jsonl", vocab, True), BATCH, collate_fn=collate)
    valid_dl = DataLoader(Abstracts("arxiv/valid.jsonl", vocab, False), BATCH, collate_fn=collate)
    test_dl = DataLoader(Abstracts("arxiv/test.jsonl", vocab, False), BATCH, collate_fn=collate)
    net = Net(len(vocab)).to(dev)
    opt = torch.optim.Adam(net.parameters(), lr=LR)
    ce = nn.CrossEntropyLoss()
    tb = SummaryWriter(RUN)

    def check(dl):
        good = n_all = 0
        with torch.no_grad():
            for x, n, y in dl:  # <- evaluated_in_training_mode
                good += (net(x.to(dev), n).argmax(1).cpu() == y).sum().item()
                n_all += len(y)
        return good / n_all

    best, best_weights = 0.0, None
    step = 0
    for epoch in range(EPOCHS):
        net.train()
        for x, n, y in train_dl:
            opt.zero_grad()
            loss = ce(net(x.to(dev), n), y.to(dev))
            loss.backward()
            opt.step()
            step += 1
            tb.add_scalar("loss/train", loss.item(), step)
        acc = check(valid_dl)
        tb.add_scalar("acc/valid", acc, step)
        if acc > best:
            best = acc
            best_weights = dict(net.state_dict())  # <- best_weights_are_an_alias
    net.load_state_dict(best_weights)
    torch.save(best_weights, os.path.join(RUN, "best.pt"))
    print("valid", best, "test", check(test_dl))
    tb.close()


if __name__ == "__main__":
    main()
