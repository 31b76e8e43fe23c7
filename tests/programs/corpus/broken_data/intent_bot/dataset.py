import json
import random
import re
from collections import Counter

import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset

PAD, UNK = 0, 1


def tokenize(utterance):
    return re.findall(r"\w+|[?!]", utterance.lower())


def read_intents(path):
    with open(path, encoding="utf-8") as f:
        rows = [json.loads(line) for line in f if line.strip()]
    unique = {r["text"]: r["intent"] for r in rows}
    return [(tokenize(t), i) for t, i in sorted(unique.items()) if tokenize(t)]


def split_rows(rows, seed, val=0.1, test=0.2):
    """Returns (train, val, test)."""
    rows = list(rows)
    random.Random(seed).shuffle(rows)
    n_val, n_test = int(len(rows) * val), int(len(rows) * test)
    return rows[n_val + n_test:], rows[:n_val], rows[n_val:n_val + n_test]


class Vocabulary:
    def __init__(self, token_lists, min_count=1):
        counts = Counter(t for toks in token_lists for t in toks)
        self.itos = ["<pad>", "<unk>"] + sorted(w for w, c in counts.items() if c >= min_count)
        self.stoi = {w: i for i, w in enumerate(self.itos)}

    def __len__(self):
        return len(self.itos)

    def encode(self, tokens):
        return [self.stoi.get(t, UNK) for t in tokens]


class IntentDataset(Dataset):
    def __init__(self, rows, vocab, intent2id):
        self.data = [(torch.tensor(vocab.encode(t)), intent2id[i]) for t, i in rows]

    def __len__(self):
        return len(self.data)

    def __getitem__(self, k):
        return self.data[k]


def collate(batch):
    xs, ys = zip(*batch)
    lengths = torch.tensor([len(x) for x in xs])
    return pad_sequence(xs, batch_first=True, padding_value=PAD), lengths, torch.tensor(ys)
