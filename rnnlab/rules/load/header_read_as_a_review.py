"""# The line of column names was read as a review

**What happened.** The file begins with a line of column names, and it is read without saying so (`header=None`, a plain
`csv.reader`, a `TabularDataset` without `skip_header=True`). The first review is the word "review", its label "sentiment".

**Why it matters.** Where labels are compared (`label == "positive"`) the line becomes a review of the other class, silently.
Where they are counted there is one class too many: 3 outputs for 2 classes, one of them called "sentiment".

**Fix.** `header=0`, `skip_header=True`, or `next(reader)` before the loop.

```python bad
import csv
import pathlib
import tempfile

import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(1)
folder = pathlib.Path(tempfile.mkdtemp())
with open(folder / "bbc-text.csv", "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["review", "sentiment"])
    writer.writerows([[f"a {word} film number {i}", y] for i in range(20) for word, y in (("fine", 1), ("dull", 0))])

table = pd.read_csv(folder / "bbc-text.csv", header=None, names=["review", "sentiment"])  # <- found here
labels = torch.tensor((table["sentiment"].astype(str) == "1").values).long()
words = sorted({word for text in table["review"] for word in text.split()})
index = {word: i for i, word in enumerate(words, start=1)}
rows = [[index[word] for word in text.split()] for text in table["review"]]
ids = torch.tensor([row + [0] * (5 - len(row)) for row in rows])


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index) + 1, 8, padding_idx=0)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(output.masked_fill((text == 0).unsqueeze(2), -1e9).max(dim=1).values)


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(3):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(ids), labels)
    loss.backward()
    optimizer.step()
```

```python good
import csv
import pathlib
import tempfile

import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(1)
folder = pathlib.Path(tempfile.mkdtemp())
with open(folder / "bbc-text.csv", "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["review", "sentiment"])
    writer.writerows([[f"a {word} film number {i}", y] for i in range(20) for word, y in (("fine", 1), ("dull", 0))])

table = pd.read_csv(folder / "bbc-text.csv", header=0, names=["review", "sentiment"])
labels = torch.tensor((table["sentiment"].astype(str) == "1").values).long()
words = sorted({word for text in table["review"] for word in text.split()})
index = {word: i for i, word in enumerate(words, start=1)}
rows = [[index[word] for word in text.split()] for text in table["review"]]
ids = torch.tensor(rows)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(index) + 1, 8, padding_idx=0)
        self.rnn = nn.GRU(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text):
        output, hidden = self.rnn(self.embedding(text))
        return self.fc(output.masked_fill((text == 0).unsqueeze(2), -1e9).max(dim=1).values)


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(3):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(ids), labels)
    loss.backward()
    optimizer.step()
```
"""

import ast
import re
from collections.abc import Iterator

from rnnlab.facts import Data, Place
from rnnlab.record import Record
from rnnlab.rules.asking.passes import has_text
from rnnlab.rules.asking.syntax import all_nodes, place_of, trees
from rnnlab.rules.kit import Finding, Unseen, expression, rule

# Public files whose own names nobody else uses, and that begin with a line of column names.
_WITH_NAMES = re.compile(
    r"(^|[\\/])(IMDB Dataset\.csv|labeledTrainData\.tsv|unlabeledTrainData\.tsv|bbc-text\.csv|imdb_master\.csv)$"
    r"|(nlp-getting-started|jigsaw-toxic-comment-classification-challenge|quora-insincere-questions-classification)"
    r"[\\/](train|test)\.csv$"
)
_SKIPS = re.compile(r"skip_?header|skip_?rows|skip_header_line|header\s*=\s*(0|'infer')")
# The row of names is left out by one of the names: `rows[rows.label != "sentiment"]`.
_LEFT_OUT = re.compile(r"!=\s*['\"](sentiment|label|review|text|target|category|class|id)['\"]", re.IGNORECASE)
_DROPPED = ("[1:]", ".drop(0", ".drop([0]", ".drop(index", "index[0]", "pop(0)")


@rule(level="risk", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for files with a line of names that are read as if they had none."""
    read = [one for one in record.ask(Data) if one.seen_by == "source" and isinstance(one.samples.get("path"), str)]
    with_names = {name for one in read if _WITH_NAMES.search(name := one.samples["path"])} | set(
        _written_with_names(record)
    )
    with_names |= {one.samples["path"] for one in read if _takes_names(one)}
    seen: set[Place | None] = set()
    for one in read:
        if one.samples["path"] in with_names and one.place not in seen and _reads_names(record, one):
            seen.add(one.place)
            yield _finding(record, one.place, one.samples["path"], (one.n,))
    for place, path in _fields_in_order(record):
        if path in with_names and place not in seen:
            seen.add(place)
            yield _finding(record, place, path, ())
    if not seen and not with_names & {one.samples["path"] for one in read}:
        raise Unseen("whether the file begins with a line of names shows only when it is read")


def _finding(record: Record, place: Place | None, path: str, evidence: tuple[int, ...]) -> Finding:
    return Finding(
        place,
        f"{expression(record, place)} reads {path} as if it had no line of column names, and it "
        f"begins with one: the first review is made of the names. Skip that line.",
        evidence,
    )


def _takes_names(one: Data) -> bool:
    """Say whether a program reads a file elsewhere as one with a line of names, and names a column of it."""
    options = one.samples.get("options", {})
    told = {"header", "names", "skiprows"} & options.keys()
    return one.samples.get("read_by") == "read_csv" and options.get("header", 0) == 0 and "header" in told


def _reads_names(record: Record, one: Data) -> bool:
    """Say whether a way to read gives the line of names as a row."""
    by, options = one.samples.get("read_by"), one.samples.get("options", {})
    if any(_LEFT_OUT.search(text) for text in record.sources.values()):
        return False
    if by == "csv.reader":
        return not has_text(record, "next(", "[1:]", "pop(0)", "islice", "enumerate(", "DictReader", ".readline()")
    if _SKIPS.search(expression(record, one.place)) or has_text(record, *_DROPPED):
        return False
    return by == "read_csv" and "header" in options and options["header"] is None


def _written_with_names(record: Record) -> Iterator[str]:
    """Return the files that the program writes with a line of names itself: `table.to_csv("train.csv")`."""
    for call in _calls(record, "to_csv"):
        given = {word.arg: word.value for word in call.keywords}
        path = call.args[0] if call.args else given.get("path_or_buf")
        if isinstance(path, ast.Constant) and isinstance(path.value, str) and not {"header", "mode"} & given.keys():
            yield path.value


def _fields_in_order(record: Record) -> Iterator[tuple[Place, str]]:
    """Return the files that torchtext reads column by column, without leaving a line out; a dict of fields reads the names."""
    for key, text, tree in trees(record):
        lists = {ast.unparse(one) for node in all_nodes(tree) if isinstance(node, ast.Assign) and isinstance(node.value, ast.List)
                 for one in node.targets}  # fmt: skip
        for call in all_nodes(tree):
            if not isinstance(call, ast.Call) or not re.search(r"\bTabularDataset(\.splits)?$", ast.unparse(call.func)):
                continue
            given = {word.arg: word.value for word in call.keywords}
            fields = given.get("fields")
            in_order = isinstance(fields, ast.List) or (fields is not None and ast.unparse(fields) in lists)
            if not in_order or "skip_header" in given:
                continue
            for path in _paths(given):
                yield place_of(key, text, call), path


def _paths(given: dict[str | None, ast.expr]) -> Iterator[str]:
    names = {name: node.value for name, node in given.items() if isinstance(node, ast.Constant)}
    folder = str(names.get("path", ""))
    for part in ("train", "validation", "test"):
        if part in names:
            file = str(names[part])
            yield from (
                (file, f"{folder.rstrip('/')}/{file}")
                if folder in ("", ".", "./")
                else (f"{folder.rstrip('/')}/{file}",)
            )
    if "path" in names and not {"train", "validation", "test"} & given.keys():
        yield folder


def _calls(record: Record, word: str) -> Iterator[ast.Call]:
    for _, _, tree in trees(record):
        for node in all_nodes(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == word:
                yield node
