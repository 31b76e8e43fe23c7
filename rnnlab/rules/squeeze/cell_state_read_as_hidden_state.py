"""# The cell state was read for the hidden state

**What happened.** An LSTM gives `output, (hidden, cell)`. The program goes on with the second of the pair, the cell state.

**Why it matters.** The cell state is the LSTM's memory before the output gate: it has no bounds, while the hidden state lies
between -1 and 1. In an untrained LSTM of 64 that read 50 random vectors of 32 numbers, the cell states were spread 2.1 times as
widely as the hidden ones. The classifier can learn from either; it is rarely what was meant, and the output gate then learns
nothing.

**Fix.** `output, (hidden, cell) = self.lstm(embedded)`, and go on with `hidden[-1]`.

```python bad
import torch
from torch import nn

torch.manual_seed(1)


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, words):
        _, (_, cell) = self.lstm(self.embedding(words))
        return self.fc(cell[-1])  # <- found here


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
        self.lstm = nn.LSTM(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, words):
        _, (hidden, _) = self.lstm(self.embedding(words))
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

import re
from collections.abc import Iterator

from rnnlab.facts import Call
from rnnlab.operations import RECURRENT
from rnnlab.record import Record
from rnnlab.rules.asking.states import after_the_rnn, makers_in
from rnnlab.rules.kit import Finding, Unseen, expression, line, never, rule

_LSTMS = ("lstm", "lstm_cell")


@rule(level="risk", needs=(), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Ask by the names that the pair was given which of the two goes on to the answer."""
    runs = list(record.ask(Call, where=lambda call: call.what in _LSTMS))
    if not runs:
        if not any(record.ask(Call, where=lambda call: call.what in RECURRENT)):
            raise Unseen("the program ran no RNN")
        return
    calls = after_the_rnn(record)
    found = [(call, run) for run in runs if (call := _reads_the_cell_alone(calls, run)) is not None]
    if never(runs, lambda run: any(run is one for _, one in found), record):
        return
    seen = set()
    for call, run in found:
        if call.place not in seen:
            seen.add(call.place)
            yield Finding(call.place, _message(record, call, run), (call.n, run.n))


def _reads_the_cell_alone(calls: list[Call], run: Call) -> Call | None:
    """Return the operation that reads the cell state, where nothing reads the hidden state or the output."""
    cell = cell_name(run)
    reads = [call for call in calls if call.n != run.n and run.n in makers_in(call)]
    names = [name for call in reads for name in _names_of(call, run)]
    if not reads or not names or any(not _is_the_cell(name, cell) for name in names):
        return None
    return reads[0]


def _names_of(call: Call, run: Call) -> list[str]:
    """Return the words under which an operation reads what the LSTM gave."""
    return [item.name for item in call.inputs if run.n in getattr(item.note, "made_by", ())]


def cell_name(run: Call) -> str | None:
    """Return the variable that was given the cell state: the last one of `output, (hidden, cell)`, or of `hidden, cell`."""
    if run.what == "lstm_cell":
        return run.binds[1] if len(run.binds) == 2 else None
    pair = run.binds[1].strip("()").split(",") if len(run.binds) == 2 else list(run.binds[1:])
    names = [name.strip() for name in pair]
    return names[1] if len(names) == 2 and names[1] != "_" else None


def _is_the_cell(name: str, cell: str | None) -> bool:
    return (cell is not None and re.match(rf"{re.escape(cell)}\b", name) is not None) or re.search(
        r"\)\[1\]\[1\]", name
    ) is not None


def _message(record: Record, call: Call, run: Call) -> str:
    return (
        f"{expression(record, call.place)} reads the cell state: {expression(record, run.place)} ({line(run)}) gives "
        f"output, (hidden, cell), and nothing reads the first of the pair. Go on with the hidden state unless the cell state is "
        f"what you mean."
    )
