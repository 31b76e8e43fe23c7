import re
import torch
import torch.nn as nn

MOODS = ['sad', 'happy', 'angry', 'calm']


def words(lyrics):
    return re.findall(r"[a-z']+", lyrics.lower())


def read_lyrics(path):
    """mood|lyrics"""
    with open(path, encoding='utf-8') as f:
        rows = [line.rstrip('\n').split('|', 1) for line in f if '|' in line]
    rows = [(words(t), MOODS.index(m)) for m, t in rows]
    return [(t, m) for t, m in rows if t]


def word_index(rows):
    unique = set(w for t, _ in rows for w in t)
    return {w: i + 2 for i, w in enumerate(unique)}  # <- word_order_from_a_set


def to_batch(rows, index):
    n = torch.tensor([len(t) for t, _ in rows])
    x = torch.zeros(int(n.max()), len(rows), dtype=torch.long)
    for j, (t, _) in enumerate(rows):
        x[:len(t), j] = torch.tensor([index.get(w, 1) for w in t])
    return x, n, torch.tensor([m for _, m in rows])


class MoodRNN(nn.Module):
    def __init__(self, n_words):
        super().__init__()
        self.emb = nn.Embedding(n_words, 80, padding_idx=0)
        self.gru = nn.GRU(80, 80)
        self.fc = nn.Linear(80, len(MOODS))

    def forward(self, x, n):
        _, h = self.gru(nn.utils.rnn.pack_padded_sequence(self.emb(x), n, enforce_sorted=False))
        return self.fc(h[-1])
