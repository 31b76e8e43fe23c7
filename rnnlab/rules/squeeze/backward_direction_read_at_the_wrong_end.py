"""# The backward direction was read at its first word

**What happened.** Of a bidirectional RNN's output the last step was taken. There the forward direction has read the whole
review, the backward direction only its last word.

**Why it matters.** The backward half of that vector is the state after 1 of the words: for a review of 200 it knows half a
percent of it, and the second direction adds next to nothing.

**Fix.** Take the last states of both directions: `torch.cat((hidden[-2], hidden[-1]), dim=1)`.

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
        self.rnn = nn.GRU(8, 16, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(32, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(output[:, -1])  # <- found here


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
        self.rnn = nn.GRU(8, 16, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(32, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(torch.cat((hidden[-2], hidden[-1]), dim=1))


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
from rnnlab.rules.asking.states import keys, options, recurrent, users
from rnnlab.rules.kit import Finding, Unseen, expression, rule

# A bound behind or before a colon: `output[:, -1, :hid]` takes the forward half alone.
_HALF = re.compile(r"[\w)\]]\s*:\s*[],]|,\s*:\s*[\w(]")


@rule(level="mistake", needs=("linear",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for the last step of the output of a bidirectional RNN."""
    known = False
    for rnn in recurrent(record):
        known |= options(rnn)["bidirectional"] is not None
        if options(rnn)["bidirectional"] is not True:
            continue
        done = set()
        for call, note in users(record, rnn):
            code = expression(record, call.place)
            if call.place in done or _HALF.search(code):
                continue
            if any(axis == "seq_len" and key == -1 for axis, key in keys(call, note)):
                done.add(call.place)
                yield Finding(
                    call.place,
                    f"{code} takes the last step of {expression(record, rnn.place)}: there the backward direction has read one "
                    f"word. Take torch.cat((hidden[-2], hidden[-1]), dim=1).",
                    (call.n, rnn.n),
                )
    if not known:
        raise Unseen("no RNN was seen whose directions are known")
