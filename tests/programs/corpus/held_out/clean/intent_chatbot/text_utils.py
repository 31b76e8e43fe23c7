import json
import re

import torch
from torch.nn.utils.rnn import pad_sequence

PAD_TOKEN, UNK_TOKEN = '<PAD>', '<UNK>'


def tokenize(sentence):
    return re.findall(r"[a-z']+|[0-9]+|\?", sentence.lower()) or [UNK_TOKEN]


def load_intents(path):
    """[{"text": "...", "intent": "..."}, ...] -> list of (tokens, intent)"""
    with open(path, encoding='utf-8') as f:
        return [(tokenize(d['text']), d['intent']) for d in json.load(f)]


def build_maps(train_examples):
    words = sorted({w for tokens, _ in train_examples for w in tokens} - {PAD_TOKEN, UNK_TOKEN})
    word2idx = {w: i for i, w in enumerate([PAD_TOKEN, UNK_TOKEN] + words)}
    intents = sorted({intent for _, intent in train_examples})
    return word2idx, intents


def encode(tokens, word2idx):
    return torch.tensor([word2idx.get(w, word2idx[UNK_TOKEN]) for w in tokens])


def make_collate(word2idx, intents):
    index_of = {name: i for i, name in enumerate(intents)}

    def collate(batch):
        seqs = [encode(tokens, word2idx) for tokens, _ in batch]
        lengths = torch.tensor([len(s) for s in seqs])
        x = pad_sequence(seqs, padding_value=word2idx[PAD_TOKEN])        # (time, batch)
        return x, lengths, torch.tensor([index_of[i] for _, i in batch])

    return collate
