import torch
import torch.nn as nn


class IntentLSTM(nn.Module):
    def __init__(self, vocab_size, emb_size, hidden_size, num_classes):
        super(IntentLSTM, self).__init__()
        self.emb = nn.Embedding(vocab_size, emb_size, padding_idx=0)
        self.lstm = nn.LSTM(emb_size, hidden_size, batch_first=True)
        self.drop = nn.Dropout(0.4)
        self.l1 = nn.Linear(hidden_size, hidden_size)
        self.l2 = nn.Linear(hidden_size, num_classes)
        self.relu = nn.ReLU()

    def forward(self, x, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(self.emb(x), lengths, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        out = self.relu(self.l1(self.drop(h[-1])))
        # no activation and no softmax at the end
        return self.l2(out)
