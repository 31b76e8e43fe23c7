import csv
import re
from collections import Counter

import torch
from torch.nn.utils.rnn import pad_sequence

PAD, UNK = 0, 1


def tokenize(text):
    text = re.sub(r"\b[A-Z]{2,}-\d+\b", " ticketid ", text)
    text = re.sub(r"\d+", " 0 ", text.lower())
    return re.findall(r"\w+", text) or ["empty"]


def read(path, classes):
    with open(path, newline="", encoding="utf-8") as f:
        return [(tokenize(r["subject"] + " " + r["body"]), classes.index(r["priority"])) for r in csv.DictReader(f)]


def build_vocab(rows, min_count=2):
    counts = Counter(w for words, _ in rows for w in words)
    return {w: i for i, w in enumerate((w for w, c in counts.most_common() if c >= min_count), start=2)}


class Collate:
    def __init__(self, vocab):
        self.vocab = vocab

    def __call__(self, rows):
        ids = [torch.tensor([self.vocab.get(w, UNK) for w in words]) for words, _ in rows]
        lengths = torch.tensor([len(i) for i in ids])
        labels = torch.tensor([y for _, y in rows])
        return pad_sequence(ids, batch_first=True, padding_value=PAD), lengths, labels
