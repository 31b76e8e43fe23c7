"""# The answers stand in another order than the rows of the file

**What happened.** The answers were collected from a loader that shuffles or sorts, and put beside the rows of a table as if
they came in its order.

**Why it matters.** Each row gets the answer of another one: with two classes of the same size, 50 of 100 rows get a wrong
label from a perfect model, and nothing looks odd.

**Fix.** Go over the rows in order: `shuffle=False`, no sampler, no `sort`; or carry the row's number through the loader and
put the answers back by it.

```python bad
import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).long()
new = torch.randint(1, 60, (6, 12))
table = pd.DataFrame({"id": [11, 12, 13, 14, 15, 16]})
loader = DataLoader(TensorDataset(text, label), batch_size=16, shuffle=True)
new_loader = DataLoader(new, batch_size=2, shuffle=True)


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
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()

answers = []
model.eval()
with torch.no_grad():
    for text in new_loader:
        answers.extend(model(text).argmax(1).tolist())
table["label"] = answers  # <- found here
print(table)
```

```python good
import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
text = torch.randint(1, 60, (64, 12))
label = (text[:, 0] > 30).long()
new = torch.randint(1, 60, (6, 12))
table = pd.DataFrame({"id": [11, 12, 13, 14, 15, 16]})
loader = DataLoader(TensorDataset(text, label), batch_size=16, shuffle=True)
new_loader = DataLoader(new, batch_size=2)


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
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for text, label in loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(text), label)
    loss.backward()
    optimizer.step()

answers = []
model.eval()
with torch.no_grad():
    for text in new_loader:
        answers.extend(model(text).argmax(1).tolist())
table["label"] = answers
print(table)
```
"""

import ast
from collections.abc import Iterator

from rnnlab.facts import Data
from rnnlab.record import Record
from rnnlab.rules.asking.syntax import all_nodes, place_of, trees
from rnnlab.rules.kit import Finding, Unseen, rule

_IN_ORDER = ("SequentialSampler", "BatchSampler")


@rule(level="mistake", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for lists that are filled from a loader in another order, and become a column of a table."""
    loaders = list(record.ask(Data, what="loader", where=lambda fact: fact.seen_by == "source"))
    if not loaders:
        raise Unseen("no loader was seen in the source")
    for key, text, tree in trees(record):
        for filled, loader in _filled(tree, loaders):
            how = _mixes(loader)
            column = _column(tree, filled) if how else None
            if column is not None:
                yield Finding(
                    place_of(key, text, column),
                    f"The answers were collected from {loader.name}, which {how}, and stand beside the rows here as if they came "
                    f"in the file's order. Go over the rows in order, or put the answers back by the rows' numbers.",
                    (loader.n,),
                )


def _mixes(loader: Data) -> str:
    """Return in words how a loader changes the order; nothing where it keeps it."""
    options, sampler = loader.samples.get("options", {}), loader.samples.get("sampler")
    if options.get("shuffle") is True:
        return "shuffles"
    if sampler and str(sampler).rpartition(".")[2] not in _IN_ORDER:
        return f"takes its order from {sampler}"
    sorts = options.get("sort") is True or options.get("sort_within_batch") is True
    return "sorts by length" if sorts and "Iterator" in str(loader.samples.get("type")) else ""


def _filled(tree: ast.Module, loaders: list[Data]) -> Iterator[tuple[frozenset[str], Data]]:
    """Return the lists that a loop over a loader fills, all of one loop together, with the loader."""
    for node in all_nodes(tree):
        if not isinstance(node, ast.For):
            continue
        over = {one.id for one in ast.walk(node.iter) if isinstance(one, ast.Name)}
        same = [loader for loader in loaders if loader.name in over]
        # One name for several loaders: which of them it was is not known.
        if len(same) == 1 and not any(isinstance(one, ast.Call) and _trains(one) for one in ast.walk(node)):
            yield frozenset(_appended(node)), same[0]


def _trains(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "backward"


def _appended(loop: ast.For) -> Iterator[str]:
    for node in ast.walk(loop):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("append", "extend")
        ):
            yield ast.unparse(node.func.value)
        if (
            isinstance(node, ast.AugAssign)
            and isinstance(node.op, ast.Add)
            and isinstance(node.value, ast.List | ast.ListComp | ast.Call)
        ):
            yield ast.unparse(node.target)


def _column(tree: ast.Module, filled: frozenset[str]) -> ast.stmt | None:
    """Return the statement that puts one of these lists beside the rows of a table that was not filled in the same loop."""
    for node in all_nodes(tree):
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        target = node.targets[0]
        if isinstance(target, ast.Subscript) and ast.unparse(node.value) in filled and _is_column(target):
            rows = ast.unparse(target.value)
            if rows not in filled and not _is_made_of(tree, rows, filled):
                return node
        if _is_a_new_table(node.value) and _has_both(node.value, filled):
            return node
    return None


def _is_column(target: ast.Subscript) -> bool:
    return isinstance(target.slice, ast.Constant) and isinstance(target.slice.value, str)


def _is_a_new_table(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and ast.unparse(value.func).endswith("DataFrame")


def _has_both(value: ast.expr, filled: frozenset[str]) -> bool:
    """Say whether a new table has a column of answers beside one that comes from another table: `{"id": test["id"], ...}`."""
    columns = [column for node in ast.walk(value) if isinstance(node, ast.Dict) for column in node.values]
    answers = [column for column in columns if ast.unparse(column) in filled]
    others = [column for column in columns if isinstance(column, ast.Subscript | ast.Attribute)]
    names = {one.id for column in others for one in ast.walk(column) if isinstance(one, ast.Name)}
    return bool(answers) and bool(others) and not names & filled


def _is_made_of(tree: ast.Module, rows: str, filled: frozenset[str]) -> bool:
    """Say whether a table was itself made of what the loop collected, or is no table but a dict of results."""
    for node in all_nodes(tree):
        if isinstance(node, ast.Assign) and rows in [ast.unparse(target) for target in node.targets]:
            names = {one.id for one in ast.walk(node.value) if isinstance(one, ast.Name)}
            if isinstance(node.value, ast.Call) and not node.value.args and not node.value.keywords:
                return True  # an empty table
            if names & filled or isinstance(node.value, ast.Dict | ast.DictComp):
                return True
            if isinstance(node.value, ast.Call) and ast.unparse(node.value.func) in ("dict", "defaultdict"):
                return True
    return False
