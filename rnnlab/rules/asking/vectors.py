"""The matrices of word vectors that a program fills from a file or a trained model, as its source shows them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from rnnlab.facts import Place
from rnnlab.record import Record
from rnnlab.rules.asking.syntax import place_of, trees, with_parents
from rnnlab.sources import file_and_cell

_BORN = {"zeros", "empty", "ones", "full", "rand", "randn", "random", "normal", "uniform", "standard_normal"}
_VECTORS = re.compile(r"glove|w2v|word2vec|fasttext|\bwv\b|\bkv\b|vec(tor)?s?\b|emb|paragram|wiki\.", re.IGNORECASE)


@dataclass
class Matrix:
    """A matrix with a row for each word, where it is made and by what, and how it is filled and read.

    `filled_if` says that rows are written under a condition, `otherwise` that rows without a vector get something too,
    `zeroed` that a row is set to zero by hand; `reads` counts the places that use it for more than its shape.
    """

    name: str
    place: Place
    made_by: str
    filled: int = 0
    filled_if: bool = False
    otherwise: bool = False
    zeroed: bool = False
    reads: int = 0
    nodes: list[ast.AST] = field(default_factory=list)


def matrices(record: Record) -> list[Matrix]:
    """Return the matrices of the program into which word vectors are written row by row."""
    by_file: dict[str, list[tuple[str, str, ast.Module]]] = {}
    for key, text, tree in trees(record):
        by_file.setdefault(file_and_cell(key)[0], []).append((key, text, tree))
    found: list[Matrix] = []
    for file, parts in by_file.items():
        elsewhere = " ".join(text for key, text in record.sources.items() if file_and_cell(key)[0] != file)
        found.extend(_of_file(parts, elsewhere))
    return found


def _of_file(parts: list[tuple[str, str, ast.Module]], elsewhere: str) -> Iterator[Matrix]:
    nodes = [(key, text, node, around) for key, text, tree in parts for node, around in with_parents(tree)]
    made: dict[str, Matrix] = {}
    twice: set[str] = set()
    for key, text, node, _ in nodes:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            born = _born(node.value)
            twice |= {name} & made.keys() if born else set()
            if born:
                made[name] = Matrix(name, place_of(key, text, node), born)
    for _, _, node, around in nodes:
        _look_at(node, around, made)
    for name, one in made.items():
        if one.filled and name not in twice:
            one.reads += bool(re.search(rf"\b{re.escape(name)}\b", elsewhere))
            yield one


def _born(value: ast.expr) -> str:
    """Return the function that makes a matrix of numbers: `np.zeros((words, 300))`; "" for anything else."""
    calls = [node for node in ast.walk(value) if isinstance(node, ast.Call)]
    if not isinstance(value, ast.Call) or any(word in ast.unparse(value) for word in ("int64", "long", "dtype=int")):
        return ""
    for call in reversed(calls):
        called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        sizes = [one for one in call.args if isinstance(one, ast.Tuple) and len(one.elts) == 2]
        if called in _BORN and (sizes or len(call.args) >= 2):
            outer = {getattr(one.func, "attr", "") for one in calls}
            return "uniform_" if outer & {"uniform_", "normal_"} else called
    return ""


def _look_at(node: ast.AST, around: tuple[ast.AST, ...], made: dict[str, Matrix]) -> None:
    """Count what a piece of syntax does with a matrix."""
    if not isinstance(node, ast.Name) or node.id not in made or isinstance(node.ctx, ast.Store):
        return
    one, parent = made[node.id], around[-1] if around else None
    statement = next((outer for outer in reversed(around) if isinstance(outer, ast.stmt)), None)
    if isinstance(parent, ast.Subscript) and parent.value is node and isinstance(parent.ctx, ast.Store):
        _written(one, parent, statement, around)
    elif isinstance(node.ctx, ast.Del) or (
        isinstance(parent, ast.Attribute) and parent.attr in ("shape", "size", "dtype")
    ):
        return
    elif not _is_printed(around):
        one.reads += 1


def _written(one: Matrix, target: ast.Subscript, statement: ast.stmt | None, around: tuple[ast.AST, ...]) -> None:
    value = statement.value if isinstance(statement, ast.Assign) else None
    loops = [i for i, outer in enumerate(around) if isinstance(outer, ast.For | ast.While)]
    if value is None:
        one.otherwise = True
    elif _is_zero(value):
        one.zeroed = True
    elif not loops or any(word in ast.unparse(value) for word in ("random", "rand", "normal", "uniform")):
        one.otherwise = True
    elif _VECTORS.search(f"{one.name} {ast.unparse(value)}") or "np." in ast.unparse(value):
        one.filled += 1
        one.filled_if |= any(isinstance(outer, ast.If | ast.Try | ast.While) for outer in around[loops[0] :])
        branches = [outer for outer in around[loops[0] :] if isinstance(outer, ast.If | ast.Try)]
        one.otherwise |= any(_writes(branch, one.name, target) for branch in branches)


def _writes(branch: ast.stmt, name: str, but: ast.Subscript) -> bool:
    """Say whether another part of a branch writes rows of the matrix as well."""
    return any(
        isinstance(node, ast.Subscript) and node is not but and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name) and node.value.id == name
        for node in ast.walk(branch)
    )  # fmt: skip


def _is_zero(value: ast.expr) -> bool:
    text = ast.unparse(value)
    return text in ("0", "0.0") or text.startswith(("np.zeros", "torch.zeros", "numpy.zeros"))


def _is_printed(around: tuple[ast.AST, ...]) -> bool:
    return any(isinstance(one, ast.Call) and getattr(one.func, "id", "") in ("print", "len") for one in around)
