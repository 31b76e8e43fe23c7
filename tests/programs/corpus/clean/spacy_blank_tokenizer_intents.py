"""Intent classification for a banking chat bot. spaCy's tokenizer alone, GRU, shared weights file with vocabulary."""
import argparse
import collections
import csv
import dataclasses
import json
import pathlib
import typing as t

import spacy
import torch
import torch.nn as nn
from torch.nn.utils import rnn as R

nlp = spacy.blank("en")          # nothing but a tokenizer


@dataclasses.dataclass
class Settings:
    train: str = "banking77/train.csv"
    test: str = "banking77/test.csv"
    out: str = "banking77/run"
    dim: int = 100
    hidden: int = 128
    dropout: float = 0.3
    batch: int = 32
    epochs: int = 20
    patience: int = 4
    lr: float = 2e-3
    seed: int = 6


def tokens(text: str) -> t.List[str]:
    return [tok.lower_ for tok in nlp(text) if not tok.is_space]


def load(path: str) -> t.Tuple[t.List[t.List[str]], t.List[str]]:
    with open(path, newline="", encoding="utf-8") as f:
        rows = list(csv.DictReader(f))            # text,category
    return [tokens(r["text"]) for r in rows], [r["category"] for r in rows]


class IntentGRU(nn.Module):
    def __init__(self, n_words: int, n_intents: int, s: Settings):
        super().__init__()
        self.emb = nn.Embedding(n_words, s.dim, padding_idx=0)
        self.gru = nn.GRU(s.dim, s.hidden, bidirectional=True, batch_first=True)
        self.drop = nn.Dropout(s.dropout)
        self.out = nn.Linear(2 * s.hidden, n_intents)

    def forward(self, x: torch.Tensor, n: torch.Tensor) -> torch.Tensor:
        y, _ = self.gru(R.pack_padded_sequence(self.drop(self.emb(x)), n, batch_first=True, enforce_sorted=False))
        y, n = R.pad_packed_sequence(y, batch_first=True)
        fwd, bwd = y.chunk(2, dim=2)
        rows = torch.arange(y.size(0))
        # forward: each sentence's own last word; backward: it ends at the first word
        both = torch.cat([fwd[rows, n - 1], bwd[:, 0]], dim=1)
        return self.out(self.drop(both))


class Intents:
    def __init__(self, s: Settings):
        self.s = s

    def build(self, xs, ys):
        freq = collections.Counter(w for x in xs for w in x)
        self.words = ["<pad>", "<unk>"] + [w for w, c in freq.most_common() if c > 1]
        self.intents = sorted(set(ys))
        self._index()
        self.model = IntentGRU(len(self.words), len(self.intents), self.s)

    def _index(self):
        self.w2i = {w: i for i, w in enumerate(self.words)}
        self.i2i = {c: i for i, c in enumerate(self.intents)}

    def batch(self, xs):
        ids = [torch.tensor([self.w2i.get(w, 1) for w in x]) for x in xs]
        return R.pad_sequence(ids, batch_first=True), torch.tensor([len(i) for i in ids])

    def fit(self, xs, ys, dev_x, dev_y):
        gold = torch.tensor([self.i2i[y] for y in ys])
        opt = torch.optim.Adam(self.model.parameters(), lr=self.s.lr)
        loss_fn = nn.CrossEntropyLoss()
        best, bad = 0.0, 0
        for epoch in range(self.s.epochs):
            self.model.train()
            total = 0.0
            for sel in torch.randperm(len(xs)).split(self.s.batch):
                x, n = self.batch([xs[i] for i in sel.tolist()])
                loss = loss_fn(self.model(x, n), gold[sel])
                opt.zero_grad()
                loss.backward()
                opt.step()
                total += loss.item() * len(sel)
            acc = self.score(dev_x, dev_y)
            print(f"{epoch:3d} {total / len(xs):.4f} {acc:.4f}")
            if acc > best:
                best, bad = acc, 0
                self.save()
            else:
                bad += 1
                if bad == self.s.patience:
                    break
        self.load()

    def predict(self, xs):
        self.model.eval()
        out = []
        with torch.no_grad():
            for i in range(0, len(xs), 256):
                out += self.model(*self.batch(xs[i : i + 256])).argmax(1).tolist()
        return [self.intents[k] for k in out]

    def score(self, xs, ys):
        return sum(p == y for p, y in zip(self.predict(xs), ys)) / len(ys)

    def save(self):
        out = pathlib.Path(self.s.out)
        out.mkdir(parents=True, exist_ok=True)
        (out / "vocab.json").write_text(json.dumps({"words": self.words, "intents": self.intents}))
        torch.save(self.model.state_dict(), out / "weights.pt")

    def load(self):
        out = pathlib.Path(self.s.out)
        saved = json.loads((out / "vocab.json").read_text())
        self.words, self.intents = saved["words"], saved["intents"]
        self._index()
        self.model = IntentGRU(len(self.words), len(self.intents), self.s)
        self.model.load_state_dict(torch.load(out / "weights.pt"))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("mode", choices=["train", "ask"])
    mode = ap.parse_args().mode
    s = Settings()
    torch.manual_seed(s.seed)
    bot = Intents(s)
    if mode == "train":
        xs, ys = load(s.train)
        perm = torch.randperm(len(xs), generator=torch.Generator().manual_seed(s.seed)).tolist()
        dev, rest = perm[: len(xs) // 10], perm[len(xs) // 10 :]
        tx, ty = [xs[i] for i in rest], [ys[i] for i in rest]
        bot.build(tx, ty)
        bot.fit(tx, ty, [xs[i] for i in dev], [ys[i] for i in dev])
        print("test", bot.score(*load(s.test)))
    else:
        bot.load()
        while question := input("> ").strip():
            print(bot.predict([tokens(question)])[0])


if __name__ == "__main__":
    main()
