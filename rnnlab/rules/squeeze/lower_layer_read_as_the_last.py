"""# The lowest layer's state was read for the last one's

**What happened.** The RNN has several layers, and its final hidden state has a row for each, (layers, batch, hid), the lowest one
first. The program reads `hidden[0]`: the layers above it have no part in the answer.

**Why it matters.** The upper layers get no gradient and learn nothing. In the program below 336 of the RNN's 720 weights are
never changed, and the answer is that of an RNN with one layer.

**Fix.** `hidden[-1]` is the top layer's state, however many layers there are.

```python bad
import torch
from torch import nn

torch.manual_seed(1)


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 8)
        self.gru = nn.GRU(8, 6, num_layers=2, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, words):
        _, hidden = self.gru(self.embedding(words))
        return self.fc(hidden[0])  # <- found here


model = Reader()
optimizer = torch.optim.Adam(model.parameters())
words, labels = torch.randint(1, 50, (8, 7)), torch.randint(0, 2, (8,))
for step in range(3):
    loss = nn.functional.cross_entropy(model(words), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```

```python good
import torch
from torch import nn

torch.manual_seed(1)


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 8)
        self.gru = nn.GRU(8, 6, num_layers=2, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, words):
        _, hidden = self.gru(self.embedding(words))
        return self.fc(hidden[-1])


model = Reader()
optimizer = torch.optim.Adam(model.parameters())
words, labels = torch.randint(1, 50, (8, 7)), torch.randint(0, 2, (8,))
for step in range(3):
    loss = nn.functional.cross_entropy(model(words), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

from collections.abc import Iterator

from rnnlab.record import Record
from rnnlab.rules.asking.rows import States, states_read
from rnnlab.rules.asking.states import is_two_way, layers_of, recurrent
from rnnlab.rules.kit import Finding, Unseen, expression, line, never, rule


@rule(level="mistake", needs=(), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Compare the rows that are read of each one-way RNN's final state with its top layer."""
    runs = recurrent(record)
    if all(layers_of(run) == 1 for run in runs):
        return
    read = states_read(record)
    found = [states for states in read if is_two_way(states.run) is False and _is_too_low(states)]
    if never(read, lambda states: states in found, record):
        if any(layers_of(run) is None for run in runs):
            raise Unseen("how many layers the RNN has was not seen")
        return
    seen = set()
    for states in found:
        read_at = states.calls[0]
        if read_at.place not in seen:
            seen.add(read_at.place)
            yield Finding(read_at.place, _message(record, states), (read_at.n, states.run.n))


def _is_too_low(states: States) -> bool:
    """The rows are known, the top one is not among them, and the output, which is the top layer's, is not read either."""
    layers = layers_of(states.run)
    if states.rows is None or states.output_is_read or layers is None or layers < 2:
        return False
    return layers - 1 not in {row % layers for row in states.rows}


def _message(record: Record, states: States) -> str:
    layers, (read_at, *_) = layers_of(states.run), states.calls
    return (
        f"{expression(record, read_at.place)} is not the top layer's state: {expression(record, states.run.place)} "
        f"({line(states.run)}) has {layers} layers, and the lowest stands first in its final state. The layers above it have no "
        f"part in the answer and learn nothing. Write {states.name}[-1]."
    )
