"""Texts that a program writes out, or puts together by chance, itself: whether all of them have one length."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from rnnlab.facts import Data
from rnnlab.record import Record
from rnnlab.rules.asking.syntax import all_nodes, trees
from rnnlab.rules.asking.tables import last_word

_FROM_OUTSIDE = re.compile(
    r"\bopen\(|read_\w+\(|load_dataset|\bdatasets\.|np\.load\(|np\.genfromtxt|loadtxt|pickle\.load|json\.load|fetch_|"
    r"TabularDataset|\.splits\(|input\(|requests\.|urlopen|glob\(|listdir|sys\.argv"
)
_FEWEST = 3  # texts that stand together
_DRAWS = ("choice", "choices", "sample", "randint", "randrange", "shuffle", "rand")


def have_one_length(record: Record) -> bool:
    """Say whether all texts of the program stand in it, or are drawn in it, and all have as many words (or letters)."""
    code = [(ast.unparse(tree), tree) for _, _, tree in trees(record)]
    if any(_FROM_OUTSIDE.search(text) for text, _ in code) or _reads_rows(record):
        return False
    written = [text for _, tree in code for text in _texts(tree)]
    if not written:
        return any(_draws_one_length(tree) for _, tree in code)
    by_words = any(".split(" in text or "tokenize" in text for text, _ in code)
    lengths = {len(text.split()) if by_words else len(text) for text in written}
    return len(lengths) == 1 and min(lengths) > 1


def _reads_rows(record: Record) -> bool:
    """Say whether a witness saw rows of a file, or of a module that is not there."""
    rows = record.ask(Data, where=lambda fact: fact.what in ("file", "table"))
    missing = record.ask(Data, what="dataset", where=lambda fact: fact.samples.get("from") == "a missing file")
    return next(iter(rows), None) is not None or next(iter(missing), None) is not None


def _texts(tree: ast.Module) -> Iterator[str]:
    """Return the texts in lists of texts, or of texts with their labels, that are written out."""
    for node in all_nodes(tree):
        if not isinstance(node, ast.List | ast.Tuple) or len(node.elts) < _FEWEST:
            continue
        found = [_text_of(one) for one in node.elts]
        if all(text is not None for text in found) and any(len(str(text)) > 1 for text in found):
            yield from (str(text) for text in found)


def _text_of(node: ast.expr) -> str | None:
    if isinstance(node, ast.Tuple | ast.List) and node.elts and not _is_text(node.elts[-1]):
        node = node.elts[0]  # a text with its label
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _draws_one_length(tree: ast.Module) -> bool:
    """Say whether texts are put together by chance, from as many parts each time."""
    if not any(isinstance(node, ast.Call) and last_word(node) in _DRAWS for node in all_nodes(tree)):
        return False
    numbers = {
        one.id
        for node in all_nodes(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and type(node.value.value) is int
        for one in node.targets
        if isinstance(one, ast.Name)
    }
    return any(_has_a_fixed_length(node, numbers) for node in all_nodes(tree)) and not any(
        _has_a_drawn_length(node) for node in all_nodes(tree)
    )


def _has_a_fixed_length(node: ast.AST, numbers: set[str]) -> bool:
    """`[""] * 5`, or `choice(words) for _ in range(5)`."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and isinstance(node.left, ast.List):
        is_empty = len(node.left.elts) == 1 and isinstance(node.left.elts[0], ast.Constant)
        return is_empty and node.left.elts[0].value in ("", None) and _is_number(node.right, numbers)  # type: ignore[union-attr]
    if isinstance(node, ast.ListComp | ast.GeneratorExp) and len(node.generators) == 1:
        over = node.generators[0].iter
        draws = any(isinstance(one, ast.Call) and last_word(one) in _DRAWS for one in ast.walk(node.elt))
        return (
            draws and isinstance(over, ast.Call) and last_word(over) == "range" and _is_number(over.args[-1], numbers)
        )
    return False


def _is_number(node: ast.expr, numbers: set[str]) -> bool:
    if isinstance(node, ast.Constant):
        return type(node.value) is int
    return isinstance(node, ast.Name) and node.id in numbers


def _has_a_drawn_length(node: ast.AST) -> bool:
    """Say whether a number of turns or of parts is drawn itself: `range(randint(3, 9))`, `choices(words, k=length)`."""
    if not isinstance(node, ast.Call):
        return False
    if last_word(node) == "range":
        return any(isinstance(one, ast.Call) and last_word(one) in _DRAWS for one in ast.walk(node))
    return last_word(node) in ("choices", "sample") and any(
        word.arg == "k" and not isinstance(word.value, ast.Constant) for word in node.keywords
    )
