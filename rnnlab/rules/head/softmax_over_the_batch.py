"""# The softmax goes over the reviews, not over the classes

**What happened.** The softmax was taken along the batch axis (`dim=0` of (batch, classes), or no `dim` at all where torch
chooses 0): the numbers of each class sum to 1 over the reviews of the batch.

**Why it matters.** A review's probabilities then depend on which others stand in its batch. In a batch of 4 equal rows each
one gets 0.25 for every class, and a batch of one is always 100 % sure.

**Fix.** Write `dim=1` (or `dim=-1`), the axis of the classes.

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

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return torch.log(F.softmax(self.fc(hidden[-1]), dim=0))  # <- found here


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    optimizer.zero_grad()
    loss = F.nll_loss(model(text), label)
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

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return F.log_softmax(self.fc(hidden[-1]), dim=1)


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    optimizer.zero_grad()
    loss = F.nll_loss(model(text), label)
    loss.backward()
    optimizer.step()
```
"""

from collections.abc import Iterator

from rnnlab.facts import Call, Place, Probe, TensorNote, makers
from rnnlab.record import Record
from rnnlab.rules.kit import Finding, Unseen, expression, rule

_SOFTMAX = ("softmax", "log_softmax")
_WEIGHING = frozenset("arithmetic matmul einsum unsqueeze expand".split())


@rule(level="mistake", needs=(), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Ask each softmax along which axis it goes; where the source does not tell, the model's answers may."""
    calls = {call.place: call for call in record.ask(Call, where=lambda call: call.what in _SOFTMAX)}
    if not calls:
        raise Unseen("the program takes no softmax")
    unknown, found = [], False
    for call in calls.values():
        axis = "" if _is_one_row(record, call) else _axis(call)
        if axis == "batch" and _weighs(record, call):
            # Attention: which axis is which is its own affair, unless the reviews turn out to touch each other.
            if (touched := _touch(record)) is not None:
                found = True
                yield _finding(record, call, (call.n, touched.n))
        elif axis == "batch":
            found = True
            yield _finding(record, call, (call.n,))
        elif axis == "?" and _dim(call) == 0:
            unknown.append(call)
    tried = _sums_over_the_batch(record)
    if tried is not None and len(unknown) == 1:
        yield _finding(record, unknown[0], (unknown[0].n, tried.n))
    elif unknown and not found:
        raise Unseen(f"what the first axis of {expression(record, unknown[0].place)} is was not seen")


def _is_one_row(record: Record, call: Call) -> bool:
    """Say whether a softmax reads what `squeeze()` left of the answer to one review: the classes stand first then."""
    made = [record.fact(n) for item in call.inputs[:1] for n in makers(item.note)]
    return bool(made) and all(
        isinstance(one, Call) and one.what == "squeeze" and one.values.get("dim") is None for one in made
    )


def _touch(record: Record) -> Probe | None:
    return next(record.ask(Probe, what="neighbours", where=lambda one: one.seen.get("foreign", 0) > 0), None)


def _weighs(record: Record, call: Call) -> bool:
    """Say whether the result weighs something: attention, whose axes are its own affair."""
    users = record.ask(Call, where=lambda one: one.what in _WEIGHING)
    return any(call.n in makers(item.note) for user in users for item in user.inputs)


def _dim(call: Call) -> int | None:
    """Return the axis of a softmax; without one torch takes 0 for one or three axes, else 1."""
    dim, note = call.values.get("dim"), call.inputs[0].note if call.inputs else None
    if isinstance(dim, int):
        return dim
    if isinstance(note, TensorNote) and note.shape is not None:
        return 0 if len(note.shape) in (0, 1, 3) else 1
    return None


def _axis(call: Call) -> str:
    dim, note = _dim(call), call.inputs[0].note if call.inputs else None
    if dim is None or not isinstance(note, TensorNote) or not -len(note.axes) <= dim < len(note.axes):
        return "?"
    # One row of scores is no batch.
    return note.axes[dim].name if len(note.axes) > 1 else ""


def _option(record: Record, call: Call) -> Place | None:
    """Return where the axis is said: at the layer, if it is one."""
    made = call.values.get("made")
    return record.fact(made).place if isinstance(made, int) and 0 <= made < len(record) else call.place


def _sums_over_the_batch(record: Record) -> Probe | None:
    for tried in record.ask(Probe, what="range"):
        sums = tried.seen.get("sums", {})
        if sums.get("batch", 1.0) < 1e-4 and tried.seen.get("min", -1.0) >= 0:
            return tried
    return None


def _finding(record: Record, call: Call, evidence: tuple[int, ...]) -> Finding:
    return Finding(
        _option(record, call),
        f"{expression(record, call.place)} goes along the batch: each class sums to 1 over the reviews, and a review's answer "
        f"depends on the others in its batch. Write dim=1, the axis of the classes.",
        evidence,
    )
