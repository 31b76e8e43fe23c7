"""# `<unk>` became a class of its own

**What happened.** The labels have a `Field` like the words. Its vocabulary begins with `<unk>`, so the first label has
index 1, and `len(LABEL.vocab)` counts one class more than there are.

**Why it matters.** The model of the program below gets 3 outputs for 2 labels, and index 0 is no label: code that reads
index 0 and 1 as negative and positive reads the wrong ones, and BCE gets labels 1 and 2.

**Fix.** `LabelField()`, or `Field(sequential=False, unk_token=None)`.

```python bad
import torch
from torch import nn
from torch.nn import functional as F
from torchtext.data import Dataset, Example, Field, Iterator

torch.manual_seed(1)
TEXT, LABEL = Field(include_lengths=True), Field(sequential=False)  # <- found here
fields = [("text", TEXT), ("label", LABEL)]
rows = [(" ".join(["a", ["fine", "dull"][i % 2], "film"]), ["pos", "neg"][i % 2]) for i in range(32)]
train_data = Dataset([Example.fromlist(row, fields) for row in rows], fields)
TEXT.build_vocab(train_data)
LABEL.build_vocab(train_data)
train_loader = Iterator(train_data, batch_size=8, shuffle=True)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(TEXT.vocab), 8, padding_idx=TEXT.vocab.stoi["<pad>"])
        self.fc = nn.Linear(8, len(LABEL.vocab))

    def forward(self, text, lengths):
        return self.fc(self.embedding(text).sum(dim=0) / lengths.unsqueeze(1))


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for batch in train_loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(*batch.text), batch.label)
    loss.backward()
    optimizer.step()
```

```python good
import torch
from torch import nn
from torch.nn import functional as F
from torchtext.data import Dataset, Example, Field, Iterator, LabelField

torch.manual_seed(1)
TEXT, LABEL = Field(include_lengths=True), LabelField()
fields = [("text", TEXT), ("label", LABEL)]
rows = [(" ".join(["a", ["fine", "dull"][i % 2], "film"]), ["pos", "neg"][i % 2]) for i in range(32)]
train_data = Dataset([Example.fromlist(row, fields) for row in rows], fields)
TEXT.build_vocab(train_data)
LABEL.build_vocab(train_data)
train_loader = Iterator(train_data, batch_size=8, shuffle=True)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(TEXT.vocab), 8, padding_idx=TEXT.vocab.stoi["<pad>"])
        self.fc = nn.Linear(8, len(LABEL.vocab))

    def forward(self, text, lengths):
        return self.fc(self.embedding(text).sum(dim=0) / lengths.unsqueeze(1))


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for batch in train_loader:
    optimizer.zero_grad()
    loss = F.cross_entropy(model(*batch.text), batch.label)
    loss.backward()
    optimizer.step()
```
"""

import ast
import re
from collections.abc import Callable, Iterator

from rnnlab.facts import Call, Data
from rnnlab.operations import LOSSES
from rnnlab.record import Record
from rnnlab.rules.asking.syntax import all_nodes, names_in, trees
from rnnlab.rules.kit import Finding, Unseen, rule, walk_back

_SPECIALS = ("<unk>", "<pad>")
_OTHER_NUMBERS = ("sub", "add", "arithmetic", "eq", "ne", "compare", "where", "index", "clamp")
_RENUMBERED = r"\.vocab\.(itos|stoi)\s*=[^=]|\.vocab\.(itos|stoi)\.(remove|pop|clear|insert|update)\(|\.vocab\s*=[^=]"
_LABELS = re.compile(r"label|target|categ|class|gold|truth|tag|^y(_|$)|_y$|etiket|标签", re.IGNORECASE)


@rule(level="mistake", needs=("label map",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for special tokens among the labels, unless the program moves their numbers back."""
    maps = [one for one in record.ask(Data, what="label map") if _specials(one)]
    for loss in record.ask(Call, where=lambda call: call.what in LOSSES and len(call.inputs) > 1) if maps else ():
        if any(isinstance(fact, Call) and fact.what in _OTHER_NUMBERS for fact in walk_back(record, loss.inputs[1:2])):
            raise Unseen("the labels get other numbers before the loss reads them")
    if maps and _are_moved_back(record):
        raise Unseen("the program takes 1 from its labels; whether each pass does so was not followed")
    for labels in maps:
        if any(re.search(re.escape(labels.name) + _RENUMBERED, text) for text in record.sources.values()):
            raise Unseen(f"the program numbers {labels.name} in its own way afterwards")
    fields = {field.name: field for field in record.ask(Data, what="field")}
    for labels in maps:
        specials = _specials(labels)
        field = fields.get(labels.name)
        if field is None:
            raise Unseen(f"{labels.name} has {specials[0]} among its labels; the line that made its field was not seen")
        yield Finding(
            field.place,
            f"'{labels.name}' numbers labels as words: {_come_first(specials)}, labels begin at {len(specials)}, and "
            f"len({labels.name}.vocab) counts {len(specials)} too many. Use LabelField(), or unk_token=None.",
            (labels.n, field.n),
        )


def _come_first(specials: list[str]) -> str:
    return f"{' and '.join(specials)} {'come' if len(specials) > 1 else 'comes'} first"


def _specials(labels: Data) -> list[str]:
    """Return the special tokens that have an index among the labels; labels are not padded, `<pad>` stands behind `<unk>`."""
    names = [str(one[0]) for one in labels.samples.get("labels", [])] + list(labels.samples.get("specials", []))
    return [special for special in _SPECIALS if special in names]


def _are_moved_back(record: Record) -> bool:
    """Say whether 1 is taken from labels anywhere: `labels -= 1`, `batch.label - 1`, `y.data.sub_(1)`."""
    moved = [moved for _, _, tree in trees(record) for node in all_nodes(tree) if (moved := _moved(node)) is not None]
    labels = _names_of_labels(record)
    return any(labels(one) for one in moved)


def _moved(node: ast.AST) -> ast.expr | None:
    """Return what 1 is taken from."""
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Sub) and _is_one(node.value):
        return node.target
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and _is_one(node.right):
        return node.left
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args and _is_one(node.args[0]):
        return node.func.value if node.func.attr in ("sub", "sub_", "subtract", "subtract_") else None
    return None


def _is_one(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 1


def _names_of_labels(record: Record) -> Callable[[ast.expr], bool]:
    """Return a test for expressions that hold labels: by their own words, or as a name that is given such an expression."""
    given: dict[str, list[ast.expr]] = {}
    for _, _, tree in trees(record):
        for node in all_nodes(tree):
            if isinstance(node, ast.Assign):
                for target, value in _pairs(node):
                    given.setdefault(ast.unparse(target), []).append(value)

    def speaks(node: ast.expr) -> bool:
        counts = any(isinstance(one, ast.Call) and ast.unparse(one.func) == "len" for one in ast.walk(node))
        return not counts and any(_LABELS.search(word) for word in names_in(node))

    return lambda node: speaks(node) or any(speaks(value) for value in given.get(ast.unparse(node), []))


def _pairs(node: ast.Assign) -> Iterator[tuple[ast.expr, ast.expr]]:
    for target in node.targets:
        if (
            isinstance(target, ast.Tuple)
            and isinstance(node.value, ast.Tuple)
            and len(target.elts) == len(node.value.elts)
        ):
            yield from zip(target.elts, node.value.elts, strict=True)
        else:
            yield target, node.value
