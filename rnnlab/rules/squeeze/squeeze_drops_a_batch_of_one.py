"""# squeeze drops the batch axis where a batch has one review

**What happened.** `squeeze()` without an axis drops every axis of size 1. For most batches that is the axis which is meant to
go; for a batch of one review the batch axis goes too.

**Why it matters.** The last batch of a pass has one review where the reviews are one more than a multiple of the batch size
(25,001 reviews in batches of 64 do not, 25,025 do: 391 x 64 + 1), and a single sentence at prediction always is such a batch.
Then (1, 1) becomes a single number: the loss complains, or an axis further on means something else.

**Fix.** Name the axis: `squeeze(1)` on scores of (batch, 1), `squeeze(0)` or `hidden[-1]` on a state of (1, batch, hid).

```python bad
import torch
from torch import nn

torch.manual_seed(1)


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 8)
        self.gru = nn.GRU(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 1)

    def forward(self, words):
        _, hidden = self.gru(self.embedding(words))
        return self.fc(hidden[-1]).squeeze()  # <- found here


model = Reader()
optimizer = torch.optim.Adam(model.parameters())
words, labels = torch.randint(1, 50, (8, 7)), torch.randint(0, 2, (8,)).float()
for start in (0, 4):
    loss = nn.functional.binary_cross_entropy_with_logits(model(words[start:]), labels[start:])
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
        self.fc = nn.Linear(6, 1)

    def forward(self, words):
        _, hidden = self.gru(self.embedding(words))
        return self.fc(hidden[-1]).squeeze(1)


model = Reader()
optimizer = torch.optim.Adam(model.parameters())
words, labels = torch.randint(1, 50, (8, 7)), torch.randint(0, 2, (8,)).float()
for start in (0, 4):
    loss = nn.functional.binary_cross_entropy_with_logits(model(words[start:]), labels[start:])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

import re
from collections.abc import Iterator

from rnnlab.facts import Call, Data, Probe, TensorNote
from rnnlab.record import Record
from rnnlab.rules.asking.batches import comes_one_by_one
from rnnlab.rules.asking.carried import carried_states
from rnnlab.rules.asking.passes import passes
from rnnlab.rules.asking.states import after_the_rnn, axes_in_words, first_tensor, names, probe, readers, size
from rnnlab.rules.kit import Finding, expression, never, rule, walk_back

_FLAT = re.compile(r"\.(view|reshape)\(-1\)$|\.flatten\(\)$|atleast_1d\(")


@rule(level="risk", needs=("squeeze",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for squeezes that would take the batch axis along."""
    squeezes = list(record.ask(Call, what="squeeze"))
    inside = {n for one in passes(record) for n in one.numbers}
    found = [
        call
        for call in squeezes
        if _takes_the_batch_along(record, call)
        and not (
            call.training is None and call.grad_on is False and call.n not in inside
        )  # a prediction for one review
    ]
    if never(squeezes, lambda call: any(call is one for one in found), record):
        return
    seen = set()
    for call in found:
        if call.place not in seen:
            seen.add(call.place)
            error = _breaks(record, call)
            yield Finding(call.place, _message(record, call, error), (call.n, *error))


def _takes_the_batch_along(record: Record, call: Call) -> bool:
    """The batch may be one review, another axis is meant to go, and what is left goes on with its axes counted."""
    note = first_tensor(call)
    if note is None or len(note.axes) < 2 or "batch" not in names(note):
        return False
    at, dim = names(note).index("batch"), call.values.get("dim")
    if isinstance(dim, int):
        if dim % len(note.axes) != at:
            return False
    elif dim is not None:
        return False
    return not (
        _never_one(record, call, note, at) or _is_one_number(record, call) or _has_a_state_of_its_size(record, call)
    )


def _has_a_state_of_its_size(record: Record, call: Call) -> bool:
    """Say whether the RNN behind it begins with the state of another batch: batches of another size would stop it before."""
    readers_of_states = {one.reader.place for one in carried_states(record)}
    return bool(readers_of_states) and any(
        isinstance(fact, Call) and fact.place in readers_of_states for fact in walk_back(record, call.inputs[:1])
    )


def _never_one(record: Record, call: Call, note: TensorNote, batch: int) -> bool:
    """Say whether the batch is known to be one review (and so meant to go), or made by loaders that drop what is left over."""
    if size(note, batch) == 1:
        return True
    behind = [fact for fact in walk_back(record, call.inputs[:1]) if isinstance(fact, Data) and fact.what == "batch"]
    loaders = {fact.id: fact for fact in record.ask(Data, what="loader")}
    made = [loaders[one] for batch_fact in behind for one in batch_fact.made_from if one in loaders]
    drops = [loader.samples.get("options", {}).get("drop_last") is True for loader in made]
    return (bool(made) and all(drops)) or comes_one_by_one(record, call.inputs[:1])


def _is_one_number(record: Record, call: Call) -> bool:
    """A single score that leaves torch at once needs no axes, nor does what is flattened to `view(-1)` right after, nor the
    classes of one review, along which a softmax goes."""
    onwards = readers(list(record.ask(Call)), call)
    return bool(onwards) and all(
        one.what == "item"
        or (one.what == "softmax" and one.values.get("dim") == 0)
        or _FLAT.search(expression(record, one.place))
        for one in onwards
    )


def _breaks(record: Record, call: Call) -> tuple[int, ...]:
    """Return the experiment that gave the model one text and saw another shape, or an error at this line."""
    experiment = probe(record, "batch size", call.place, batch=1)
    if experiment is None or call.place is None or not _stands_in_a_model(record, call):
        return ()
    if experiment.seen.get("ran") is False:
        return (
            (experiment.n,)
            if experiment.seen.get("line") is not None and experiment.given.get("works_with") is None
            else ()
        )
    return (experiment.n,) if experiment.seen.get("shape") != experiment.seen.get("expected") else ()


def _stands_in_a_model(record: Record, call: Call) -> bool:
    return call.training is not None or call in after_the_rnn(record)


def _message(record: Record, call: Call, error: tuple[int, ...]) -> str:
    note = first_tensor(call)
    tried = ""
    experiment = record.fact(error[0]) if error else None
    if isinstance(experiment, Probe):
        seen = experiment.seen
        tried = (
            f" Tried with one text, the model stopped: {seen['error']}."
            if seen.get("ran") is False
            else f" Tried with one text, the answer has the shape {seen['shape']} where {seen['expected']} is right."
        )
    return (
        f"{expression(record, call.place)} drops the batch axis of {axes_in_words(note)} too where a batch has one review: the "
        f"last batch of a pass may, and a single sentence does.{tried} Name the axis that is meant: {_cure(call, note)}."
    )


def _cure(call: Call, note: TensorNote | None) -> str:
    if note is None:
        return "squeeze(1)"
    others = [i for i in range(len(note.axes)) if names(note)[i] != "batch" and size(note, i) == 1]
    return f"squeeze({others[0]})" if others else "leave this squeeze out, there is no axis of 1 to drop"
