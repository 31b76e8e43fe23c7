"""# The training file was read again as the test

**What happened.** Training reviews and test reviews are read from the same file (or the same part of a data set).

**Why it matters.** The test score is the training score: in the program below all 3 of 3 test reviews are training reviews,
and a table of the answers would reach 100 %.

**Fix.** Give the path (or the part) of the test reviews.

```python bad
import tempfile
from pathlib import Path

import pandas as pd

folder = Path(tempfile.mkdtemp())
(folder / "train.csv").write_text("text,label\\ngood film,1\\nbad film,0\\nfine cast,1\\n", encoding="utf-8")
(folder / "test.csv").write_text("text,label\\nfine film,1\\nbad cast,0\\n", encoding="utf-8")


def load(name):
    return pd.read_csv(folder / name)


train = load("train.csv")
test = load("train.csv")  # <- found here
print(test.text.isin(train.text).sum(), "of", len(test), "test reviews are training reviews")
```

```python good
import tempfile
from pathlib import Path

import pandas as pd

folder = Path(tempfile.mkdtemp())
(folder / "train.csv").write_text("text,label\\ngood film,1\\nbad film,0\\nfine cast,1\\n", encoding="utf-8")
(folder / "test.csv").write_text("text,label\\nfine film,1\\nbad cast,0\\n", encoding="utf-8")


def load(name):
    return pd.read_csv(folder / name)


train = load("train.csv")
test = load("test.csv")
print(test.text.isin(train.text).sum(), "of", len(test), "test reviews are training reviews")
```
"""

import ast
import re
from collections.abc import Iterator

from rnnlab.facts import Data
from rnnlab.record import Record
from rnnlab.rules.asking.syntax import all_nodes, names_in, place_of, trees
from rnnlab.rules.asking.tables import blocks, bound, last_word
from rnnlab.rules.kit import Finding, Unseen, expression, role_by_name, rule

_CUTS = {
    "train_test_split",
    "random_split",
    "Subset",
    "sample",
    "split",
    "iloc",
    "loc",
    "select",
    "drop",
    "take",
    "skip",
    "query",
    "filter",
    "get_group",
}
_NO_ROWS = re.compile(
    r"model|net|state|vocab|word|token|config|embed|vector|weight|checkpoint|pretrained|map", re.IGNORECASE
)


@rule(level="mistake", needs=("source",), real_data=False)
def check(record: Record) -> Iterator[Finding]:
    """Look for two reads of the same thing, one under a name of training data, the other under one of test data."""
    read = [fact for fact in record.ask(Data, where=_is_read) if fact.seen_by == "source"]
    if not read:
        raise Unseen("which files were read is not known")
    yield from _made_of_the_training_rows(record)
    again = {_what(fact) for n, fact in enumerate(read) if _what(fact) in map(_what, read[:n])}
    for key, text, tree in trees(record):
        for call in all_nodes(tree):
            if isinstance(call, ast.Call) and (side := _same_file_in_a_call(call)):
                yield Finding(
                    place_of(key, text, call), _message(side, "train", expression(record, place_of(key, text, call)))
                )
        for block in blocks(tree) if again else ():
            for one, two, statement in _read_twice(block):
                if not (_is_cut(tree, one) and _is_cut(tree, two)) and not _are_told_apart(tree, one, two):
                    place = place_of(key, text, statement)
                    yield Finding(place, _message(two, one, expression(record, place)))


def _made_of_the_training_rows(record: Record) -> Iterator[Finding]:
    """Look for two data sets that are made of one part of the rows, where the other part is cut off and never used."""
    data = {fact.id: fact for fact in record.ask(Data) if fact.seen_by == "source"}
    sets = [fact for fact in data.values() if fact.what == "dataset" and fact.samples.get("type")]
    used = {parent for fact in data.values() for parent in fact.made_from}
    for test in sets:
        parts = [data[one] for one in test.made_from if one in data]
        if role_by_name(test.name) != "test" or not parts or any(one.what != "split" for one in parts):
            continue
        train = next(
            (one for one in sets if role_by_name(one.name) == "train" and one.made_from == test.made_from), None
        )
        roles = {role_by_name(one.name) for one in parts}
        spare = [
            one
            for one in data.values()
            if one.what == "split" and role_by_name(one.name) == "test" and one.id not in used
        ]
        if train is not None and roles == {"train"} and spare:
            yield Finding(
                test.place,
                f"{expression(record, test.place)} makes '{test.name}' of the training rows, as '{train.name}' is, and "
                f"'{spare[0].name}' is never used: the test score is then the score on training reviews. Give it "
                f"'{spare[0].name}'.",
                (train.n, test.n, spare[0].n),
            )


def _is_read(fact: Data) -> bool:
    return fact.what in ("table", "file", "dataset") and bool(fact.samples.get("read_by"))


def _what(fact: Data) -> tuple[object, ...]:
    """Return what a fact read: the file, and which part of it."""
    told = fact.samples
    return tuple(str(told.get(word)) for word in ("path", "side", "split", "read_by", "type", "options"))


def _message(test: str, train: str, line: str) -> str:
    return (
        f"{line} reads for '{test}' what was read for '{train}' already: the test score is then the score on training "
        f"reviews. Give it the file (or the part) of the test reviews."
    )


def _same_file_in_a_call(call: ast.Call) -> str:
    """Return which other part is read from the training file: `splits(train="a.csv", test="a.csv")`."""
    given = {word.arg: ast.unparse(word.value) for word in call.keywords if _names_a_file(word.value)}
    train = given.get("train")
    if train is None or last_word(call) != "splits":
        return ""
    return next((side for side in ("test", "validation") if given.get(side) == train), "")


def _names_a_file(value: ast.expr) -> bool:
    """Say whether an argument says which file to read: a text, or a name or a path that is put together, but not None."""
    if isinstance(value, ast.Constant):
        return isinstance(value.value, str)
    return isinstance(value, ast.Name | ast.Attribute | ast.JoinedStr | ast.BinOp | ast.Subscript | ast.Call)


def _read_twice(block: list[ast.stmt]) -> Iterator[tuple[str, str, ast.stmt]]:
    """Return pairs of names, one of training data and one of others, that the same call reads."""
    seen: dict[str, str] = {}
    for statement in block:
        for name, value in bound(statement):
            role = role_by_name(name)
            if (
                role is None
                or _NO_ROWS.search(name)
                or not isinstance(value, ast.Call)
                or not (value.args or value.keywords)
            ):
                continue
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Tuple):
                continue  # what comes back in several parts was split
            if role == "train":
                seen[ast.unparse(value)] = name
            elif ast.unparse(value) in seen and _speaks_of_files(value):
                yield seen[ast.unparse(value)], name, statement


def _speaks_of_files(call: ast.Call) -> bool:
    """Say whether what is called reads: by its name, and by what it is given."""
    word = last_word(call).lower()
    reads = any(part in word for part in ("read", "load", "open", "dataset", "imdb", "ag_news", "get_", "corpus"))
    given = " ".join(ast.unparse(one) for one in (*call.args, *(word.value for word in call.keywords))).lower()
    if _NO_ROWS.search(word) or ast.unparse(call.func) == "torch.load":
        return False
    return reads and any(part in given for part in ("train", "path", "file", ".csv", ".tsv", ".txt", ".json", "/"))


def _are_told_apart(tree: ast.Module, one: str, two: str) -> bool:
    """Say whether both are told later on which rows are theirs: `both.set_part("test")`, `rows = keep(rows, "test")`."""
    told = {name: {text.replace(name, "?") for text in _told(tree, name)} for name in (one, two)}
    return bool(told[one]) and bool(told[two]) and not told[one] & told[two]


def _told(tree: ast.Module, name: str) -> Iterator[str]:
    for node in all_nodes(tree):
        if isinstance(node, ast.Call):
            given = [*node.args, *(word.value for word in node.keywords)]
            is_of = isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == name
            is_given = any(ast.unparse(argument) == name for argument in given)
            others = [one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            if (is_of or is_given) and any(role_by_name(word) for word in others):
                yield ast.unparse(node)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
            value = node.value.value if isinstance(node.value, ast.Constant) else None
            if ast.unparse(node.targets[0].value) == name and isinstance(value, str) and role_by_name(value):
                yield ast.unparse(node)


def _is_cut(tree: ast.Module, name: str) -> bool:
    """Say whether rows are taken out of this later on: where both are cut, the two may hold different rows after all."""
    for node in all_nodes(tree):
        if isinstance(node, ast.Call) and last_word(node) in _CUTS and name in names_in(node):
            return True
        if (
            isinstance(node, ast.Subscript)
            and name in names_in(node.value)
            and not isinstance(node.slice, ast.Constant)
        ):
            return True
    return False
