import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence


class StackedGRU(nn.Module):
    """GRU layers with dropout between them; the top layer's last state is classified."""

    def __init__(self, vocab_size, n_intents, cfg, pad_idx=0):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, cfg.emb_dim, padding_idx=pad_idx)
        sizes = [cfg.emb_dim] + [cfg.hidden_dim] * cfg.n_layers
        self.layers = [nn.GRU(i, o, batch_first=True) for i, o in zip(sizes[:-1], sizes[1:])]  # <- layers_in_a_python_list
        self.dropout = nn.Dropout(cfg.dropout)
        self.out = nn.Linear(cfg.hidden_dim, n_intents)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.embedding(x), lengths.cpu(), batch_first=True, enforce_sorted=False)
        for layer in self.layers:
            packed = PackedSequence(self.dropout(packed.data), packed.batch_sizes,
                                    packed.sorted_indices, packed.unsorted_indices)
            packed, h = layer(packed)
        return self.out(self.dropout(h[-1]))
