import re

import pandas as pd
import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset


def words(text):
    return re.findall(r"[a-z]+|\d+", text.lower())


class Tickets(Dataset):
    """All tickets of the export, with the words left as words."""

    def __init__(self, path):
        df = pd.read_csv(path).dropna(subset=["body", "queue"]).drop_duplicates("body")
        self.queues = sorted(df["queue"].unique())
        self.rows = []
        for body, queue in zip(df["body"], df["queue"]):
            w = words(body)
            if w:
                self.rows.append((w, self.queues.index(queue)))

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]


class Collate:
    def __init__(self, vocab):
        self.vocab = vocab

    def __call__(self, batch):
        xs = [torch.tensor([self.vocab.get(w, 1) for w in words]) for words, _ in batch]
        return pad_sequence(xs, batch_first=True), torch.tensor([len(x) for x in xs]), torch.tensor([y for _, y in batch])
