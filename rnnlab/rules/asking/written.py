"""The program as it is written: which functions it has, what a statement does through them, and which statements follow which."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePath

from rnnlab.facts import Place
from rnnlab.record import Record
from rnnlab.rules.asking.syntax import all_nodes, place_of, trees
from rnnlab.sources import file_and_cell

Function = ast.FunctionDef | ast.AsyncFunctionDef
Doing = Callable[[ast.Call], bool]
_DEPTH = 3  # calls are followed so far
_PASSED_THROUGH = {"tqdm", "trange", "enumerate", "list", "iter", "notebook", "progress_bar", "track", "zip"}


@dataclass(frozen=True)
class Source:
    """One file (or cell) of the program."""

    key: str
    text: str
    tree: ast.Module

    def place(self, node: ast.stmt | ast.expr) -> Place:
        """Return the place of a piece of it."""
        return place_of(self.key, self.text, node)


class Written:
    """The functions and classes of a program by their names, from all of its files."""

    def __init__(self, record: Record) -> None:
        self.sources = [Source(*one) for one in trees(record)]
        self.functions: dict[str, list[Function]] = {}
        self.instances: dict[str, str] = {}
        self.classes: dict[str, ast.ClassDef] = {}
        self.libraries = _libraries(self.sources)
        for source in self.sources:
            for node in all_nodes(source.tree):
                if isinstance(node, Function):
                    self.functions.setdefault(node.name, []).append(node)
                elif isinstance(node, ast.ClassDef):
                    self.classes[node.name] = node
        for source in self.sources:
            for node in all_nodes(source.tree):
                if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                    self.instances |= {
                        word(target): word(node.value.func)
                        for target in node.targets
                        if word(node.value.func) in self.classes
                    }

    @property
    def modules(self) -> set[str]:
        """The names of the classes that are models or layers: they say what goes forward."""
        return {
            name
            for name, kind in self.classes.items()
            if any(isinstance(one, Function) and one.name == "forward" for one in kind.body)
        }

    def called(self, call: ast.Call) -> list[Function]:
        """Return the program's own functions that a call may enter."""
        name = word(call.func)
        if name in self.classes or (isinstance(call.func, ast.Attribute) and word(call.func.value) in self.libraries):
            return []
        kind = self.classes.get(self.instances.get(name, ""))
        if kind is not None:
            return [one for one in kind.body if isinstance(one, Function) and one.name == "__call__"]
        return self.functions.get(name, [])

    def does(self, node: ast.AST, test: Doing, depth: int = _DEPTH) -> bool:
        """Say whether a piece of the program calls something like this, itself or through the functions that it calls."""
        for call in calls(node):
            if test(call):
                return True
            if depth and any(self.does(body, test, depth - 1) for body in self.called(call)):
                return True
        return False

    def scopes(self) -> Iterator[tuple[Source, Function | None, list[ast.stmt]]]:
        """Return the statements of every function and of every file (or cell)."""
        for source in self.sources:
            for node in all_nodes(source.tree):
                if isinstance(node, Function):
                    yield source, node, node.body
            yield source, None, source.tree.body

    def stories(self) -> Iterator[list[tuple[Source, ast.stmt]]]:
        """Return the statements of every function and of every program, in order; a notebook's cells make one program."""
        files: dict[str, list[tuple[Source, ast.stmt]]] = {}
        for source, function, body in self.scopes():
            if function is not None:
                yield [(source, one) for one in body]
            else:
                files.setdefault(file_and_cell(source.key)[0], []).extend((source, one) for one in body)
        yield from files.values()


def _libraries(sources: list[Source]) -> set[str]:
    """Return the names under which whole modules are imported that are no files of the program: `np`, `torch`."""
    own = {PurePath(file_and_cell(source.key)[0]).stem for source in sources}
    return {
        name.asname or name.name.partition(".")[0]
        for source in sources
        for node in all_nodes(source.tree)
        if isinstance(node, ast.Import)
        for name in node.names
        if name.name.rpartition(".")[2] not in own
    }


def word(node: ast.AST) -> str:
    """Return the last word of a name: `backward` of `loss.backward`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript):
        return word(node.value)
    return node.id if isinstance(node, ast.Name) else ""


def within(node: ast.AST) -> Iterator[ast.AST]:
    """Return a node and what is in it, without the functions and classes that are only defined there."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield from within(child)


def calls(node: ast.AST) -> Iterator[ast.Call]:
    """Return the calls in a piece of the program."""
    return (one for one in within(node) if isinstance(one, ast.Call))


def in_order(statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Return the statements of a scope as they follow one another, loops as a whole; branches and `with` are opened."""
    for statement in statements:
        if isinstance(statement, ast.If):
            yield from in_order(statement.body)
            yield from in_order(statement.orelse)
        elif isinstance(statement, ast.With | ast.AsyncWith):
            yield from in_order(statement.body)
        elif isinstance(statement, ast.Try):
            yield from in_order([*statement.body, *statement.orelse, *statement.finalbody])
        elif not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield statement


def loops_in(statements: list[ast.stmt]) -> Iterator[tuple[ast.For | ast.While, list[ast.stmt]]]:
    """Return the loops of a scope, each with the statements that follow it in its own block and the blocks around it."""
    return _loops(statements, [])


def _loops(statements: list[ast.stmt], after: list[ast.stmt]) -> Iterator[tuple[ast.For | ast.While, list[ast.stmt]]]:
    for index, statement in enumerate(statements):
        following = [*statements[index + 1 :], *after]
        if isinstance(statement, ast.For | ast.While):
            yield statement, following
            yield from _loops(statement.body, [])
        elif isinstance(statement, ast.If | ast.With | ast.AsyncWith | ast.Try):
            for body in ("body", "orelse", "finalbody"):
                yield from _loops(getattr(statement, body, []), following)


def loop_at(record: Record, place: Place | None) -> ast.For | ast.While | None:
    """Return the loop that a fact's place stands for: its head, or what it goes over."""
    if place is None:
        return None
    for key, _, tree in trees(record):
        if file_and_cell(key) != (place.file, place.cell):
            continue
        for node in all_nodes(tree):
            if isinstance(node, ast.For | ast.While):
                head = node.iter if isinstance(node, ast.For) else node.test
                if node.lineno <= place.line <= (head.end_lineno or node.lineno):
                    return node
    return None


def walked_over(loop: ast.For) -> ast.expr:
    """Return what a loop goes over, looked through `enumerate`, `tqdm` and the like."""
    over = loop.iter
    while isinstance(over, ast.Call) and word(over.func) in _PASSED_THROUGH and over.args:
        over = over.args[0]
    return over


def is_backward(call: ast.Call) -> bool:
    """Say whether a call starts the backward pass."""
    return word(call.func) in {"backward", "manual_backward"}


def is_ordering(compare: ast.Compare) -> bool:
    """Say whether a comparison asks which of two is greater."""
    return isinstance(compare.ops[0], ast.Lt | ast.Gt | ast.LtE | ast.GtE)


def bound_in(statements: list[ast.stmt]) -> set[str]:
    """Return the last words of all that statements bind: `best` of `self.best = now`."""
    nodes = (node for statement in statements for node in within(statement))
    return {word(node) for node in nodes if isinstance(getattr(node, "ctx", None), ast.Store)} - {""}


def models_in(written: Written) -> dict[str, int]:
    """Return the variables that are bound to a model of the program's own, each with the line."""
    modules = written.modules
    return {
        word(target): node.lineno
        for source in written.sources
        for node in all_nodes(source.tree)
        if isinstance(node, ast.Assign) and any(word(call.func) in modules for call in calls(node.value))
        for target in node.targets
        if isinstance(target, ast.Name)
    }
