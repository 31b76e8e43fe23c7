import torch
from torch import nn


class AdditiveAttention(nn.Module):
    def __init__(self, dim, att_dim):
        super().__init__()
        self.w = nn.Linear(dim, att_dim)
        self.v = nn.Linear(att_dim, 1, bias=False)

    def forward(self, states, mask):
        score = self.v(torch.tanh(self.w(states))).squeeze(-1)
        score = score.masked_fill(~mask, float("-inf"))
        alpha = torch.softmax(score, dim=1)
        return torch.bmm(alpha.unsqueeze(1), states).squeeze(1)


class NewsLSTM(nn.Module):
    def __init__(self, vocab_size, n_topics, cfg):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, cfg.emb_dim, padding_idx=0)
        self.lstm = nn.LSTM(cfg.emb_dim, cfg.hidden_dim, batch_first=True)
        self.attention = AdditiveAttention(cfg.hidden_dim, cfg.att_dim)
        self.dropout = nn.Dropout(cfg.dropout)
        self.fc = nn.Linear(cfg.hidden_dim, n_topics)

    def forward(self, x):
        states, _ = self.lstm(self.dropout(self.embedding(x)))
        return self.fc(self.dropout(self.attention(states, x != 0)))
