"""# The last review of the batch was read as the last step

**What happened.** The RNN was made with `batch_first=True`, so its output is (batch, seq_len, hid). `output[-1]` takes the last
entry of the first axis: all steps of one review, where the last step of every review was wanted.

**Why it matters.** The classifier gets (seq_len, hid): in a batch of 8 reviews it reads one review, and the other 7 have no part
in the loss. Where seq_len happens to be the batch size nothing complains.

**Fix.** Write `output[:, -1]`, or take the final hidden state, `hidden[-1]`, which has its layers first whatever `batch_first`
says.

```python bad
import torch
from torch import nn

torch.manual_seed(1)


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 8)
        self.gru = nn.GRU(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, words):
        output, _ = self.gru(self.embedding(words))
        last = output[-1]  # <- found here
        return self.fc(last)


model = Reader()
optimizer = torch.optim.Adam(model.parameters())
words, labels = torch.randint(1, 50, (8, 8)), torch.randint(0, 2, (8,))
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
        self.gru = nn.GRU(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, words):
        output, _ = self.gru(self.embedding(words))
        last = output[:, -1]
        return self.fc(last)


model = Reader()
optimizer = torch.optim.Adam(model.parameters())
words, labels = torch.randint(1, 50, (8, 8)), torch.randint(0, 2, (8,))
for step in range(3):
    loss = nn.functional.cross_entropy(model(words), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

from collections.abc import Iterator

from rnnlab.facts import Call, PackedNote
from rnnlab.record import Record
from rnnlab.rules.asking.batches import comes_one_by_one
from rnnlab.rules.asking.states import (
    after_the_rnn,
    axes_in_words,
    behind_steps,
    first_tensor,
    is_last,
    names,
    number_at,
    recurrent,
    size,
)
from rnnlab.rules.kit import Finding, expression, line, never, rule


@rule(level="mistake", needs=(), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for the last entry of the batch axis of what an RNN gave."""
    recurrent(record)
    calls = after_the_rnn(record)
    found = [(call, run) for call in calls if (run := _takes_one_review(record, call)) is not None]
    if never(calls, lambda call: any(call is one for one, _ in found), record):
        return
    seen = set()
    for call, run in found:
        if call.place not in seen:
            seen.add(call.place)
            yield Finding(call.place, _message(record, call, run), (call.n, run.n))


def _takes_one_review(record: Record, call: Call) -> Call | None:
    """Return the RNN whose output stands batch first, and of which an operation takes the last review."""
    note = first_tensor(call)
    if note is None or call.what not in ("index", "select") or len(note.axes) != 3:
        return None
    if names(note)[:2] != ["batch", "seq_len"] or size(note, 0) == 1:
        return None
    run = behind_steps(record, note)
    if run is None or not is_last(number_at(call, 0, 3), size(note, 0)):
        return None
    return run if _reads_batch_first(run) and not comes_one_by_one(record, call.inputs[:1]) else None


def _reads_batch_first(run: Call) -> bool:
    """An RNN that takes the batch for the time has another mistake."""
    said = run.values.get("batch_first")
    read = run.inputs[0].note if run.inputs else None
    return said is True or (said is None and (isinstance(read, PackedNote) or names(read)[:1] == ["batch"]))


def _message(record: Record, call: Call, run: Call) -> str:
    note = first_tensor(call)
    taken, name = expression(record, call.place), call.inputs[0].name or "output"
    return (
        f"{taken} takes the last review of the batch with all its steps: {expression(record, run.place)} ({line(run)}) gives "
        f"{axes_in_words(note)}, batch first. For the last step of every review write {name}[:, -1]."
    )
