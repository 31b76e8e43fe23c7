import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence


class IntentRNN(nn.Module):
    def __init__(self, vocab_size, embed_size, hidden_size, num_intents, pad_index):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size, padding_idx=pad_index)
        self.rnn = nn.RNN(embed_size, hidden_size, nonlinearity='tanh')
        self.fc = nn.Linear(hidden_size, num_intents)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.embedding(x), lengths, enforce_sorted=False)
        _, hidden = self.rnn(packed)
        return self.fc(hidden.squeeze(0))
