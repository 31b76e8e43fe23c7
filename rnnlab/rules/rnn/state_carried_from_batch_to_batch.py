"""# Each batch begins with the state that the batch before ended in

**What happened.** The RNN's final state is cut off from its graph and handed to the next batch: review 1 of a batch begins
where review 1 of the batch before ended.

**Why it matters.** Reviews have nothing to do with each other, so each begins with what is noise to it, and its answer
depends on the batch that happened to come before. In the program below, the same 16 reviews get scores that depend on which
of the 3 other batches came before. (One long text, cut into pieces that follow each other, is another matter: there the
state belongs to the same text.)

**Fix.** Give each batch zeros, or no state at all: `self.rnn(embedded)` begins with zeros.

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
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text, state):
        output, state = self.rnn(self.embedding(text), state)
        return self.fc(output[:, -1]), state


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
state = torch.zeros(1, 16, 16)
for text, label in loader:
    state = state.detach()  # <- found here
    logits, state = model(text, state)
    loss = F.cross_entropy(logits, label)
    optimizer.zero_grad()
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
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text, state):
        output, state = self.rnn(self.embedding(text), state)
        return self.fc(output[:, -1]), state


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    logits, _ = model(text, torch.zeros(1, len(text), 16))
    loss = F.cross_entropy(logits, label)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
```
"""

import ast
import re
from collections.abc import Iterator

from rnnlab.facts import Call
from rnnlab.operations import RECURRENT
from rnnlab.record import Record
from rnnlab.rules.asking.carried import (
    Carried,
    WrittenCarry,
    answers_about_each_text,
    carried_states,
    given_at,
    shown_at,
    takes_unknown_states,
    written_carries,
)
from rnnlab.rules.asking.states import CELLS
from rnnlab.rules.asking.syntax import around_place, names_in
from rnnlab.rules.kit import Finding, Unseen, expression, line, never, rule

# Losses of one number or one yes and no: a model of language, which gives an answer for each word, has many classes.
_ABOUT_A_TEXT = ("binary_cross_entropy", "binary_cross_entropy_with_logits")


@rule(level="mistake", needs=(), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for states that were cut off from the batch before and begin the next one, where each text has one answer."""
    found = [
        one
        for one in carried_states(record)
        if one.is_cut and answers_about_each_text(record, one) and not _goes_along_the_text(record, one)
    ]
    if not found:
        yield from (written := list(_of_unseen_models(record)))
        if written:
            return
    if not any(record.ask(Call, where=lambda call: call.what in RECURRENT | CELLS)):
        raise Unseen("the program ran no RNN")
    if not found and takes_unknown_states(record):
        raise Unseen("an RNN begins with a state whose origin could not be followed")
    if never(list(record.ask(Call)), lambda call: any(call is one.reader for one in found), record):
        return
    for one in found:
        yield Finding(shown_at(record, one), _message(record, one), (one.reader.n, one.last.n, one.giver.n))


def _goes_along_the_text(record: Record, one: Carried) -> bool:
    """Say whether the model is given pieces of the same texts, one after the other: `x[:, k : k + 5]`, `x.split(5, dim=1)`."""
    around = around_place(record, given_at(record, one))
    loops = [node for node in around if isinstance(node, ast.For)]
    calls = [node for node in around if isinstance(node, ast.Call)]
    if not loops:
        return False
    pieces = ast.unparse(loops[-1].iter)
    if re.search(r"\.(split|chunk|unfold)\(.*(dim=1|, 1)\)", pieces):
        return True
    counters = {node.id for node in ast.walk(loops[-1].target) if isinstance(node, ast.Name)}
    slices = [node.slice for call in calls for node in ast.walk(call) if isinstance(node, ast.Subscript)]
    along = [one.elts[1] for one in slices if isinstance(one, ast.Tuple) and len(one.elts) > 1]
    return any(counters & names_in(one) for one in along if isinstance(one, ast.Slice))


def _of_unseen_models(record: Record) -> Iterator[Finding]:
    """A model that lies elsewhere is given its state, cut off, and its loss is about one yes or no for each text."""
    if any(record.ask(Call, where=lambda call: call.what in RECURRENT | CELLS)):
        return
    losses = list(record.ask(Call, where=lambda call: call.what in _ABOUT_A_TEXT))
    for one in written_carries(record):
        inside = [loss for loss in losses if _stands_in(loss, one)]
        if inside:
            yield Finding(one.cut, _message_of(record, one), (inside[0].n,), "risk")


def _stands_in(loss: Call, one: WrittenCarry) -> bool:
    place = loss.place
    if place is None or (place.file, place.cell) != (one.cut.file, one.cut.cell):
        return False
    return one.loop.lineno <= place.line <= (one.loop.end_lineno or one.loop.lineno)


def _message_of(record: Record, one: WrittenCarry) -> str:
    return (
        f"{expression(record, one.given)} is given '{one.name}', the state that the batch before has left, cut off here: the "
        f"texts of one batch have nothing to do with those of the next. Give the model zeros for each batch, or no state at all."
    )


def _message(record: Record, one: Carried) -> str:
    return (
        f"{expression(record, one.reader.place)} begins each batch with the state of the batch before, cut off in "
        f"{line(one.last)}: the reviews of one batch have nothing to do with those of the next. Give it zeros for each batch, or "
        f"no state at all."
    )
