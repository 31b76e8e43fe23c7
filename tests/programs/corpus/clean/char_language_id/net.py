import torch
from torch import nn


class StackedCells(nn.Module):
    """GRU cells in a ModuleList, run by hand over the characters; finished texts keep their state"""

    def __init__(self, n_chars, n_langs, emb=32, sizes=(96, 96)):
        super().__init__()
        self.emb = nn.Embedding(n_chars, emb, padding_idx=0)
        dims = [emb, *sizes]
        self.cells = nn.ModuleList(nn.GRUCell(a, b) for a, b in zip(dims, dims[1:]))
        self.out = nn.Linear(sizes[-1], n_langs)

    def forward(self, x):
        states = [x.new_zeros(x.size(0), c.hidden_size, dtype=torch.float) for c in self.cells]
        emb, alive = self.emb(x), (x != 0).unsqueeze(-1)
        for t in range(x.size(1)):
            inp = emb[:, t]
            for k, cell in enumerate(self.cells):
                states[k] = torch.where(alive[:, t], cell(inp, states[k]), states[k])
                inp = states[k]
        return torch.log_softmax(self.out(states[-1]), dim=-1)
