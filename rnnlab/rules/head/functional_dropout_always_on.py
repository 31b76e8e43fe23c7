"""# Dropout stays on when the model is evaluated

**What happened.** `F.dropout(x, p)` drops numbers on every call: its `training` is True unless it is told otherwise, and
`model.eval()` does not reach a function.

**Why it matters.** With p=0.5 half of the hidden state is missing in the test as well, each time another half: two calls on
one review give two answers, and test scores fall.

**Fix.** Write `F.dropout(x, p, training=self.training)`, or make an `nn.Dropout` in `__init__`.

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
        return self.fc(F.dropout(hidden[-1], 0.5))  # <- found here


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
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
        return self.fc(F.dropout(hidden[-1], 0.5, training=self.training))


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()
```
"""

import ast
from collections.abc import Iterator

from rnnlab.facts import Call, Place, Probe
from rnnlab.record import Record
from rnnlab.rules.asking.syntax import around_place, parsed
from rnnlab.rules.kit import Finding, expression, rule

_TRAINING = 2  # the position of `training` among the arguments of F.dropout


@rule(level="mistake", needs=("dropout",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Ask each dropout that is no layer whether it is told when the model is evaluated."""
    functions = {call.place: call for call in record.ask(Call, what="dropout", where=lambda call: call.layer is None)}
    for call in functions.values():
        said = _said(expression(record, call.place))
        if said not in ("nothing", "True") or _is_asked_in_training_alone(record, call.place):
            continue
        tried = next(
            (one for one in record.ask(Probe, what="repetition") if one.seen.get("largest_change", 0) > 0), None
        )
        seen = f" (tried in eval mode, one text gave answers {tried.seen['largest_change']:.2g} apart)" if tried else ""
        yield Finding(
            call.place,
            f"{expression(record, call.place)} drops numbers in evaluation and prediction as well{seen}: model.eval() does not "
            f"reach a function. Write training=self.training, or make an nn.Dropout.",
            (call.n, tried.n) if tried else (call.n,),
            # Said outright, it may be wanted: dropout at prediction is a way to measure doubt.
            "risk" if said == "True" else None,
        )


def _is_asked_in_training_alone(record: Record, place: Place | None) -> bool:
    """Say whether a dropout stands in a branch that asks for the model's mode: `if self.training:`."""
    tests = (one.test for one in around_place(record, place) if isinstance(one, ast.If | ast.IfExp))
    return any(isinstance(node, ast.Attribute) and node.attr == "training" for test in tests for node in ast.walk(test))


def _said(code: str) -> str:
    """Return what a call says of `training`: its source, or "nothing"; "?" where the code cannot be read."""
    node = parsed(code)
    if not isinstance(node, ast.Call):
        return "?"
    if any(keyword.arg is None for keyword in node.keywords) or any(isinstance(one, ast.Starred) for one in node.args):
        return "?"
    named = next((keyword.value for keyword in node.keywords if keyword.arg == "training"), None)
    given = named or (node.args[_TRAINING] if len(node.args) > _TRAINING else None)
    return "nothing" if given is None else ast.unparse(given)
