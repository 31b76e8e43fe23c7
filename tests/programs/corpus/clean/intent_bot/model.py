import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence


class IntentModel(nn.Module):
    def __init__(self, n_words, n_intents, emb, hidden, dropout):
        super().__init__()
        self.embedding = nn.Embedding(n_words, emb, padding_idx=0)
        self.lstm = nn.LSTM(emb, hidden, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(2 * hidden, n_intents)

    def forward(self, x, lengths):
        emb = self.dropout(self.embedding(x))
        packed = pack_padded_sequence(emb, lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.output(self.dropout(torch.cat([h[-2], h[-1]], dim=1)))
