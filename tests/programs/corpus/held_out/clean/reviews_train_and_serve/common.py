import re

import torch
from torch import nn

SPECIALS = ["<pad>", "<unk>", "<bos>", "<eos>"]
PAD, UNK, BOS, EOS = range(4)


def preprocess(text: str) -> list[str]:
    text = re.sub(r"<[^>]+>", " ", text)
    return re.findall(r"[a-z']+|[0-9]+|[!?.,]", text.lower())


def numericalize(tokens: list[str], stoi: dict[str, int]) -> list[int]:
    return [BOS] + [stoi.get(t, UNK) for t in tokens] + [EOS]


class ReviewModel(nn.Module):
    def __init__(self, vocab_size: int, emb_dim: int = 96, hidden_dim: int = 128, num_layers: int = 2, dropout: float = 0.3):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, emb_dim, padding_idx=PAD)
        self.lstm = nn.LSTM(emb_dim, hidden_dim, num_layers, batch_first=True, bidirectional=True, dropout=dropout)
        self.attn = nn.Linear(2 * hidden_dim, 1)
        self.drop = nn.Dropout(dropout)
        self.out = nn.Linear(2 * hidden_dim, 1)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        real = ids != PAD
        packed = nn.utils.rnn.pack_padded_sequence(self.embed(ids), real.sum(1).cpu(), batch_first=True, enforce_sorted=False)
        states, _ = nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=ids.size(1))
        scores = self.attn(states).squeeze(2).masked_fill(~real, -1e9)
        weights = scores.softmax(dim=1)
        pooled = (weights.unsqueeze(2) * states).sum(dim=1)
        return self.out(self.drop(pooled)).squeeze(1)
