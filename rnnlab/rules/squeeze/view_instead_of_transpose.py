"""# The axes were renamed by view where they should have been moved

**What happened.** `view` and `reshape` cut the numbers, in the order in which they lie in memory, into rows of another length.
They move no axis: where the batch does not stand first, the new rows hold pieces of several reviews.

**Why it matters.** The shapes are right and nothing complains. A two-way GRU of 2 x 32 whose final states went through
`hidden.view(batch, -1)` was right for 51 % of new texts after 150 batches, with `torch.cat([hidden[-2], hidden[-1]], dim=1)` for
100 % (texts of 30 words, the first of which decides the label).

**Fix.** Move axes with `permute` or `transpose`; for the final states of two directions write `torch.cat`.

```python bad
import torch
from torch import nn

torch.manual_seed(1)


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 8)
        self.gru = nn.GRU(8, 6, bidirectional=True)
        self.fc = nn.Linear(12, 2)

    def forward(self, words):
        _, hidden = self.gru(self.embedding(words.t()))
        both = hidden.view(words.size(0), -1)  # <- found here
        return self.fc(both)


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
        self.gru = nn.GRU(8, 6, bidirectional=True)
        self.fc = nn.Linear(12, 2)

    def forward(self, words):
        _, hidden = self.gru(self.embedding(words.t()))
        both = torch.cat([hidden[-2], hidden[-1]], dim=1)
        return self.fc(both)


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

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnnlab.facts import Call, TensorNote, tensors
from rnnlab.operations import RECURRENT
from rnnlab.record import Record
from rnnlab.rules.asking.batches import comes_one_by_one
from rnnlab.rules.asking.states import (
    after_the_rnn,
    axes_in_words,
    first_tensor,
    is_viewed_batch_first,
    names,
    probe,
    size,
)
from rnnlab.rules.asking.syntax import tree_at
from rnnlab.rules.kit import Finding, expression, never, rule, walk_back


@rule(level="mistake", needs=("embedding",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Ask of each view and reshape whether the rows that come out still belong to one review each."""
    views = list(record.ask(Call, what="view"))
    found = [call for call in views if _mixes(record, call) and not is_viewed_batch_first(record, call)]
    if never(views, lambda call: any(call is one for one in found), record):
        return
    seen = set()
    for call in found:
        if call.place not in seen:
            seen.add(call.place)
            experiment = probe(record, "neighbours", call.place)
            yield Finding(call.place, _message(record, call), (call.n, *([experiment.n] if experiment else [])))


def _mixes(record: Record, call: Call) -> bool:
    note = first_tensor(call)
    if note is None:
        return _changes_places_in_words(record, call)
    if len(note.axes) < 2 or "layer" in call.values or _is_of_one_review(record, call):
        return False
    return _changes_places(call, note) or _changes_places_in_words(record, call) or _joins_rows(record, call, note)


def _is_of_one_review(record: Record, call: Call) -> bool:
    """Say whether the program goes over single reviews, as `view(1, -1)` or its loader says: all numbers are of one."""
    tree = tree_at(record, call.place)
    if isinstance(tree, ast.Call) and [ast.unparse(one) for one in tree.args[-2:]] == ["1", "-1"]:
        return True
    return comes_one_by_one(record, call.inputs[:1])


def _changes_places(call: Call, note: TensorNote) -> bool:
    """Two axes of several places each come out in another order."""
    came = tensors(call.output)
    if len(came) != 1 or came[0].shape is None:
        return False
    order = call.values.get("from_axes")
    if order is None:
        order = _order_by_sizes(note.shape or (), came[0].shape)
    known = [axis for axis in order if axis is not None and size(note, axis) != 1]
    return len(set(known)) == len(known) and known != sorted(known)


def _order_by_sizes(before: tuple[int | None, ...], after: tuple[int | None, ...]) -> list[int | None]:
    """Return which axis each axis was, where all sizes are known and unlike."""
    if None in before or sorted(map(int, filter(None, before))) != sorted(map(int, filter(None, after))):
        return []
    return [before.index(one) if before.count(one) == 1 else None for one in after]


def _changes_places_in_words(record: Record, call: Call) -> bool:
    """`x.view(x.size(1), x.size(0))`: the sizes are written in another order."""
    tree = tree_at(record, call.place)
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Attribute):
        return False
    owner = ast.unparse(tree.func.value).removesuffix(".contiguous()")
    order = [axis for one in tree.args if (axis := _axis_in_words(one, owner)) is not None]
    note = first_tensor(call)
    several = [axis for axis in order if note is None or size(note, axis) != 1]
    return len(several) > 1 and len(set(several)) == len(several) and several != sorted(several)


def _axis_in_words(node: ast.expr, owner: str) -> int | None:
    """Return 1 for `x.size(1)` and `x.shape[1]` of this x; negative axes are left out."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "size" and node.args:
        whose, which = node.func.value, node.args[0]
    elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
        whose, which = node.value.value, node.slice
    else:
        return None
    if ast.unparse(whose) != owner or not isinstance(which, ast.Constant) or not isinstance(which.value, int):
        return None
    return which.value


def _joins_rows(record: Record, call: Call, note: TensorNote) -> bool:
    """The rows of (layers, batch, hid) or (seq_len, batch, hid) become longer than hid, without the batch being moved first.

    What is joined to a row are then its neighbours in memory: other reviews.
    """
    came = tensors(call.output)
    found = names(note)
    if len(found) != 3 or len(came) != 1 or came[0].shape is None or not _has_one_row_each(came[0].shape):
        return False
    if call.values.get("sizes", [None])[:1] == [1]:
        return False  # one row is asked for: the batch is one review
    first, middle, width = (size(note, i) for i in range(3))
    if first == 1 or middle == 1 or not _stands_second(record, call, found):
        return False
    if names(came[0])[0] == "batch" and found[0] != "batch":
        return True
    return first is not None and width is not None and _width_after(record, call, came[0]) == first * width


def _has_one_row_each(shape: tuple[int | None, ...]) -> bool:
    """(batch, anything), also with an axis of one more, as torch.bmm wants it."""
    return len(shape) == 2 or (len(shape) == 3 and shape[2] == 1)


def _stands_second(record: Record, call: Call, found: list[str]) -> bool:
    """Say whether the batch stands second: by its name, or because nothing has moved it since the RNN gave its final state."""
    if found[1] == "batch" or found[0].startswith("layers"):
        return found[0] != "batch"
    if found[0] != "?" or found[1] not in ("?", "batch"):
        return False
    behind = [fact for fact in walk_back(record, call.inputs[:1]) if isinstance(fact, Call)]
    until = next((i for i, fact in enumerate(behind) if fact.what in RECURRENT), None)
    if until is None:
        return False
    kept = {"index", "view", "to", "dropout", "relu", "tanh", "pad_packed_sequence"}
    from_state = behind[until - 1].inputs[0].note if until else None
    return all(fact.what in kept for fact in behind[:until]) and names(from_state)[:1] != ["batch"]


def _width_after(record: Record, call: Call, came: TensorNote) -> int | None:
    """Return the width of the rows: as told, or as the linear layer that reads them wants them."""
    if came.shape is not None and came.shape[1] is not None:
        return came.shape[1]
    for one in after_the_rnn(record):
        if one.what == "linear" and any(fact.n == call.n for fact in walk_back(record, one.inputs)):
            wanted = one.values.get("in_features")
            return wanted if isinstance(wanted, int) else None
    return None


def _message(record: Record, call: Call) -> str:
    note = first_tensor(call)
    axes = f" of {axes_in_words(note)}" if note is not None else ""
    experiment = probe(record, "neighbours", call.place)
    foreign = experiment.seen.get("foreign_texts") if experiment else None
    tried = (
        f" Tried on {experiment.given['batch']} texts, {foreign} answers depend on other texts."
        if experiment and foreign
        else ""
    )
    return (
        f"{expression(record, call.place)} moves no axis{axes}: it cuts the numbers as they lie in memory into other rows, and "
        f"a row then holds pieces of several reviews.{tried} Move the axes with permute or transpose first"
        f"{_or_cat(note)}."
    )


def _or_cat(note: TensorNote | None) -> str:
    two_way = note is not None and len(note.axes) == 3 and (names(note)[0] == "layers*directions" or size(note, 0) == 2)
    return ", or put the two directions together: torch.cat([hidden[-2], hidden[-1]], dim=1)" if two_way else ""
