"""# The labels were encoded twice

**What happened.** `fit_transform` turned the class names into numbers and wrote them over the names. Later the same encoder
was fitted again, to these numbers: it forgot the names and now numbers numbers.

**Why it matters.** `inverse_transform` and `classes_` give 0, 1, 2 where the program expects names. And a second fit on a part
of the rows renumbers what it finds: if class 1 of 0, 1, 2 is missing there, class 2 becomes 1.

**Fix.** Fit once, on the names; use `transform`, or the numbers themselves, from then on.

```python bad
import pandas as pd
import torch
from sklearn.preprocessing import LabelEncoder
from torch import nn
from torch.nn import functional as F

torch.manual_seed(1)
texts = ["a fine film", "a dull film"] * 20
table = pd.DataFrame({"text": texts, "label": ["good", "bad"] * 20}).sample(frac=1, random_state=1)
encoder = LabelEncoder()
table["label"] = encoder.fit_transform(table["label"])
train, test = table[:30], table[30:]
labels = torch.tensor(encoder.fit_transform(train["label"]))  # <- found here
index = {word: i for i, word in enumerate(sorted({word for text in train["text"] for word in text.split()}), start=1)}


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index) + 1, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
ids = torch.tensor([[index.get(word, 0) for word in text.split()] for text in train["text"]])
for epoch in range(3):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(ids), labels)
    loss.backward()
    optimizer.step()
model.eval()
with torch.no_grad():
    print(encoder.inverse_transform(model(ids[:1]).argmax(dim=1).numpy()))
```

```python good
import pandas as pd
import torch
from sklearn.preprocessing import LabelEncoder
from torch import nn
from torch.nn import functional as F

torch.manual_seed(1)
texts = ["a fine film", "a dull film"] * 20
table = pd.DataFrame({"text": texts, "label": ["good", "bad"] * 20}).sample(frac=1, random_state=1)
encoder = LabelEncoder()
table["label"] = encoder.fit_transform(table["label"])
train, test = table[:30], table[30:]
labels = torch.tensor(train["label"].values)
index = {word: i for i, word in enumerate(sorted({word for text in train["text"] for word in text.split()}), start=1)}


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index) + 1, 8)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(hidden[-1])


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
ids = torch.tensor([[index.get(word, 0) for word in text.split()] for text in train["text"]])
for epoch in range(3):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(ids), labels)
    loss.backward()
    optimizer.step()
model.eval()
with torch.no_grad():
    print(encoder.inverse_transform(model(ids[:1]).argmax(dim=1).numpy()))
```
"""

import ast
from collections.abc import Iterator

from rnnlab.record import Record
from rnnlab.rules.asking.passes import has_text
from rnnlab.rules.asking.syntax import names_in, place_of, trees
from rnnlab.rules.asking.tables import blocks, last_word
from rnnlab.rules.kit import Finding, Unseen, expression, rule
from rnnlab.sources import file_and_cell

# A column of a table, or a whole variable (then the column is "").
_Labels = tuple[str, str]
_KEEP_ROWS = frozenset(
    "train_test_split array asarray list tolist to_numpy copy sample head reset_index dropna".split()
)


@rule(level="mistake", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Follow the numbers that an encoder gave, and look whether an encoder is fitted to them."""
    if not has_text(record, "LabelEncoder"):
        raise Unseen("the program has no label encoder")
    for block, where in _blocks(record):
        for call, first in _twice(block):
            encoder = _encoder(call)
            place = place_of(*where[_statement(block, call)], call)
            yield Finding(
                place,
                f"{expression(record, place)} fits '{encoder}' to the numbers that line {first} made of the labels: it forgets "
                f"their names. Fit it once; afterwards use transform, or the numbers as they are.",
                (),
                None if _asks_for_names(record, encoder) else "habit",
            )


def _blocks(record: Record) -> Iterator[tuple[list[ast.stmt], dict[ast.stmt, tuple[str, str]]]]:
    """Return the statements that run one after the other, each with its file's key and text; a notebook's cells are one block."""
    outermost: dict[str, dict[ast.stmt, tuple[str, str]]] = {}
    for key, text, tree in trees(record):
        outermost.setdefault(file_and_cell(key)[0], {}).update(dict.fromkeys(tree.body, (key, text)))
        for block in blocks(tree):
            if block is not tree.body:
                yield block, dict.fromkeys(block, (key, text))
    for where in outermost.values():
        yield list(where), where


def _statement(block: list[ast.stmt], call: ast.Call) -> ast.stmt:
    return next(statement for statement in block if any(node is call for node in ast.walk(statement)))


def _encoder(call: ast.Call) -> str:
    """Return the text of the object whose method is called."""
    return ast.unparse(call.func).rpartition(".")[0]


def _fits(statement: ast.stmt) -> Iterator[ast.Call]:
    """Return the calls that fit an encoder to labels and give their numbers."""
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr):
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and last_word(node) == "fit_transform" and len(node.args) == 1:
                yield node


def _twice(block: list[ast.stmt]) -> Iterator[tuple[ast.Call, int]]:
    """Return the second fits in a block, each with the line of the first one."""
    numbers: dict[_Labels, tuple[str, int]] = {}
    encoders: set[str] = set()
    for statement in block:
        encoders |= _new_encoders(statement)
        fits = [call for call in _fits(statement) if _encoder(call) in encoders]
        for call in fits:
            encoder, line = numbers.get(_labels(call.args[0]) or ("", ""), ("", 0))
            if encoder == _encoder(call):
                yield call, line
        if isinstance(statement, ast.Assign):
            _follow(statement, fits, numbers)


def _new_encoders(statement: ast.stmt) -> set[str]:
    value = statement.value if isinstance(statement, ast.Assign) else None
    if isinstance(statement, ast.Assign) and isinstance(value, ast.Call) and last_word(value) == "LabelEncoder":
        return {ast.unparse(target) for target in statement.targets}
    return set()


def _labels(node: ast.expr) -> _Labels | None:
    """Return the variable, or the table and its column, that labels are read from."""
    if isinstance(node, ast.Attribute) and node.attr == "values":
        node = node.value
    elif (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("tolist", "to_numpy")
    ):
        node = node.func.value
    if isinstance(node, ast.Name):
        return node.id, ""
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and isinstance(node.slice, ast.Constant):
        return node.value.id, str(node.slice.value)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return node.value.id, node.attr
    return None


def _follow(statement: ast.Assign, fits: list[ast.Call], numbers: dict[_Labels, tuple[str, int]]) -> None:
    """Note which labels are numbers behind a statement."""
    value = statement.value
    for target in statement.targets:
        names = target.elts if isinstance(target, ast.Tuple) else [target]
        for one in names:
            labels = _labels(one)
            if labels is None:
                continue
            if value in fits:
                numbers[labels] = (_encoder(fits[0]), statement.lineno)
            elif not labels[1]:
                _pass_on(labels[0], value, numbers)
            else:
                numbers.pop(labels, None)


def _pass_on(name: str, value: ast.expr, numbers: dict[_Labels, tuple[str, int]]) -> None:
    """A variable holds the numbers of what its rows were taken from; any other value ends that."""
    values = value.elts if isinstance(value, ast.Tuple) else [value]
    kept = {
        (name, column): made
        for one in values
        if _keeps_rows(one)
        for (table, column), made in numbers.items()
        if table in names_in(one)
    }
    for labels in [one for one in numbers if one[0] == name]:
        del numbers[labels]
    numbers.update(kept)


def _keeps_rows(value: ast.expr) -> bool:
    """Say whether a value holds rows of what it is made of, with their columns as they were."""
    if isinstance(value, ast.Call):
        return last_word(value) in _KEEP_ROWS
    return isinstance(value, ast.Name) or (
        isinstance(value, ast.Subscript)
        and not (isinstance(value.slice, ast.Constant) and isinstance(value.slice.value, str))
    )


def _asks_for_names(record: Record, encoder: str) -> bool:
    """Say whether the program asks the encoder for names."""
    return any(
        f"{encoder}.{asked}" in text for text in record.sources.values() for asked in ("inverse_transform", "classes_")
    )
