import re
from collections import Counter

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

PAD, UNK = "<pad>", "<unk>"


def tokenize(text):
    return re.findall(r"[a-z0-9']+|[!?]", text.lower())


def build_vocab(token_lists, min_freq=2):
    counts = Counter(t for toks in token_lists for t in toks)
    vocab = {PAD: 0, UNK: 1}
    for word, n in sorted(counts.items(), key=lambda kv: (-kv[1], kv[0])):
        if n >= min_freq:
            vocab[word] = len(vocab)
    return vocab


class ReviewGRU(nn.Module):
    def __init__(self, vocab_size, emb=100, hid=128):
        super().__init__()
        self.emb = nn.Embedding(vocab_size, emb, padding_idx=0)
        self.gru = nn.GRU(emb, hid, batch_first=True)
        self.fc = nn.Linear(hid, 2)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.emb(x), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, h = self.gru(packed)
        return self.fc(h[-1])
