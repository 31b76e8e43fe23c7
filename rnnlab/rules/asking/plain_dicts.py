"""Dicts that number words, as they are written: for texts that stand in the program itself, of which no fact tells."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rnnlab.record import Record
from rnnlab.rules.asking.syntax import all_nodes, trees
from rnnlab.sources import file_and_cell

_LABELS = re.compile(
    r"label|class|\bcls|tag|target|intent|categor|sentiment|lang|countr|author|genre|lbl|emotion|rating|topic|etiket|标签|类别",
    re.IGNORECASE,
)
_WORDS = re.compile(r"word|vocab|token|stoi|w2i|c2i|char|letter|\.split\(\)|kelime|词", re.IGNORECASE)


@dataclass(frozen=True)
class PlainDict:
    """A dict that numbers words: its name, where it is made, what it goes over for that, and its file."""

    key: str
    text: str
    name: str
    node: ast.expr | ast.stmt
    over: ast.expr
    file: File


class File:
    """What each name of one file, or of one notebook with all its cells, is given."""

    def __init__(self, parts: list[tuple[str, str, ast.Module]]) -> None:
        self.parts = parts
        self.given: dict[str, list[ast.expr | None]] = {}
        self._part_of = {id(node): n for n, (_, _, tree) in enumerate(parts) for node in all_nodes(tree)}
        for node in self.nodes():
            for target, value in _bindings(node):
                self.given.setdefault(ast.unparse(target), []).append(value)

    def position(self, node: ast.expr) -> tuple[int, int]:
        """Return where a piece of syntax stands: in which part, and in which line of it."""
        return self._part_of.get(id(node), 0), node.lineno

    def nodes(self) -> Iterator[ast.AST]:
        """Return every piece of syntax."""
        for _, _, tree in self.parts:
            yield from all_nodes(tree)

    def set_behind(self, node: ast.expr, depth: int = 4) -> ast.expr | None:
        """Return the set in whose order an expression is gone over; None where it has another order, or nobody knows."""
        if isinstance(node, ast.Set | ast.SetComp):
            return node
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in ("set", "frozenset"):
                return node
            return self.set_behind(node.args[0], depth) if node.func.id in ("list", "tuple") and node.args else None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self.set_behind(node.left, depth) or self.set_behind(node.right, depth)
        if isinstance(node, ast.Name | ast.Attribute) and depth:
            name = ast.unparse(node)
            given = self.given.get(name, [])
            behind = [self.set_behind(one, depth - 1) if one is not None else None for one in given]
            if behind and all(one is not None for one in behind) and not self._is_sorted(name):
                return behind[0]
        return None

    def _is_sorted(self, name: str) -> bool:
        return any(isinstance(node, ast.Attribute) and ast.unparse(node) == f"{name}.sort" for node in self.nodes())


def files_of(record: Record) -> list[File]:
    """Return the files of a program, a notebook as one."""
    by_file: dict[str, list[tuple[str, str, ast.Module]]] = {}
    for key, text, tree in trees(record):
        by_file.setdefault(file_and_cell(key)[0], []).append((key, text, tree))
    return [File(parts) for parts in by_file.values()]


def plain_dicts(record: Record) -> Iterator[PlainDict]:
    """Return the dicts of a program that number words, and surely no labels."""
    for file in files_of(record):
        for key, text, tree in file.parts:
            for node in all_nodes(tree):
                for name, made, over in _numbered(node):
                    one = PlainDict(key, text, name, made, over, file)
                    if _is_of_words(one):
                        yield one


def _bindings(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """Return what is bound to what; None for what a loop, a parameter or an unpacking gives."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if not isinstance(target, ast.Tuple | ast.List):
                yield target, node.value
                continue
            values = node.value.elts if isinstance(node.value, ast.Tuple) else []
            for n, one in enumerate(target.elts):
                yield one, values[n] if len(values) == len(target.elts) else None
    elif isinstance(node, ast.AnnAssign):
        yield node.target, node.value
    elif isinstance(node, ast.AugAssign | ast.For | ast.comprehension):
        yield from ((one, None) for one in ast.walk(node.target) if isinstance(one, ast.Name))
    elif isinstance(node, ast.arg):
        yield ast.Name(node.arg), None


def _numbered(node: ast.AST) -> Iterator[tuple[str, ast.expr | ast.stmt, ast.expr]]:
    """Return dicts that are numbered: `d = {w: i for i, w in enumerate(x)}`, `for i, w in enumerate(x): d[w] = i`."""
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.DictComp) and len(node.value.generators) == 1:
        made = node.value.generators[0]
        over = _enumerated(made.iter)
        if over is not None and isinstance(made.target, ast.Tuple) and _counts(made.target, node.value.key):
            yield ast.unparse(node.targets[0]), node.value, over
    elif isinstance(node, ast.For):
        over = _enumerated(node.iter)
        words = node.target if over is None else getattr(node.target, "elts", [node.target])[-1]
        for one in node.body:
            target = one.targets[0] if isinstance(one, ast.Assign) else None
            if not isinstance(target, ast.Subscript) or ast.unparse(target.slice) != ast.unparse(words):
                continue
            if over is not None or f"len({ast.unparse(target.value)})" in ast.unparse(one):
                yield ast.unparse(target.value), one, over if over is not None else node.iter


def _enumerated(node: ast.expr) -> ast.expr | None:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "enumerate" and node.args:
        return node.args[0]
    return None


def _counts(target: ast.Tuple, key: ast.expr) -> bool:
    """Say whether the word is the key, and not its number."""
    return len(target.elts) == 2 and ast.unparse(key) in ast.unparse(target.elts[1])


def _is_of_words(one: PlainDict) -> bool:
    """Say whether a dict numbers words: by its name, by what it goes over, and by what that is given."""
    behind = one.file.set_behind(one.over)
    spoken = f"{one.name} {ast.unparse(one.over)} {ast.unparse(behind) if behind is not None else ''}"
    return bool(_WORDS.search(spoken)) and not _LABELS.search(spoken)
