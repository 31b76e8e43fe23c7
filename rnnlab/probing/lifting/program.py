"""A program as its sources say it: files, the statements that bind names in them, and which file an import means."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from rnnlab.facts import Place
from rnnlab.sources import file_and_cell

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Binding:
    """A statement that binds a name, and under which key of the sources it stands."""

    name: str
    statement: ast.stmt
    key: str


@dataclass(eq=False)
class File:
    """A script, or all cells of a notebook: one namespace."""

    name: str
    trees: dict[str, ast.Module] = field(default_factory=dict)
    bindings: dict[str, list[Binding]] = field(default_factory=dict)

    def statements(self) -> Iterator[tuple[ast.stmt, str]]:
        """Yield the statements that run when the file does, those inside `if`, `try` and loops among them."""
        for key, tree in self.trees.items():
            yield from ((statement, key) for statement in _opened(tree.body))

    def walk(self) -> Iterator[tuple[ast.AST, str]]:
        """Yield every node."""
        for key, tree in self.trees.items():
            yield from ((node, key) for node in ast.walk(tree))

    def find(self, name: str, kind: type[ast.stmt]) -> Binding | None:
        """Return the last binding of a name by a statement of this kind."""
        found = [b for b in self.bindings.get(name, ()) if isinstance(b.statement, kind)]
        return found[-1] if found else None

    @property
    def classes(self) -> dict[str, Binding]:
        """Return the classes by name."""
        return {name: found for name in self.bindings if (found := self.find(name, ast.ClassDef)) is not None}


class Program:
    """A program's files.

    Args:
        sources: the text of each file; the cells of a notebook as `file.ipynb#3`. What is no Python 3 is left out.
    """

    def __init__(self, sources: Mapping[str, str]) -> None:
        self.files: dict[str, File] = {}
        self.unreadable: dict[str, str] = {}
        self.parents: dict[ast.AST, ast.AST] = {}
        for key, text in sources.items():
            try:
                tree = ast.parse(text)
            except (SyntaxError, ValueError, RecursionError) as error:
                self.unreadable[key] = f"{type(error).__name__}: {error}"
                continue
            file = self.files.setdefault(file_and_cell(key)[0], File(file_and_cell(key)[0]))
            file.trees[key] = tree
            for node in ast.walk(tree):
                for child in ast.iter_child_nodes(node):
                    self.parents[child] = node
        for file in self.files.values():
            for statement, key in file.statements():
                for name in bound_names(statement):
                    file.bindings.setdefault(name, []).append(Binding(name, statement, key))

    def module(self, dotted: str) -> File | None:
        """Return the file of the program that an import means: `models.rnn` is any file that ends in `models/rnn.py`."""
        tail = dotted.strip(".").replace(".", "/")
        if not tail:
            return None
        for ending in (f"{tail}.py", f"{tail}/__init__.py"):
            for name, file in self.files.items():
                plain = name.replace("\\", "/")
                if plain == ending or plain.endswith(f"/{ending}"):
                    return file
        return None

    def function_around(self, node: ast.AST) -> Function | None:
        """Return the function that a node stands in."""
        return next((up for up in self.above(node) if isinstance(up, ast.FunctionDef | ast.AsyncFunctionDef)), None)

    def class_around(self, node: ast.AST) -> ast.ClassDef | None:
        """Return the class that a node stands in."""
        return next((up for up in self.above(node) if isinstance(up, ast.ClassDef)), None)

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield what a node stands in, innermost first."""
        while (up := self.parents.get(node)) is not None:
            yield up
            node = up

    def file_of(self, node: ast.AST) -> File | None:
        """Return the file that a node stands in."""
        root = next((up for up in itertools.chain([node], self.above(node)) if isinstance(up, ast.Module)), None)
        return next((file for file in self.files.values() if root in file.trees.values()), None)


def place_of(key: str, node: ast.stmt | ast.expr) -> Place:
    """Return a node's place."""
    file, cell = file_and_cell(key)
    return Place(file, node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0, cell)


def bound_names(statement: ast.stmt) -> list[str]:
    """Return the names that a statement binds."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Import):
        return [alias.asname or alias.name.partition(".")[0] for alias in statement.names]
    if isinstance(statement, ast.ImportFrom):
        return [alias.asname or alias.name for alias in statement.names]
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign | ast.AugAssign | ast.For):
        targets = [statement.target]
    elif isinstance(statement, ast.With):
        targets = [item.optional_vars for item in statement.items if item.optional_vars is not None]
    return [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]


def _opened(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        if isinstance(statement, ast.If | ast.For | ast.While | ast.With | ast.Try):
            for part in ("body", "handlers", "orelse", "finalbody"):
                for inner in getattr(statement, part, []):
                    yield from _opened(inner.body if isinstance(inner, ast.ExceptHandler) else [inner])


def names_in(node: ast.AST) -> set[str]:
    """Return the names that a piece of source reads."""
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def dotted(node: ast.AST | None) -> str:
    """Return `torch.nn.LSTM` for such an expression, "" for any other."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        left = dotted(node.value)
        return f"{left}.{node.attr}" if left else ""
    return ""
