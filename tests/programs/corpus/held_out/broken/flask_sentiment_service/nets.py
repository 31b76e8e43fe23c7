import torch
import torch.nn as nn


class SentimentGRU(nn.Module):
    """Takes (batch, time) of word numbers, padded in front."""

    def __init__(self, vocab_size, emb_dim=100, hidden=128, n_layers=2):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, emb_dim, padding_idx=0)
        self.gru = nn.GRU(emb_dim, hidden, n_layers, dropout=0.3, batch_first=True)
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(hidden, 2)

    def forward(self, x):
        out, _ = self.gru(self.embedding(x))
        return self.fc(self.dropout(out[:, -1]))


def clean_and_split(text):
    text = text.lower().replace('<br />', ' ')
    return ''.join(c if c.isalpha() or c == "'" else ' ' for c in text).split()


def front_pad(rows):
    width = max(len(r) for r in rows)
    return torch.tensor([[0] * (width - len(r)) + r for r in rows])
