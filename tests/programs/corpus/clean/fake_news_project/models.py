import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence


class FakeNewsLSTM(nn.Module):
    """x: [T, B]"""

    def __init__(self, n_words, embedding, hidden, layers, dropout):
        super().__init__()
        self.layers, self.hidden = layers, hidden
        self.embedding = nn.Embedding(n_words, embedding, padding_idx=0)
        self.lstm = nn.LSTM(embedding, hidden, num_layers=layers, dropout=dropout, bidirectional=True)
        self.norm = nn.LayerNorm(2 * hidden)
        self.fc = nn.Linear(2 * hidden, 2)

    def forward(self, x, lengths):
        B = x.size(1)
        _, (h, _) = self.lstm(pack_padded_sequence(self.embedding(x), lengths))
        h = h.view(self.layers, 2, B, self.hidden)[-1]       # [2, B, H] of the last layer
        h = h.permute(1, 0, 2).reshape(B, 2 * self.hidden)
        return self.fc(self.norm(h))
