import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence


class IntentGRU(nn.Module):
    def __init__(self, vocab_size, n_intents, emb_dim=64, hidden=64, dropout=0.3):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, emb_dim, padding_idx=0)
        self.gru = nn.GRU(emb_dim, hidden, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(hidden, n_intents)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embedding(ids), lengths, batch_first=True, enforce_sorted=False)
        _, hidden = self.gru(packed)
        hidden = hidden.squeeze()  # <- squeeze_drops_a_batch_of_one
        return self.fc(self.dropout(hidden))
