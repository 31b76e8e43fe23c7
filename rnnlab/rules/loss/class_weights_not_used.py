"""# Class weights were computed and never used

**What happened.** The program computes a weight for each class, and no loss is given them.

**Why it matters.** The loss then counts every review alike: with 90 % of one class, a model that always says that class has
a small loss and 90 % accuracy. The line suggests that this was taken care of.

**Fix.** Give them to the loss: `nn.CrossEntropyLoss(weight=weights)`.

```python bad
import numpy as np
import torch
from sklearn.utils.class_weight import compute_class_weight
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
        return self.fc(hidden[-1])


model = Classifier()
weights = torch.tensor(compute_class_weight('balanced', classes=np.arange(2), y=label.numpy()))  # <- found here
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()
```

```python good
import numpy as np
import torch
from sklearn.utils.class_weight import compute_class_weight
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
        return self.fc(hidden[-1])


model = Classifier()
weights = torch.tensor(compute_class_weight('balanced', classes=np.arange(2), y=label.numpy())).float()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label, weight=weights)
    loss.backward()
    optimizer.step()
```
"""

import ast
import re
from collections.abc import Iterator

from rnnlab.facts import Call
from rnnlab.operations import LOSSES
from rnnlab.record import Record
from rnnlab.rules.asking.syntax import all_nodes, around_place, place_of, trees, with_parents
from rnnlab.rules.asking.written import word
from rnnlab.rules.kit import Finding, Unseen, expression, never, rule

_WEIGHT = re.compile(r"weight|gewicht|peso|poids|ağırlık|agirlik|权重", re.IGNORECASE)
_LOSS = re.compile(r"CrossEntropyLoss|NLLLoss|BCE\w*Loss|cross_entropy|nll_loss|binary_cross_entropy")
_CONVERTS = frozenset(
    "tensor FloatTensor Tensor from_numpy as_tensor array asarray float double to cuda type astype list dict enumerate zip "
    "tolist".split()
)
_TAKE_WEIGHTS = ("weight", "pos_weight")


@rule(level="mistake", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Ask whether any loss was given weights where some were computed."""
    yield from _worked_out_by_hand(record)
    if record.first(Call, what="class_weights") is None:
        raise Unseen("no weights of classes were seen")
    losses = list(record.ask(Call, where=lambda call: call.what in LOSSES))
    if not losses:
        raise Unseen("no loss was seen")
    if not never(losses, lambda loss: any(loss.values.get(name) is not None for name in _TAKE_WEIGHTS), record):
        return
    for weights in record.ask(Call, what="class_weights"):
        name = weights.binds[0] if weights.binds else "the weights"
        if _goes_elsewhere(record, _assigned_at(record, weights)):
            raise Unseen(f"{name} goes to something else than a loss, which was not followed")
        yield Finding(
            weights.place,
            f"{name} is computed here, and no loss is given it: {expression(record, losses[0].place)} counts every class alike. "
            f"Write weight={name} there, or leave this line out.",
            (weights.n, losses[0].n),
        )


def _assigned_at(record: Record, weights: Call) -> set[str]:
    """Return the names that weights are kept under where they are computed, under `torch.tensor(...)` as well."""
    around = [one for one in around_place(record, weights.place) if isinstance(one, ast.Assign)]
    return {word(target) for one in around[-1:] for target in one.targets} | set(weights.binds) - {""}


def _goes_elsewhere(record: Record, names: set[str]) -> bool:
    """Say whether weights are picked by labels, multiplied, or given to anything but a change of their type."""
    nodes = [pair for _, _, tree in trees(record) for pair in with_parents(tree)]
    known, waiting = set(names), set(names)
    while waiting:
        name = waiting.pop()
        for node, around in nodes:
            if word(node) != name or not isinstance(getattr(node, "ctx", None), ast.Load):
                continue
            statement = next((one for one in reversed(around) if isinstance(one, ast.stmt)), None)
            if isinstance(statement, ast.Assign) and _only_converts(statement.value, name):
                new = {word(target) for target in statement.targets} - known
                known |= new
                waiting |= new
            elif not isinstance(statement, ast.Expr) or not _is_printed(statement.value):
                return True
    return False


def _only_converts(value: ast.expr, name: str) -> bool:
    """Say whether a value is the weights in another type or on another device: `torch.tensor(w).float().to(device)`."""
    while word(value) != name:
        if not isinstance(value, ast.Call):
            return False
        if isinstance(value.func, ast.Attribute) and word(value.func) in _CONVERTS and not _is_torch(value.func.value):
            value = value.func.value
        elif word(value.func) in _CONVERTS and value.args:
            value = value.args[0]
        else:
            return False
    return not isinstance(value, ast.Subscript)


def _is_torch(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("torch", "np", "numpy")


def _worked_out_by_hand(record: Record) -> Iterator[Finding]:
    """Look for weights that are worked out from how often the classes occur, under a name that nothing reads."""
    files = list(trees(record))
    if not any(_LOSS.search(text) for _, text, _ in files):
        return
    for key, text, tree in files:
        for node in all_nodes(tree):
            if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
                continue
            name = node.targets[0].id
            if _WEIGHT.search(name) and _divides(node.value) and not any(_reads(one, name) for _, _, one in files):
                yield Finding(
                    place_of(key, text, node),
                    f"{name} is worked out here, and nothing reads it: the loss counts every class alike. "
                    f"Give it to the loss (weight={name}, or pos_weight={name}), or leave this line out.",
                    level="risk",
                )
                return


def _divides(value: ast.expr) -> bool:
    return any(isinstance(one, ast.BinOp) and isinstance(one.op, ast.Div) for one in ast.walk(value))


def _reads(tree: ast.Module, name: str) -> bool:
    """Say whether anything does more with a name than print it, show it, or change it."""
    for node, around in with_parents(tree):
        if isinstance(node, ast.Constant) and node.value == name:
            return True
        is_it = isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
        if not is_it and not (isinstance(node, ast.Attribute) and node.attr == name):
            continue
        statement = next((one for one in reversed(around) if isinstance(one, ast.stmt)), None)
        if isinstance(statement, ast.Assign) and [ast.unparse(one) for one in statement.targets] == [name]:
            continue
        if not isinstance(statement, ast.Expr) or not (statement.value is node or _is_printed(statement.value)):
            return True
    return False


def _is_printed(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in ("print", "display")
