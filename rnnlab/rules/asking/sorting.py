"""Which data are known to stand sorted by their label, and where a program mixes rows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from rnnlab.facts import Data
from rnnlab.record import Record
from rnnlab.rules.asking.syntax import all_nodes, trees
from rnnlab.rules.asking.tables import bound, last_word

# On the Hugging Face hub, both train splits give all reviews of one label, then all of the other.
SORTED = {
    "imdb": "all 12,500 negative reviews, then all 12,500 positive ones",
    "rotten_tomatoes": "all 4,265 positive reviews, then all 4,265 negative ones",
}
_MIXES = re.compile(
    r"shuffl\w*\(|permut|\.sample\(|randperm|random_split\(|random\.choice|random\.random\b|argsort\([\w.]*rand"
)
_PARTS = re.compile(r"(\w+)\[([^\[\]:]*):([^\[\]:]*)\]")


def order_of(path: object) -> str:
    """Return how the rows of a data set of the hub are sorted; nothing where they are not, or nobody knows."""
    return SORTED.get(str(path).rpartition("/")[2].lower(), "")


def from_hub(record: Record) -> list[Data]:
    """Return the sorted data sets that a program asks the hub for."""
    return [
        fact
        for fact in record.ask(Data, what="dataset")
        if fact.samples.get("read_by") == "load_dataset" and order_of(fact.samples.get("path"))
    ]


def part(fact: Data) -> tuple[str, str, str] | None:
    """Return the split, the start and the end that a split's name asks for: `train[:80%]`."""
    found = _PARTS.fullmatch(str(fact.samples.get("split") or "").replace(" ", ""))
    return (found[1], found[2], found[3]) if found else None


def mixes_before(text: str, line: int) -> bool:
    """Say whether something may mix rows before a line."""
    return _MIXES.search("\n".join(text.splitlines()[: line - 1])) is not None


def labelled_class_by_class(record: Record) -> Iterator[tuple[str, ast.Assign]]:
    """Return the statements that label rows class by class: `[1] * len(good) + [0] * len(bad)`."""
    for key, _, tree in trees(record):
        for node in all_nodes(tree):
            if isinstance(node, ast.Assign) and any(_runs_of_labels(value) for _, value in bound(node)):
                yield key, node


def _runs_of_labels(value: ast.expr) -> bool:
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
        sides = [_run(value.left), _run(value.right)]
        return None not in sides and sides[0] != sides[1]
    if isinstance(value, ast.Call) and last_word(value) in {"concatenate", "cat", "hstack"} and value.args:
        listed = value.args[0]
        if isinstance(listed, ast.List | ast.Tuple) and all(isinstance(one, ast.Call) for one in listed.elts):
            return {last_word(one) for one in listed.elts if isinstance(one, ast.Call)} == {"ones", "zeros"}
    return False


def _run(node: ast.expr) -> str | None:
    """Return the label that is repeated: `1` of `[1] * len(good)`."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        for side in (node.left, node.right):
            if isinstance(side, ast.List) and len(side.elts) == 1 and isinstance(side.elts[0], ast.Constant):
                return ast.unparse(side)
    return None
