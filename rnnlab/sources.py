"""Source text: reading it, cutting spans out of it, and asking what an expression's result is bound to."""

from __future__ import annotations

import ast
import contextlib
import functools
import hashlib
import inspect
import textwrap
import tokenize as python_tokenize
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rnnlab.facts import Place


def read_source(path: str | Path) -> str:
    """Return a Python file's text in its declared encoding.

    Raises:
        OSError: the file cannot be read.
        SyntaxError: its encoding declaration is wrong.
    """
    with python_tokenize.open(str(path)) as file:
        return file.read()


def digest(text: str) -> str:
    """Return the SHA-256 of a text in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def cut(text: str, place: Place) -> str:
    """Return the span of `place` out of a file's text; a place without columns gives the whole line, stripped."""
    lines = text.splitlines()
    if not 0 < place.line <= len(lines):
        return ""
    if not place.end_line or place.end_line == place.line:
        line = lines[place.line - 1]
        return line[place.column : place.end_column].strip() if place.end_column else line.strip()
    span = lines[place.line - 1 : place.end_line]
    span[0] = span[0][place.column :]
    span[-1] = span[-1][: place.end_column]
    return "\n".join(span)


def characters(text: str, line: int, byte_column: int) -> int:
    """Turn a column in UTF-8 bytes (as Python's code objects count) into one in characters."""
    lines = _lines(text)
    if not 0 < line <= len(lines) or lines[line - 1].isascii():
        return byte_column
    return len(lines[line - 1].encode()[:byte_column].decode(errors="ignore"))


@functools.lru_cache(maxsize=64)
def _lines(text: str) -> tuple[str, ...]:
    return tuple(text.splitlines())


def place_of_function(function: Callable[..., Any]) -> Place:
    """Return the place of a function's whole definition, decorators left out.

    Raises:
        OSError: its source is not there (built-in functions, for example).
    """
    function = inspect.unwrap(function)
    lines, first = inspect.getsourcelines(function)
    skipped = 0
    while skipped < len(lines) and lines[skipped].lstrip().startswith("@"):
        skipped += 1
    file = inspect.getsourcefile(function) or "<unknown>"
    return Place(file, first + skipped, end_line=first + len(lines) - 1, end_column=len(lines[-1].rstrip("\n")))


def function_around(text: str, line: int) -> tuple[int, int] | None:
    """Return the first and last line of the innermost function around a line, decorators left out."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return None
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    inner = max(around, key=lambda node: node.lineno, default=None)
    return None if inner is None else (inner.lineno, inner.end_lineno or inner.lineno)


def shown_lines(text: str, first: int, last: int) -> list[tuple[int, str]]:
    """Return the numbered lines of a function for showing: dedented, and without its docstring."""
    lines = text.splitlines()[first - 1 : last]
    block = textwrap.dedent("\n".join(lines)).splitlines()
    numbered = list(enumerate(block, first))
    with contextlib.suppress(SyntaxError):
        function = ast.parse("\n".join(block)).body[0]
        if isinstance(function, ast.FunctionDef) and ast.get_docstring(function) is not None and len(function.body) > 1:
            docstring = function.body[0]
            out = range(first + docstring.lineno - 1, first + (docstring.end_lineno or 0))
            numbered = [(n, line) for n, line in numbered if n not in out]
    return numbered


@functools.lru_cache(maxsize=64)
def _statements(text: str) -> tuple[tuple[ast.stmt, ast.expr], ...]:
    """Return every assignment with its right-hand side, in the order of the text."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return ()
    found: list[tuple[ast.stmt, ast.expr]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.For) and (value := _right_side(node)):
            found.append((node, value))
    return tuple(found)


def _right_side(node: ast.stmt) -> ast.expr | None:
    return node.iter if isinstance(node, ast.For) else getattr(node, "value", None)


def _targets(node: ast.stmt) -> ast.expr | None:
    if isinstance(node, ast.Assign):
        return node.targets[0]
    return getattr(node, "target", None)


def binds(text: str, place: Place) -> tuple[str, ...]:
    """Return the variables that the result of the expression at `place` is assigned to.

    `output, (hidden, cell) = self.rnn(embedded)` gives `("output", "(hidden, cell)")`; an expression that is only part of
    a larger one gives nothing.
    """
    for node, value in _statements(text):
        if (value.lineno, value.end_lineno) == (place.line, place.end_line or place.line) and (
            not place.end_column or _covers(value, place, text)
        ):
            target = _targets(node)
            if target is None:
                return ()
            if isinstance(target, ast.Tuple | ast.List):
                return tuple(ast.unparse(element) for element in target.elts)
            return (ast.unparse(target),)
    return ()


def assigned_at(text: str, name: str, first: int, last: int) -> int | None:
    """Return the last line between two lines (both counted) that assigns to a variable."""
    lines = [
        node.lineno
        for node, _ in _statements(text)
        if first <= node.lineno <= last
        and (target := _targets(node)) is not None
        and any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(target))
    ]
    return max(lines, default=None)


def _covers(value: ast.expr, place: Place, text: str) -> bool:
    start = characters(text, value.lineno, value.col_offset)
    end = characters(text, value.end_lineno or value.lineno, value.end_col_offset or 0)
    return (start, end) == (place.column, place.end_column)


@functools.lru_cache(maxsize=64)
def _expressions(text: str) -> dict[tuple[int, int, int, int], ast.expr]:
    """Return every expression by its span, columns in bytes as Python counts them."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return {}
    found: dict[tuple[int, int, int, int], ast.expr] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.expr):
            found.setdefault((node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0), node)
    return found


def operands(text: str, span: tuple[int, int, int, int]) -> tuple[str, ...]:
    """Return the source of what an operation works on, in order: receiver, arguments, both sides of an operator.

    `span` is (line, column, end line, end column) with columns in bytes.
    """
    node = _expressions(text).get(span)
    return tuple(ast.unparse(part) for part in _parts(node)) if node is not None else ()


def _parts(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.Call):
        receiver = [node.func.value] if isinstance(node.func, ast.Attribute) else []
        parts = [*receiver, *node.args, *(keyword.value for keyword in node.keywords)]
    elif isinstance(node, ast.BinOp):
        parts = [node.left, node.right]
    elif isinstance(node, ast.Compare):
        parts = [node.left, *node.comparators]
    elif isinstance(node, ast.Subscript | ast.Attribute):
        parts = [node.value]
    else:
        parts = []
    flat: list[ast.expr] = []
    for part in parts:
        flat.extend(part.elts if isinstance(part, ast.Tuple | ast.List) else [part])
    return flat
