"""# The cell state was read instead of the hidden state

**What happened.** An LSTM returns `(output, (hidden, cell))`, and the program goes on with the second of the two states.

**Why it matters.** It runs, and mostly a little worse: the hidden state is the cell state after its output gate and tanh,
between -1 and 1; the cell state is not bounded, and after 200 words it may be 20 or more.

**Fix.** Take `hidden`, the first of the pair.

```python bad
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).long()
loader = DataLoader(TensorDataset(text, label), batch_size=16, shuffle=True)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.LSTM(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, (hidden, cell) = self.rnn(self.embedding(text))
        return self.fc(cell[-1])  # <- found here


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()
```

```python good
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).long()
loader = DataLoader(TensorDataset(text, label), batch_size=16, shuffle=True)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.LSTM(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, (hidden, cell) = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()
```
"""

import re
from collections.abc import Iterator

from rnnlab.record import Record
from rnnlab.rules.asking.states import is_state, recurrent, users
from rnnlab.rules.kit import Finding, Unseen, expression, rule

_PAIR = re.compile(r"^\(\s*(\w+)\s*,\s*(\w+)\s*\)$")


@rule(level="risk", needs=("lstm",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Ask which of an LSTM's two states is read, by the names that it was given."""
    known = False
    for rnn in recurrent(record):
        pair = _PAIR.match(rnn.binds[1]) if rnn.what == "lstm" and len(rnn.binds) > 1 else None
        if pair is None:
            continue
        known = True
        hidden, cell = pair.groups()
        named = {item.name: call for call, note in users(record, rnn) if is_state(note) for item in call.inputs}
        if cell in named and hidden not in named and cell != hidden:
            call = named[cell]
            yield Finding(
                call.place,
                f"{expression(record, call.place)} reads {cell}, the LSTM's cell state; the state that it gives out is the "
                f"first of the pair{', ' + hidden if hidden != '_' else ''}.",
                (call.n, rnn.n),
            )
    if not known:
        raise Unseen("no LSTM was seen whose two states have names")
