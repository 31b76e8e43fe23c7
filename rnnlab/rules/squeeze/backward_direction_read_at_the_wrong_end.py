"""# The backward direction was read where it has seen one word

**What happened.** The RNN reads in both directions, and the program takes both halves of its output at the last step. There the
forward direction has read the whole review; the backward direction begins there and has read the last word alone.

**Why it matters.** Half of what goes to the classifier knows one word. Where the first of 30 words decides the label, a GRU of
2 x 32 read at `output[:, -1]` was right for 51 % of new texts after 150 batches; read by its final states, for 100 %.

**Fix.** Take each direction where it ends: `torch.cat([hidden[-2], hidden[-1]], dim=1)`. The same holds where the last real
step is picked by the lengths: the backward direction ends at the first word.

```python bad
import torch
from torch import nn

torch.manual_seed(1)


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 8)
        self.gru = nn.GRU(8, 6, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(12, 2)

    def forward(self, words):
        output, hidden = self.gru(self.embedding(words))
        last = output[:, -1]  # <- found here
        return self.fc(last)


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
        self.gru = nn.GRU(8, 6, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(12, 2)

    def forward(self, words):
        output, hidden = self.gru(self.embedding(words))
        last = torch.cat([hidden[-2], hidden[-1]], dim=1)
        return self.fc(last)


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

from rnnlab.facts import Call
from rnnlab.record import Record
from rnnlab.rules.asking.states import (
    KEEPS,
    after_the_rnn,
    behind_steps,
    first_tensor,
    is_last,
    is_two_way,
    names,
    number_at,
    probe,
    readers,
    recurrent,
    size,
    slice_at,
)
from rnnlab.rules.kit import Finding, Unseen, expression, line, never, rule, walk_back


@rule(level="mistake", needs=(), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look at each place where one step of a two-way output is taken, and whether the backward half comes along."""
    runs = recurrent(record)
    if all(is_two_way(run) is False for run in runs):
        return
    calls = after_the_rnn(record)
    taken = [(call, run) for call in calls if (run := _takes_the_end(record, call)) is not None]
    found = [(call, run) for call, run in taken if _has_the_backward_half(record, call, calls)]
    if never(calls, lambda call: any(call is one for one, _ in found), record):
        if any(is_two_way(run) is None for run in runs):
            raise Unseen("whether the RNN reads in both directions was not seen")
        return
    seen = set()
    for call, run in found:
        if call.place not in seen:
            seen.add(call.place)
            yield Finding(call.place, _message(record, call, run), (call.n, run.n, *_measured(record, run)))


def _takes_the_end(record: Record, call: Call) -> Call | None:
    """Return the two-way RNN of whose output an operation takes each review's last step."""
    note = first_tensor(call)
    if note is None or call.what not in ("index", "select", "gather", "take_along_dim") or "seq_len" not in names(note):
        return None
    run = behind_steps(record, note)
    if run is None or is_two_way(run) is not True or len(note.axes) != 3:
        return None
    axis = names(note).index("seq_len")
    if call.what in ("index", "select") and is_last(number_at(call, axis, 3), size(note, axis)):
        return run
    return run if _is_picked_by_lengths(record, call, axis) else None


def _is_picked_by_lengths(record: Record, call: Call, axis: int) -> bool:
    """Say whether one step of each review is picked by a tensor that was worked out, as `lengths - 1` is."""
    if call.what == "index":
        keys = call.values.get("index", [])
        if keys[:2] != ["Tensor", "Tensor"] or axis > 1:
            return False
    elif call.values.get("dim") not in (axis, axis - 3):
        return False
    worked_out = {fact.what for fact in walk_back(record, call.inputs[1:]) if isinstance(fact, Call)}
    return "arithmetic" in worked_out and not worked_out & {"argmax", "max", "topk"}


def _has_the_backward_half(record: Record, call: Call, calls: list[Call]) -> bool:
    """The forward half alone is right here; the backward half is not, alone or with the other."""
    bounds = slice_at(record, call, 2, 3) if call.what == "index" else ("", "")
    if bounds is None or (bounds[0] in ("", "0") and bounds[1]):
        return False
    return not _is_cut_afterwards(record, call, calls)


def _is_cut_afterwards(record: Record, call: Call, calls: list[Call]) -> bool:
    """Say whether all that reads the step takes a part of it, so that the halves go ways of their own."""
    onwards = [one for one in calls if one in readers(calls, call)]
    while onwards and all(one.what in KEEPS or one.what in ("squeeze", "cat") for one in onwards):
        onwards = [two for one in onwards for two in readers(calls, one) if two.n > one.n]
    if not onwards:
        return False
    return all(
        one.what in ("chunk", "narrow") or (one.what == "index" and slice_at(record, one, 1, 2) not in (None, ("", "")))
        for one in onwards
    )


def _measured(record: Record, run: Call) -> tuple[int, ...]:
    experiment = probe(record, "reach", run.place, directions=2)
    return (experiment.n,) if experiment is not None else ()


def _message(record: Record, call: Call, run: Call) -> str:
    taken = expression(record, call.place)
    hidden = next((name for name in run.binds[1:] if name.isidentifier() and name != "_"), "hidden")
    return (
        f"{taken} takes both directions of what {expression(record, run.place)} ({line(run)}) gives at one end of the review. "
        f"There the forward direction has read every word, the backward direction only one. Take each where it ends: "
        f"torch.cat([{hidden}[-2], {hidden}[-1]], dim=1), with the final hidden state of the RNN as {hidden}."
    )
