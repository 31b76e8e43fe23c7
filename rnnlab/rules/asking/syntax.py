"""Questions about the source as it is written, for what no fact tells: which statement stands in which."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator

from rnnlab.facts import Place
from rnnlab.record import Record
from rnnlab.rules.kit import expression
from rnnlab.sources import characters, file_and_cell


def trees(record: Record) -> Iterator[tuple[str, str, ast.Module]]:
    """Return each file (or cell) of the program that is Python: its key, its text and its tree."""
    for key, text in record.sources.items():
        tree = _parsed(text)
        if tree is not None:
            yield key, text, tree


@functools.lru_cache(maxsize=1024)
def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None


@functools.lru_cache(maxsize=256)
def all_nodes(tree: ast.AST) -> tuple[ast.AST, ...]:
    """Return all nodes of a tree, as `ast.walk` does; many rules ask for those of the same file."""
    return tuple(ast.walk(tree))


def parsed(text: str) -> ast.expr | None:
    """Return the tree of an expression; None where the text is none, or was cut off."""
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        return None


def tree_at(record: Record, place: Place | None) -> ast.expr | None:
    """Return the tree of the expression that stands at a place."""
    return parsed(expression(record, place))


def place_of(key: str, text: str, node: ast.stmt | ast.expr) -> Place:
    """Return the place of a piece of syntax."""
    file, cell = file_and_cell(key)
    end = node.end_lineno or node.lineno
    first, last = characters(text, node.lineno, node.col_offset), characters(text, end, node.end_col_offset or 0)
    return Place(file, node.lineno, first, end, last, cell)


@functools.lru_cache(maxsize=64)
def with_parents(tree: ast.AST) -> tuple[tuple[ast.AST, tuple[ast.AST, ...]], ...]:
    """Return every node with what it stands in, outermost first."""
    found: list[tuple[ast.AST, tuple[ast.AST, ...]]] = []
    waiting: list[tuple[ast.AST, tuple[ast.AST, ...]]] = [(tree, ())]
    while waiting:
        node, around = waiting.pop()
        found.append((node, around))
        waiting += [(child, (*around, node)) for child in ast.iter_child_nodes(node)]
    return tuple(found)


def begins_at(one: Place | None, other: Place | None) -> bool:
    """Say whether two places begin at the same character."""
    return one is not None and other is not None and (one.file, one.cell, one.line, one.column) == (
        other.file, other.cell, other.line, other.column,
    )  # fmt: skip


def names_in(node: ast.AST) -> set[str]:
    """Return the names that a piece of syntax reads, attributes by their last word as well."""
    found = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    return found | {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}


def names_in_text(text: str) -> set[str]:
    """Return the names that an expression reads, given as text; none where it cannot be parsed."""
    tree = parsed(text)
    return names_in(tree) if tree is not None else set()


def function_around(record: Record, place: Place | None) -> ast.FunctionDef | None:
    """Return the innermost function that a place stands in."""
    found: ast.FunctionDef | None = None
    for key, _, tree in trees(record):
        if place is None or file_and_cell(key) != (place.file, place.cell):
            continue
        for node in all_nodes(tree):
            if isinstance(node, ast.FunctionDef) and node.lineno <= place.line <= (node.end_lineno or node.lineno):
                found = node if found is None or node.lineno >= found.lineno else found
    return found


def around_place(record: Record, place: Place | None) -> list[ast.AST]:
    """Return the pieces of syntax that a place stands in, outermost first: their lines hold its line."""
    found: list[ast.AST] = []
    for key, _, tree in trees(record):
        if place is not None and file_and_cell(key) == (place.file, place.cell):
            found += [node for node in all_nodes(tree) if _holds(node, place)]
    return found


def _holds(node: ast.AST, place: Place) -> bool:
    begin, end = getattr(node, "lineno", None), getattr(node, "end_lineno", None)
    return begin is not None and end is not None and begin <= place.line <= end


def without_documentation(tree: ast.Module) -> str:
    """Return a file's code as text, without its comments and without texts that stand by themselves."""
    said = {id(node) for node in all_nodes(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}
    words = (
        one.id if isinstance(one, ast.Name)
        else one.attr if isinstance(one, ast.Attribute)
        else one.name if isinstance(one, ast.alias | ast.FunctionDef | ast.ClassDef)
        else f"{one.module}" if isinstance(one, ast.ImportFrom)
        else one.arg or "" if isinstance(one, ast.arg | ast.keyword)
        else one.value if isinstance(one, ast.Constant) and isinstance(one.value, str)
        else ""
        for one in _walk_but(tree, said)
    )  # fmt: skip
    return "\n".join(word for word in words if word)


def _walk_but(tree: ast.AST, left_out: set[int]) -> Iterator[ast.AST]:
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if id(node) not in left_out:
            yield node
            waiting += ast.iter_child_nodes(node)
