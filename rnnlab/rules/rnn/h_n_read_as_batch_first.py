"""# The final hidden state was read as if its batch stood first

**What happened.** `batch_first=True` moves the batch of the RNN's input and output to the front. It does not move that of the
final hidden state, which stays (layers, batch, hid). The program indexes it as (batch, layers, hid).

**Why it matters.** `hidden[:, -1]` is the state of the last review of the batch alone: in a batch of 8 reviews the other 7 have
no part in the answer. Where layers and batch happen to be equally many, or where the loss broadcasts, nothing complains.

**Fix.** `hidden[-1]` is the top layer's state of every review, (batch, hid).

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
        return self.fc(hidden[:, -1])  # <- found here


model = Reader()
optimizer = torch.optim.Adam(model.parameters())
words, labels = torch.randint(1, 50, (2, 7)), torch.tensor([0, 1])
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
words, labels = torch.randint(1, 50, (2, 7)), torch.tensor([0, 1])
for step in range(3):
    loss = nn.functional.cross_entropy(model(words), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

from collections.abc import Iterator

from rnnlab.facts import Call
from rnnlab.record import Record
from rnnlab.rules.asking.states import (
    after_the_rnn,
    axes_in_words,
    first_tensor,
    is_hidden,
    is_viewed_batch_first,
    keys_of,
    makers_in,
    names,
    number_at,
    recurrent,
    size,
)
from rnnlab.rules.kit import Finding, expression, never, rule


@rule(level="mistake", needs=(), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for one review that is taken out of the final state, all its layers with it."""
    recurrent(record)
    calls = after_the_rnn(record)
    found = [call for call in calls if _takes_one_review(call) or is_viewed_batch_first(record, call)]
    if never(calls, lambda call: any(call is one for one in found), record):
        return
    seen = set()
    for call in found:
        if call.place not in seen:
            seen.add(call.place)
            yield Finding(call.place, _message(record, call), (call.n, *sorted(makers_in(call))))


def _takes_one_review(call: Call) -> bool:
    """A number on the batch axis of (layers, batch, hid), while the layers are kept; with one review nothing is lost."""
    note = first_tensor(call)
    if note is None or call.what not in ("index", "select") or not is_hidden(note) or len(note.axes) != 3:
        return False
    if names(note)[1] not in ("batch", "seq_len") or size(note, 1) == 1 or number_at(call, 1, 3) is None:
        return False
    return call.what == "select" or keys_of(call, 3)[0] == ":"


def _message(record: Record, call: Call) -> str:
    name = call.inputs[0].name or "hidden"
    if call.what == "view":
        return (
            f"{expression(record, call.place)} cuts the final hidden state into rows as if its batch stood first, but it is "
            f"{axes_in_words(first_tensor(call))} whatever batch_first says: each row holds pieces of several reviews. Write "
            f"torch.cat([{name}[-2], {name}[-1]], dim=1) for two directions, or {name}[-1] for one."
        )
    return (
        f"{expression(record, call.place)} takes one review out of the batch: the final hidden state is "
        f"{axes_in_words(first_tensor(call))}, layers first, whatever batch_first says. Write {name}[-1] for the top layer's "
        f"state of every review."
    )
