"""# Scores and labels were paired each with each

**What happened.** The scores are (batch, 1) and the labels (batch): the loss stretches both to (batch, batch) and compares
every score with every label.

**Why it matters.** It only warns. In a batch of 4 with scores equal to their labels 0, 1, 0, 1 the mean squared error is 0.5
and not 0; the best answer is then the same number for every review.

**Fix.** Drop the axis of size 1 (`scores.squeeze(1)`), or give the labels one (`label.unsqueeze(1)`).

```python bad
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).float()
loader = DataLoader(TensorDataset(text, label), batch_size=16, shuffle=True)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 1)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return torch.sigmoid(self.fc(hidden[-1]))


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    optimizer.zero_grad()
    loss = torch.square(model(text) - label).mean()  # <- found here
    loss.backward()
    optimizer.step()
```

```python good
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).float()
loader = DataLoader(TensorDataset(text, label), batch_size=16, shuffle=True)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 1)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return torch.sigmoid(self.fc(hidden[-1]))


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    optimizer.zero_grad()
    loss = torch.square(model(text).squeeze(1) - label).mean()
    loss.backward()
    optimizer.step()
```
"""

from collections.abc import Iterator

from rnnlab.facts import Call, Data, Fact, Named, Place, Scope, TensorNote, tensors
from rnnlab.operations import RECURRENT
from rnnlab.record import Record
from rnnlab.rules.asking.losses import origin
from rnnlab.rules.kit import Finding, Unseen, expression, rule, walk_back

_LOSSES = frozenset({"mse_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits", "smooth_l1_loss"})
_ENDS = frozenset({"linear", "sigmoid", "tanh", "softmax"})


@rule(level="mistake", needs=(), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for a difference or a loss between (batch, 1) and (batch)."""
    pairs = list(record.ask(Call, where=lambda call: call.what in _LOSSES or call.what == "arithmetic"))
    if not pairs:
        raise Unseen("no loss and no difference was seen that pairs scores with labels")
    seen, unknown = set(), []
    for call in pairs:
        if call.place in seen or len(call.inputs) < 2:
            continue
        left, right = (_axes(item.note) for item in call.inputs[:2])
        if call.what in _LOSSES and (left is None or right is None):
            unknown.append(call)
        if left is None or right is None or not _stretches(left, right) or not _is_answer(record, call):
            continue
        place = _asked_for_at(record, call)
        if place in seen:
            continue
        seen.update((call.place, place))
        names = " and ".join(item.name or "the other" for item in call.inputs[:2])
        yield Finding(
            place,
            f"{expression(record, call.place)} pairs {names}: one is (batch, 1), the other (batch), so each score meets every "
            f"label in a (batch, batch) square. Write .squeeze(1) behind the scores.",
            (call.n,),
        )
    if unknown and not seen:
        raise Unseen(f"the axes that {expression(record, unknown[0].place)} compares are not known")


def _axes(note: object) -> tuple[int | None, ...] | None:
    return note.shape if isinstance(note, TensorNote) else None


def _stretches(left: tuple[int | None, ...], right: tuple[int | None, ...]) -> bool:
    two, one = (left, right) if len(left) > len(right) else (right, left)
    return len(two) == 2 and len(one) == 1 and two[1] == 1 and one[0] != 1


def _is_answer(record: Record, call: Call) -> bool:
    """Say whether the side of two axes is a model's answer and the other one is data: no layer made it."""
    two, one = sorted(call.inputs[:2], key=lambda item: len(_axes(item.note) or ()), reverse=True)
    if origin(record, two.note).some_are(*_ENDS):
        return True
    before, beside = list(walk_back(record, (two,))), list(walk_back(record, (one,)))
    first = two.note.axes[0].name if isinstance(two.note, TensorNote) and two.note.axes else ""
    return first == "batch" and any(map(_is_layer, before)) and _is_from_data(one, beside)


def _asked_for_at(record: Record, call: Call) -> Place | None:
    """Return the line of a pair; of a loss that the program wrote itself, the line that gives it scores and labels."""
    last_layer = max((fact.n for fact in walk_back(record, call.inputs[:2]) if _is_layer(fact)), default=call.n)
    place, fact = call.place, call
    while fact.inside is not None and isinstance(fact := record.fact(fact.inside), Scope) and fact.n > last_layer:
        place = fact.place or place
    return place


def _is_layer(fact: Fact) -> bool:
    return isinstance(fact, Call) and fact.what in (*RECURRENT, "linear")


def _is_from_data(one: Named, behind: list[Fact]) -> bool:
    """Say whether something came with the batch: a part of it, or a tensor of one number for each of its rows."""
    is_data = any(
        (isinstance(fact, Data) and fact.what == "batch") or (isinstance(fact, Call) and bool(fact.values.get("from")))
        for fact in behind
    )
    return is_data and not any(map(_is_layer, behind)) and bool(tensors(one.note))
