"""# The batch was sorted for packing, and the answers stayed in that order

**What happened.** The reviews of a batch were sorted by length, and the loss compares the answers with labels that were
not: each review is compared with the label of another.

**Why it matters.** In a shuffled batch of 16 reviews one is expected to stay in its place; the other 15 have another's
label, and the model can learn nothing but how frequent each label is.

**Fix.** Put the answers back, `scores[order.argsort()]`, sort the labels too, or let `pack_padded_sequence(...,
enforce_sorted=False)` do both.

```python bad
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (70, 12))
lengths = torch.randint(1, 13, (70,))
text[torch.arange(12) >= lengths[:, None]] = 0
label = (text[:, 0] > 30).long()
train_loader = DataLoader(TensorDataset(text[:50], lengths[:50], label[:50]), batch_size=16, shuffle=True)
test_loader = DataLoader(TensorDataset(text[50:], lengths[50:], label[50:]), batch_size=16)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8, padding_idx=0)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text, lengths):
        lengths, order = lengths.sort(descending=True)  # <- found here
        packed = pack_padded_sequence(self.embedding(text[order]), lengths, batch_first=True)
        output, hidden = self.rnn(packed)
        return self.fc(hidden[-1])


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, lengths, label in train_loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text, lengths), label)
    loss.backward()
    optimizer.step()

model.eval()
correct = count = 0
with torch.no_grad():
    for text, lengths, label in test_loader:
        correct += (model(text, lengths).argmax(dim=1) == label).sum().item()
        count += len(label)
print(f"Accuracy of {count} reviews: {correct / count:.3f}")
```

```python good
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (70, 12))
lengths = torch.randint(1, 13, (70,))
text[torch.arange(12) >= lengths[:, None]] = 0
label = (text[:, 0] > 30).long()
train_loader = DataLoader(TensorDataset(text[:50], lengths[:50], label[:50]), batch_size=16, shuffle=True)
test_loader = DataLoader(TensorDataset(text[50:], lengths[50:], label[50:]), batch_size=16)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8, padding_idx=0)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text, lengths):
        packed = pack_padded_sequence(self.embedding(text), lengths, batch_first=True, enforce_sorted=False)
        output, hidden = self.rnn(packed)
        return self.fc(hidden[-1])


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, lengths, label in train_loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text, lengths), label)
    loss.backward()
    optimizer.step()

model.eval()
correct = count = 0
with torch.no_grad():
    for text, lengths, label in test_loader:
        correct += (model(text, lengths).argmax(dim=1) == label).sum().item()
        count += len(label)
print(f"Accuracy of {count} reviews: {correct / count:.3f}")
```
"""

from collections.abc import Iterator

from rnnlab.facts import Call, Data, Fact, makers
from rnnlab.operations import LOSSES, RECURRENT
from rnnlab.record import Record
from rnnlab.rules.kit import Finding, Unseen, expression, line, rule, walk_back

_SORTS = ("sort", "argsort")


@rule(level="mistake", needs=("pack_padded_sequence",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Follow the answers and the labels of each loss back to a sorting of the batch."""
    losses = [call for call in record.ask(Call, where=lambda call: call.what in LOSSES) if len(call.inputs) > 1]
    if not losses:
        raise Unseen("no loss was seen")
    if record.first(Call, what="__setitem__", where=lambda call: _order_of(record, call) is not None) is not None:
        raise Unseen("rows are written back in an order; which was not seen")
    seen = set()
    for loss in losses:
        sort = _sorted_in_the_model(record, loss) or _sorted_in_the_batch(record, loss)
        if sort is not None and _sorts_back(record):
            raise Unseen("the order is sorted itself, which gives the way back; where it is used was not seen")
        if sort is not None and sort.place not in seen:
            seen.add(sort.place)
            yield Finding(
                sort.place,
                f"{expression(record, sort.place)} sorts the batch, and {expression(record, loss.place)} in {line(loss)} "
                f"compares the answers in that order with labels in the old one: each review gets another's label. Put them back "
                f"with order.argsort(), or pack with enforce_sorted=False and do not sort.",
                (sort.n, loss.n),
            )


def _sorts_back(record: Record) -> bool:
    sorts = list(record.ask(Call, where=lambda call: call.what in _SORTS))
    return any(fact in sorts for sort in sorts for fact in walk_back(record, sort.inputs[:1]))


def _order_of(record: Record, call: Call) -> Call | None:
    """Return the sorting whose order picks the rows of an operation's first input."""
    behind = walk_back(record, call.inputs[1:])
    return next((fact for fact in behind if isinstance(fact, Call) and fact.what in _SORTS), None)


def _picks(record: Record, facts: list[Fact]) -> list[tuple[Call, Call]]:
    """Return the operations that pick rows in a sorted order, each with its sorting."""
    calls = [
        fact for fact in facts if isinstance(fact, Call) and fact.what in ("index", "index_select", "gather", "scatter")
    ]
    return [(call, order) for call in calls if (order := _order_of(record, call)) is not None]


def _sorted_in_the_model(record: Record, loss: Call) -> Call | None:
    behind = list(walk_back(record, loss.inputs[:1]))
    picks = _picks(record, behind)
    if not picks or _picks(record, list(walk_back(record, loss.inputs[1:2]))):
        return None
    read = [call for call, _ in picks if any(_is_recurrent(fact) for fact in walk_back(record, call.inputs[:1]))]
    if not read and any(
        _reorders(fact) and any(map(_is_recurrent, walk_back(record, fact.inputs[:1])))
        for fact in behind
        if isinstance(fact, Call)
    ):
        raise Unseen("the answers are picked in an order whose making was not seen")
    return None if read else picks[0][1]


def _reorders(call: Call) -> bool:
    """Say whether an operation picks rows by a tensor, and nothing else by another one."""
    if call.what == "index_select":
        return True
    keys = list(call.values.get("index", ()))
    return call.what == "index" and keys.count("Tensor") == 1 and all(key in ("Tensor", ":") for key in keys)


def _is_recurrent(fact: Fact) -> bool:
    return isinstance(fact, Call) and fact.what in RECURRENT


def _sorted_in_the_batch(record: Record, loss: Call) -> Call | None:
    """Where the batch was put together sorted, its labels should have been picked in the same order."""
    batches = [record.fact(n) for n in makers(loss.inputs[1].note) if 0 <= n < len(record)]
    if len(batches) != 1 or not isinstance(batches[0], Data) or batches[0].what != "batch":
        return None
    parts = {name: _made(record, part) for name, part in batches[0].samples.items() if isinstance(part, dict)}
    label = parts.get(loss.inputs[1].name)
    picked = [order for facts in parts.values() for _, order in _picks(record, facts)]
    if not label or not picked or _picks(record, label) or any(_is_order(facts) for facts in parts.values()):
        return None
    return picked[0]


def _made(record: Record, part: dict[str, list[int]]) -> list[Fact]:
    """Return the facts that made a part of a batch, and those behind them."""
    first = [record.fact(n) for n in part.get("made_by", ()) if 0 <= n < len(record)]
    return [*first, *(fact for one in first for fact in walk_back(record, getattr(one, "inputs", ())))]


def _is_order(facts: list[Fact]) -> bool:
    """Say whether a part of the batch may be the order itself, which can put the answers back later."""
    return bool(facts) and isinstance(facts[0], Call) and facts[0].what == "argsort"
