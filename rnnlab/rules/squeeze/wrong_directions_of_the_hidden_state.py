"""# Of a two-way RNN the wrong final states were read

**What happened.** The final hidden state of a two-way RNN has two rows for each layer, (layers*directions, batch, hid): layer 0
forward, layer 0 backward, layer 1 forward, layer 1 backward, and so on. The program reads other rows than the top layer's two.

**Why it matters.** `hidden[-1]` alone is the backward direction, which ends at the first word. Where the last of 30 words decides
the label, a GRU of 2 x 32 read at `hidden[-1]` was right for 48 % of new texts after 150 batches; with both rows, for 100 %.

**Fix.** `torch.cat([hidden[-2], hidden[-1]], dim=1)`: the top layer's forward and backward state, however many layers there are.

```python bad
import torch
from torch import nn

torch.manual_seed(1)


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 8)
        self.gru = nn.GRU(8, 6, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, words):
        _, hidden = self.gru(self.embedding(words))
        return self.fc(hidden[-1])  # <- found here


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
        self.gru = nn.GRU(8, 6, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(12, 2)

    def forward(self, words):
        _, hidden = self.gru(self.embedding(words))
        return self.fc(torch.cat([hidden[-2], hidden[-1]], dim=1))


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
    """Compare the rows that are read of each two-way RNN's final state with the top layer's two."""
    runs = recurrent(record)
    if all(is_two_way(run) is False for run in runs):
        return
    read = states_read(record)
    found = [states for states in read if is_two_way(states.run) is True and _is_wrong(states)]
    if never(read, lambda states: states in found, record):
        if any(is_two_way(run) is None for run in runs):
            raise Unseen("whether the RNN reads in both directions was not seen")
        return
    seen = set()
    for states in found:
        read_at = states.calls[0]
        if read_at.place not in seen:
            seen.add(read_at.place)
            yield Finding(read_at.place, _message(record, states), (read_at.n, states.run.n))


def _is_wrong(states: States) -> bool:
    """The rows are known, and are not both of the top layer's."""
    if states.rows is None or states.output_is_read:
        return False
    layers = layers_of(states.run)
    if layers is None:
        # Rows that are counted from the end need no number of layers.
        return all(row < 0 for row in states.rows) and not {-1, -2} <= states.rows
    total = 2 * layers
    rows = {row % total for row in states.rows}
    return not {total - 2, total - 1} <= rows


def _message(record: Record, states: States) -> str:
    layers = layers_of(states.run)
    name = states.name
    wanted = f"torch.cat([{name}[-2], {name}[-1]], dim=1)"
    return (
        f"{_spelled(record, states)} is {_rows_in_words(states, layers)} of {expression(record, states.run.place)} "
        f"({line(states.run)}), which reads in both directions. The whole review is in the top layer's two rows: {wanted}."
    )


def _spelled(record: Record, states: States) -> str:
    return " and ".join(dict.fromkeys(expression(record, call.place) for call in states.calls))


def _rows_in_words(states: States, layers: int | None) -> str:
    rows = states.rows or frozenset()
    if layers is None:
        return "the backward direction alone" if rows == {-1} else "one direction or one layer too low"
    said = [
        f"layer {row // 2} {'backward' if row % 2 else 'forward'}" for row in sorted(row % (2 * layers) for row in rows)
    ]
    return f"{' and '.join(said)} (of {layers} layer{'s' if layers > 1 else ''})"
