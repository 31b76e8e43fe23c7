"""# Predictions and labels were compared each with each

**What happened.** The predictions are (batch, 1) and the labels (batch): `==` stretches both to (batch, batch) and compares
every prediction with every label.

**Why it matters.** Four right answers of a batch of 4 with two classes then count 8, an accuracy of 200 %; or near 50 % of
the square whatever the model does.

**Fix.** Drop the axis of size 1: `predictions.squeeze(1) == label`.

```python bad
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).long()
train_loader = DataLoader(TensorDataset(text[:48], label[:48]), batch_size=16, shuffle=True)
valid_loader = DataLoader(TensorDataset(text[48:], label[48:]), batch_size=16)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(self.dropout(hidden[-1]))


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(2):
    model.train()
    for text, label in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text), label)
        loss.backward()
        optimizer.step()
    model.eval()
    correct = seen = 0
    with torch.no_grad():
        for text, label in valid_loader:
            correct += (model(text).argmax(1, keepdim=True) == label).sum().item()  # <- found here
            seen += len(label)
    print(f"epoch {epoch}: validation accuracy {correct / seen:.2f}")
```

```python good
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).long()
train_loader = DataLoader(TensorDataset(text[:48], label[:48]), batch_size=16, shuffle=True)
valid_loader = DataLoader(TensorDataset(text[48:], label[48:]), batch_size=16)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(60, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(self.dropout(hidden[-1]))


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(2):
    model.train()
    for text, label in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text), label)
        loss.backward()
        optimizer.step()
    model.eval()
    correct = seen = 0
    with torch.no_grad():
        for text, label in valid_loader:
            correct += (model(text).argmax(1) == label).sum().item()
            seen += len(label)
    print(f"epoch {epoch}: validation accuracy {correct / seen:.2f}")
```
"""

import ast
import re
from collections.abc import Iterator

from rnnlab.facts import Call, TensorNote, makers
from rnnlab.operations import RECURRENT
from rnnlab.record import Record
from rnnlab.rules.asking.accuracies import explained, printed
from rnnlab.rules.asking.syntax import tree_at
from rnnlab.rules.kit import Finding, Unseen, expression, rule

# Losses of each pair: scores and labels have the same shape.
_COUNTED = re.compile(r"\b(arange|range|tensor\(\[)")
_PAIRED = ("binary_cross_entropy", "binary_cross_entropy_with_logits", "mse_loss")


@rule(level="mistake", needs=("eq",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for comparisons of (batch, 1) with (batch)."""
    done, unknown = set(), 0
    for call in record.ask(Call, what="eq"):
        if call.place in done:
            continue
        if len(call.inputs) != 2:
            unknown += bool(call.inputs)
            if (flat := _flat_by_its_loss(record, call)) is not None:
                done.add(call.place)
                yield Finding(
                    call.place,
                    f"{expression(record, call.place)} compares (batch, 1) with labels that {expression(record, flat.place)} "
                    f"takes as (batch): every prediction meets every label in a (batch, batch) square, and the count of right "
                    f"answers is wrong. Write .squeeze(1) behind the predictions.",
                    (call.n, flat.n),
                    "risk",
                )
            continue
        notes = [item.note for item in call.inputs if isinstance(item.note, TensorNote)]
        shapes = [note.shape for note in notes if note.shape is not None]
        if len(shapes) != 2 or "view" in expression(record, call.place):
            unknown += 1
            continue
        two, one = sorted(shapes, key=lambda shape: -len(shape))
        if len(two) == 2 and len(one) == 1 and two[1] == 1 and one[0] != 1 and not _is_meant(record, call):
            done.add(call.place)
            yield Finding(
                call.place,
                f"{expression(record, call.place)} compares (batch, 1) with (batch): every prediction meets every label in a "
                f"(batch, batch) square, and the count of right answers is wrong. {_printed(record)}"
                f"Write .squeeze(1) behind the predictions.",
                (call.n,),
            )
    if unknown and not done:
        raise Unseen("the axes of what is compared are not known")


def _is_meant(record: Record, call: Call) -> bool:
    """Say whether every pair is wanted: with the numbers of the classes, or of labels with themselves."""
    roots = [re.split(r"[.\[]", item.name)[0] for item in call.inputs]
    if len(set(roots)) == 1 and roots[0].isidentifier():
        return True
    return any(
        isinstance(fact, Call) and fact.what not in RECURRENT and _COUNTED.search(expression(record, fact.place))
        for item in call.inputs
        for fact in map(record.fact, makers(item.note))
    )


def _printed(record: Record) -> str:
    """Say which accuracy a run printed of it."""
    for reason in explained(record, "square"):
        pairs = f"{reason.total:,.0f} equal pairs among {reason.one.rows:,.0f} reviews"
        return f"{printed(reason)}, from {pairs}. "
    return ""


def _flat_by_its_loss(record: Record, call: Call) -> Call | None:
    """Return a loss of the same function that takes these labels beside scores of one axis, where (batch, 1) meets them."""
    note = call.inputs[0].note if len(call.inputs) == 1 else None
    if not isinstance(note, TensorNote) or note.shape is None or len(note.shape) != 2 or note.shape[1] != 1:
        return None
    compared = tree_at(record, call.place)
    sides = [compared.left, compared.comparators[0]] if isinstance(compared, ast.Compare) else []
    labels = [one.id for one in sides if isinstance(one, ast.Name) and one.id != call.inputs[0].name]
    for loss in record.ask(Call, where=lambda one: one.what in _PAIRED and one.inside == call.inside):
        scores = loss.inputs[0].note if loss.inputs else None
        asked = tree_at(record, loss.place)
        if not isinstance(scores, TensorNote) or scores.shape is None or len(scores.shape) != 1:
            continue
        if isinstance(asked, ast.Call) and len(asked.args) == 2 and _only_name(asked.args[1]) in labels:
            return loss
    return None


def _only_name(node: ast.expr) -> str | None:
    """Return the name behind casts alone: `y` of `y.float()`."""
    while (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("float", "to", "double")
    ):
        node = node.func.value
    return node.id if isinstance(node, ast.Name) else None
