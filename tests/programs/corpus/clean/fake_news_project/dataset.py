import re

import pandas as pd
import torch
from sklearn.model_selection import train_test_split
from torch.utils.data import Dataset

WORD = re.compile(r"[a-z]{2,}")


def load_frame(cfg):
    true = pd.read_csv(cfg["true_csv"])
    fake = pd.read_csv(cfg["fake_csv"])
    true["label"], fake["label"] = 1, 0
    # nearly all true articles begin with "CITY (Reuters) -"
    true["text"] = true["text"].str.replace(r"^.{0,60}\(Reuters\) - ", "", regex=True)
    frame = pd.concat([true, fake], ignore_index=True)[["title", "text", "label"]]
    frame = frame.drop_duplicates(subset="text")
    frame = frame[frame["text"].str.strip().str.len() > 50]
    return frame.reset_index(drop=True)


def split(frame, seed):
    train, rest = train_test_split(frame, test_size=0.3, random_state=seed, stratify=frame["label"])
    valid, test = train_test_split(rest, test_size=0.5, random_state=seed, stratify=rest["label"])
    return train, valid, test


class Vocab:
    def __init__(self, itos):
        self.itos = itos
        self.stoi = {w: i for i, w in enumerate(itos)}

    @classmethod
    def build(cls, token_lists, min_freq):
        freq = {}
        for toks in token_lists:
            for t in toks:
                freq[t] = freq.get(t, 0) + 1
        return cls(["<pad>", "<unk>"] + sorted(t for t in freq if freq[t] >= min_freq))

    def __call__(self, toks):
        return [self.stoi.get(t, 1) for t in toks]

    def __len__(self):
        return len(self.itos)


def tokenize(title, text, limit):
    return WORD.findall(f"{title} {text}".lower())[:limit]


class Articles(Dataset):
    def __init__(self, token_lists, labels, vocab):
        self.ids = [vocab(t) for t in token_lists]
        self.labels = list(labels)

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, i):
        return self.ids[i], self.labels[i]


def collate(batch):
    batch.sort(key=lambda p: len(p[0]), reverse=True)
    lengths = [len(ids) for ids, _ in batch]
    x = torch.zeros(lengths[0], len(batch), dtype=torch.long)        # time first
    for col, (ids, _) in enumerate(batch):
        x[: len(ids), col] = torch.tensor(ids)
    return x, torch.tensor(lengths), torch.tensor([y for _, y in batch])
