"""What comes from a file of the program that is not there: where the program walks over it, it is rows of data."""

from __future__ import annotations

import ast
import re
from typing import Any

from rnnlab.reading.values import Method, Unknown, Value, deep_origins

# Batches have their own rules: what a loader of another file gives is read off the loop.
_NO_ROWS = re.compile(
    r"iter|load(er)?s?$|batch|_gen|generator|model|vocab|param|optim|args|config|epoch|embed|vector", re.I
)


def is_missing(value: Value | None) -> bool:
    """Say whether a value came from a file that is not there, and nothing else is known of it."""
    if isinstance(value, Method):
        return is_missing(value.receiver)
    return isinstance(value, Unknown) and value.missing and not value.origins


def made_by(source: Value, made: Value) -> Value:
    """Return what something of a missing file gave, as coming from there as well."""
    if is_missing(source) and isinstance(made, Unknown) and not made.origins:
        made.missing = True
    return made


def parts(count: int) -> list[Value]:
    """Return the values that something of a missing file is unpacked into."""
    return [Unknown(missing=True) for _ in range(count)]


def splits(run: Any, owner: Value, name: str, given: Any) -> Value | None:
    """A data set of a missing file is cut as torchtext's own are: `train, dev = Reviews.splits(TEXT, LABEL)`."""
    if name != "splits" or not is_missing(owner):
        return None
    from rnnlab.reading.libraries.old_torchtext import named_splits

    names = run.names(given.node)
    fields = [one for one in given.values() if getattr(one, "fields", {}).get("group") == "field"]
    if len(names) not in (2, 3) or not fields:
        return None
    kind = getattr(owner, "text", "")
    return named_splits(run, given.node, kind, dict(zip(("text", "label"), fields, strict=False)), list(names), names)


def walked(run: Any, value: Value, node: Any) -> Value:
    """The program walks over something of a missing file: it is rows, under the learner's word."""
    word = ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""
    if not word or _NO_ROWS.search(word) or run.models or deep_origins(value):
        return value
    name = word.rpartition(".")[2]
    number = run.story.data(node, "dataset", name, samples={"from": "a missing file"}, certain=False, key=word)
    if isinstance(value, Unknown):
        value.origins, value.missing = frozenset({number}), False
        return value
    return Unknown(frozenset({number}))
