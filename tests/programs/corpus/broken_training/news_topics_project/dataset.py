import csv
from collections import Counter

import spacy
import torch
from torch.utils.data import Dataset

_nlp = spacy.blank("en")


def tokenize(text):
    return [t.text.lower() for t in _nlp.tokenizer(text) if not t.is_space and not t.is_punct]


def read_csv(path):
    """columns: topic, headline"""
    with open(path, encoding="utf-8", newline="") as f:
        rows = [(tokenize(r["headline"]), r["topic"]) for r in csv.DictReader(f)]
    return [(toks, topic) for toks, topic in rows if toks]


def build_vocab(rows, min_freq):
    counts = Counter(t for toks, _ in rows for t in toks)
    stoi = {"<pad>": 0, "<unk>": 1}
    for tok, c in counts.most_common():
        if c >= min_freq:
            stoi[tok] = len(stoi)
    return stoi


class NewsDataset(Dataset):
    def __init__(self, rows, stoi, topics):
        self.x = [torch.tensor([stoi.get(t, stoi["<unk>"]) for t in toks]) for toks, _ in rows]
        self.y = [topics.index(topic) for _, topic in rows]

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


def collate(batch):
    xs, ys = zip(*batch)
    x = torch.nn.utils.rnn.pad_sequence(xs, batch_first=True, padding_value=0)
    return x, torch.tensor(ys)
