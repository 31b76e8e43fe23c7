"""# The best weights are not a copy

**What happened.** `best = model.state_dict()` (or `best_model = model`) keeps no copy: it names the very tensors that the
optimizer goes on changing.

**Why it matters.** When the best weights are loaded at the end, they are those of the last epoch: in the program below the
difference between the two is 0.0 in every number.

**Fix.** Copy them: `copy.deepcopy(model.state_dict())`, or save them to a file.

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
            correct += (model(text).argmax(1) == label).sum().item()
            seen += len(label)
    if epoch == 0 or correct / seen > best:
        best = correct / seen
        best_weights = model.state_dict()  # <- found here
    print(f"epoch {epoch}: validation accuracy {correct / seen:.2f}")
model.load_state_dict(best_weights)
```

```python good
import copy

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
    if epoch == 0 or correct / seen > best:
        best = correct / seen
        best_weights = copy.deepcopy(model.state_dict())
    print(f"epoch {epoch}: validation accuracy {correct / seen:.2f}")
model.load_state_dict(best_weights)
```
"""

import ast
from collections.abc import Iterator

from rnnlab.facts import Data, Place
from rnnlab.record import Record
from rnnlab.rules.asking.syntax import all_nodes, names_in, place_of, trees, with_parents
from rnnlab.rules.kit import Finding, Unseen, expression, rule

_SHALLOW = {"dict", "copy", "OrderedDict"}
_FOUND_BETTER = (ast.If, ast.For, ast.While)


@rule(level="mistake", needs=("model",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for weights (or a model) that are kept under a name in a loop, uncopied, and used afterwards."""
    models = {fact.name for fact in record.ask(Data, what="model") if fact.name}
    evidence = tuple(fact.n for fact in record.ask(Data, what="model"))[:1]
    if not record.sources:
        raise Unseen("the source is not known")
    for key, text, tree in trees(record):
        loaded = _used_later(tree)
        models_here = models | _model_attributes(tree)
        found = [
            one
            for one in _aliases(tree, models_here)
            if one[0].rpartition(".")[2] in loaded and not _is_used_at_once(tree, one[0], one[1])
        ]
        better = {name for name, _, is_better in found if is_better}
        for name, node, _ in found:
            if name in better:
                place = place_of(key, text, node)
                yield Finding(place, _message(record, place, name), evidence)


def _is_used_at_once(tree: ast.Module, name: str, kept: ast.Assign) -> bool:
    """Say whether a name is read only in the block that binds it, right after: saved there, or copied."""
    branches = (node for node in all_nodes(tree) if isinstance(node, ast.If))
    blocks = [block for node in branches for block in (node.body, node.orelse) if kept in block]
    inside = {id(node) for block in blocks for one in block[block.index(kept) + 1 :] for node in ast.walk(one)}
    bound = [
        node for node in all_nodes(tree) if isinstance(node, ast.Assign) and name in map(ast.unparse, node.targets)
    ]
    elsewhere = [node for node in bound if id(node) not in inside and node.lineno > kept.lineno]
    until = min((node.lineno for node in elsewhere if not isinstance(node.value, ast.Constant)), default=None)
    read = [
        node
        for node in all_nodes(tree)
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load) and ast.unparse(node) == name
    ]
    beyond = [one for one in read if id(one) not in inside and (until is None or one.lineno <= until)]
    return bool(read) and not beyond


def _aliases(tree: ast.Module, models: set[str]) -> Iterator[tuple[str, ast.Assign, bool]]:
    """Return every name that live weights are bound to, and whether it is where something better was found."""
    for node, around in with_parents(tree):
        if not isinstance(node, ast.Assign) or (name := ast.unparse(node.targets[0])) in models:
            continue
        branches = [one for one in around if isinstance(one, ast.If)]
        if isinstance(node.value, ast.Name | ast.Attribute) and not any(_compares(one.test) for one in branches):
            continue  # a model under a second name, which nothing better was found for
        if _is_alias(node.value, models) and (not branches or _in_a_branch_of_a_loop(around)):
            yield name, node, bool(branches)


def _compares(test: ast.expr) -> bool:
    """Say whether a test asks which of two is greater."""
    ordering = (ast.Lt, ast.Gt, ast.LtE, ast.GtE)
    return any(isinstance(one, ast.Compare) and isinstance(one.ops[0], ordering) for one in ast.walk(test))


def _model_attributes(tree: ast.Module) -> set[str]:
    """Return the attributes that hold a model: their parameters are trained, or they are put into a mode."""
    calls = [
        node.func for node in all_nodes(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    owners = [one.value for one in calls if one.attr in ("eval", "train", "state_dict", "parameters")]
    trained = [one.value for one in calls if one.attr == "parameters"]
    names = {ast.unparse(one) for one in owners} & {ast.unparse(one) for one in trained}
    return {name for name in names if name.startswith("self.")}


def _in_a_branch_of_a_loop(around: tuple[ast.AST, ...]) -> bool:
    """Say whether a statement stands where something better was found: in an `if`, called again and again."""
    inner = [one for one in around if isinstance(one, _FOUND_BETTER)]
    return any(isinstance(one, ast.If) for one in inner)


def _is_alias(value: ast.expr, models: set[str]) -> bool:
    """Say whether a value is a model's live weights: its state_dict, copied at the top at most, or the model itself."""
    if isinstance(value, ast.Call):
        called = ast.unparse(value.func).rpartition(".")[2]
        if called == "state_dict" and not value.args:
            return _speaks_of_a_model(value.func, models)
        if called == "copy" and not value.args and isinstance(value.func, ast.Attribute):
            return _is_alias(value.func.value, set())
        return called in _SHALLOW and len(value.args) == 1 and _is_alias(value.args[0], set())
    if isinstance(value, ast.Dict):
        return any(_is_alias(one, set()) for one in value.values)
    if isinstance(value, ast.DictComp):
        plain = isinstance(value.value, ast.Name) and len(value.generators) == 1
        return plain and "state_dict" in names_in(value.generators[0].iter)
    return isinstance(value, ast.Name | ast.Attribute) and ast.unparse(value) in models


def _speaks_of_a_model(function: ast.expr, models: set[str]) -> bool:
    return not names_in(function) & {"optimizer", "optim", "opt", "scheduler", "scaler"}


def _used_later(tree: ast.Module) -> set[str]:
    """Return the names that weights are loaded from, that are tested or saved, or that come back from a function."""
    found: set[str] = set()
    for node in all_nodes(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in (
            "load_state_dict",
            "save",
            "dump",
        ):
            found |= {name for argument in node.args for name in names_in(argument)}
        elif isinstance(node, ast.Call):
            # What answers, what is put into evaluation mode, and what is given away under such a name.
            answers = (
                [node.func.value] if isinstance(node.func, ast.Attribute) and node.func.attr == "eval" else [node.func]
            )
            given = [name for name in map(_name, node.args) if "best" in name.lower() or "mejor" in name.lower()]
            found |= {*given, *map(_name, answers)}
        elif isinstance(node, ast.Assign) and _takes_back(node):
            found.add(_name(node.value))
        elif isinstance(node, ast.Return) and node.value is not None:
            found |= names_in(node.value)
    return found


def _takes_back(node: ast.Assign) -> bool:
    """Say whether a model becomes what was kept: `self.model = self.best_model`."""
    return isinstance(node.value, ast.Attribute) and ast.unparse(node.value).startswith("self.best")


def _name(node: ast.expr) -> str:
    return ast.unparse(node).rpartition(".")[2] if isinstance(node, ast.Name | ast.Attribute) else ""


def _message(record: Record, place: Place, name: str) -> str:
    return (
        f"{expression(record, place)} keeps no copy: {name} is another name for the weights that the optimizer goes on "
        f"changing, so at the end it holds those of the last epoch. Write copy.deepcopy(...) around it."
    )
