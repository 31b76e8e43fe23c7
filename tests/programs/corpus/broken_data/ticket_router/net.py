import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence


class TicketNet(nn.Module):
    def __init__(self, n_words, n_queues, emb=100, hid=100):
        super().__init__()
        self.emb = nn.Embedding(n_words, emb, padding_idx=0)
        self.rnn = nn.GRU(emb, hid, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * hid, n_queues)

    def forward(self, x, lengths):
        p = pack_padded_sequence(self.emb(x), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, h_n = self.rnn(p)
        both = h_n.permute(1, 0, 2).flatten(1)
        return self.fc(both)
