import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence


class PriorityLSTM(nn.Module):
    def __init__(self, vocab_size, n_classes, embedding_dim, hidden_dim, dropout):
        super().__init__()
        self.hidden_dim = hidden_dim
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=0)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(hidden_dim, n_classes)

    def init_hidden(self, batch_size):
        h = torch.zeros(1, batch_size, self.hidden_dim)  # <- model_never_moved_to_the_device
        c = torch.zeros(1, batch_size, self.hidden_dim)  # <- model_never_moved_to_the_device
        return h, c

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embedding(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed, self.init_hidden(ids.size(0)))
        return self.classifier(self.dropout(h[-1]))
