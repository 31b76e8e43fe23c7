"""Documents as sentences of words: a GRU over words, then a GRU over sentences (small hierarchical network)."""
import argparse
import json
import random
import re
from collections import Counter

import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence


def split_document(text):
    sentences = [re.findall(r"[a-z]+", s) for s in re.split(r"[.!?]+", text.lower())]
    return [s for s in sentences if s]


def read(path):
    docs = []
    for line in open(path, encoding="utf-8"):
        rec = json.loads(line)
        sentences = split_document(rec["text"])
        if sentences:
            docs.append((sentences, rec["label"]))
    return docs


class Encoder(nn.Module):
    """The last states of both directions of a list of sequences (size, dim)."""

    def __init__(self, in_dim, out_dim):
        super().__init__()
        self.gru = nn.GRU(in_dim, out_dim // 2, bidirectional=True)

    def forward(self, sequences):
        _, h = self.gru(pack_sequence(sequences, enforce_sorted=False))
        return torch.cat((h[0], h[1]), dim=1)


class HierarchicalGRU(nn.Module):
    def __init__(self, n_words, n_classes, dim=100):
        super().__init__()
        self.emb = nn.Embedding(n_words, dim)
        self.words = Encoder(dim, dim)
        self.sentences = Encoder(dim, dim)
        self.drop = nn.Dropout(0.3)
        self.fc = nn.Linear(dim, n_classes)

    def forward(self, docs):
        flat = [self.drop(self.emb(s)) for doc in docs for s in doc]
        encoded = self.words(flat)
        per_doc = torch.split(encoded, [len(doc) for doc in docs])
        return self.fc(self.drop(self.sentences(list(per_doc))))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--dir", default="data/arxiv_abstracts")
    ap.add_argument("--batch", type=int, default=16)
    ap.add_argument("--epochs", type=int, default=4)
    args = ap.parse_args()
    random.seed(21)
    torch.manual_seed(21)

    train, valid, test = (read(f"{args.dir}/{part}.jsonl") for part in ("train", "valid", "test"))
    classes = sorted({label for _, label in train})
    counts = Counter(w for doc, _ in train for s in doc for w in s)
    stoi = {w: i + 1 for i, (w, c) in enumerate(counts.most_common()) if c > 1}      # 0 is the unknown word

    def tensors(docs):
        return [([torch.tensor([stoi.get(w, 0) for w in s]) for s in doc], classes.index(y)) for doc, y in docs]

    train, valid, test = tensors(train), tensors(valid), tensors(test)
    model = HierarchicalGRU(len(stoi) + 1, len(classes))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.CrossEntropyLoss()

    def batches(data):
        for i in range(0, len(data), args.batch):
            chunk = data[i:i + args.batch]
            yield [doc for doc, _ in chunk], torch.tensor([y for _, y in chunk])

    def accuracy(data):
        model.eval()
        with torch.no_grad():
            return sum((model(docs).argmax(1) == y).sum().item() for docs, y in batches(data)) / len(data)

    for epoch in range(args.epochs):
        random.shuffle(train)
        model.train()
        for docs, y in batches(train):
            optimizer.zero_grad()
            loss = criterion(model(docs), y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 2.0)
            optimizer.step()
        print(f"epoch {epoch}: train {accuracy(train):.3f} valid {accuracy(valid):.3f}")
    print(f"test {accuracy(test):.3f}")


if __name__ == "__main__":
    main()
