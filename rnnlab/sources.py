"""Source text: reading it (scripts, notebooks), cutting spans out of it, and asking what a result is bound to."""

from __future__ import annotations

import ast
import contextlib
import functools
import hashlib
import inspect
import json
import re
import textwrap
import tokenize as python_tokenize
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from rnnlab.facts import Place

_CELL = ".ipynb#"


def key_of(place: Place) -> str:
    """Return under which name a record keeps the source of a place: the file, or `file.ipynb#3` for the third cell."""
    return place.file if place.cell is None else f"{place.file}#{place.cell}"


@functools.lru_cache(maxsize=256)
def file_and_cell(key: str) -> tuple[str, int | None]:
    """Split such a name again: the file, and the cell's number (None for a script)."""
    file, mark, cell = key.rpartition("#")
    return (file, int(cell)) if mark and _CELL in key and cell.isdecimal() else (key, None)


def read_source(path: str | Path) -> str:
    """Return a Python file's text in its declared encoding.

    Raises:
        OSError: the file cannot be read.
        SyntaxError: its encoding declaration is wrong.
    """
    with python_tokenize.open(str(path)) as file:
        return file.read()


class Skipped(NamedTuple):
    """A line of a notebook that is no Python: what stood there, and what was done with it."""

    line: int
    what: str
    done: str


class Cell(NamedTuple):
    """A code cell of a notebook: its number among them (from 1), its text, and the Python in it, line for line."""

    number: int
    text: str
    code: str
    skipped: tuple[Skipped, ...] = ()


class NotebookError(ValueError):
    """A file is no notebook; the message says why."""


def read_notebook(path: str | Path) -> list[Cell]:
    """Return the code cells of a notebook, with what is no Python (magics, shell lines) translated or taken out.

    Raises:
        OSError: the file cannot be read.
        NotebookError: it is no notebook, or not one of Python.
    """
    try:
        notebook = json.loads(Path(path).read_text(encoding="utf-8-sig"))
        cells = notebook["cells"] if "cells" in notebook else notebook["worksheets"][0]["cells"]
        texts = [_joined(cell, "source", "input") for cell in cells if cell["cell_type"] == "code"]
        metadata = notebook.get("metadata") or {}
        language = metadata.get("language_info", {}).get("name") or metadata.get("kernelspec", {}).get("language")
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, StopIteration) as error:
        raise NotebookError(
            f"{path} ends in .ipynb, but it is no notebook: its text is not a notebook's JSON"
        ) from error
    if language and str(language).lower() not in {"python", "ipython"}:
        raise NotebookError(f"{path} is a notebook in {language}; rnnlab reads notebooks in Python")
    return [Cell(n, text, *_python_of(text)) for n, text in enumerate(texts, 1)]


def _joined(cell: dict[str, Any], *names: str) -> str:
    text = next(cell[name] for name in names if name in cell)
    return text if isinstance(text, str) else "".join(text)


def _python_of(text: str) -> tuple[str, tuple[Skipped, ...]]:
    """Return the Python of a cell, every line at its place, and what was no Python."""
    with contextlib.suppress(SyntaxError, ValueError):
        ast.parse(text)
        return text, ()
    lines = text.split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    if lines[first].startswith("%%"):
        return _cell_magic(lines, first)
    return _line_magics(lines)


def _cell_magic(lines: list[str], first: int) -> tuple[str, tuple[Skipped, ...]]:
    """`%%time` and its kind run the cell's Python once; the rest of any other cell magic is not Python."""
    magic = lines[first].strip()
    if magic[2:].split(" ")[0] in _RUN_ONCE:
        rest, skipped = _python_of("\n".join(["", *lines[first + 1 :]]))
        done = "the cell was run once, without it"
        moved = tuple(one._replace(line=one.line + first) for one in skipped)
        return "\n" * first + rest, (Skipped(first + 1, magic, done), *moved)
    if (written := _WRITTEN.fullmatch(magic)) is not None:
        code = _writing(written["path"].strip(), "\n".join([*lines[first + 1 :], ""]), more=bool(written["more"]))
        blank = "\n" * (len(lines) - 1 - first)
        return "\n" * first + code + blank, (Skipped(first + 1, magic, "the file was written"),)
    return "\n" * (len(lines) - 1), (Skipped(first + 1, magic, "the whole cell was skipped: it is no Python"),)


def _writing(path: str, text: str, *, more: bool) -> str:
    """Return the statement that writes a file, a module that later cells import most often; `;` keeps its value unshown."""
    file = f"__import__('pathlib').Path({path!r})"
    before = f"{file}.read_text(encoding='utf-8') + " if more else ""
    return f"{file}.write_text({before}{text!r}, encoding='utf-8');"


_WRITTEN = re.compile(r"%%(?:writefile|file)\s+(?P<more>-a\s+|--append\s+)?(?P<path>\S.*)")
_RUN_ONCE = {"time", "timeit", "capture", "prun", "memit", "mprun", "lprun"}
_ESCAPE = re.compile(r"(?P<left>\s*(?:[\w.,\s()\[\]'\"]+=\s*)?)(?P<sign>[!%?]{1,2})(?P<rest>.*)")
_HELP = re.compile(r"\s*[%\w.]+\?{1,2}\s*")


def _line_magics(lines: list[str]) -> tuple[str, tuple[Skipped, ...]]:
    made: list[str] = []
    skipped: list[Skipped] = []
    begun: list[str] = []  # the lines of a statement that is not at its end
    i = 0
    while i < len(lines):
        line = lines[i]
        match = None if begun else _ESCAPE.fullmatch(line) or _HELP.fullmatch(line)
        if match is None:
            made.append(line)
            begun = [] if _is_whole([*begun, line]) else [*begun, line]
            i += 1
            continue
        # A shell line goes on after a backslash.
        last = i
        while lines[last].endswith("\\") and last + 1 < len(lines):
            last += 1
        code, done = _translated(line)
        made += [code, *[""] * (last - i)]
        skipped.append(Skipped(i + 1, "\n".join(lines[i : last + 1]).strip(), done))
        i = last + 1
    return "\n".join(made), tuple(skipped)


def _is_whole(lines: list[str]) -> bool:
    """Say whether a bracket, a text in three quotes or a backslash leaves the statement open at the end of these lines."""
    depth = 0
    try:
        for token in python_tokenize.generate_tokens(iter([f"{line}\n" for line in lines]).__next__):
            depth += (
                (token.string in {"(", "[", "{"}) - (token.string in {")", "]", "}"}) if token.type == _OPERATOR else 0
            )
    except (python_tokenize.TokenError, StopIteration):
        return False
    except SyntaxError:  # an indentation that began further up
        pass
    return depth <= 0 and not lines[-1].endswith("\\")


_OPERATOR = python_tokenize.OP


def _translated(line: str) -> tuple[str, str]:
    """Return the Python for a line that is none, and what is said of it."""
    match = _ESCAPE.fullmatch(line)
    if match is None:
        return line[: len(line) - len(line.lstrip())] + "pass", "help is not shown here"
    left, sign, rest = match["left"], match["sign"], match["rest"].strip()
    word, _, argument = rest.partition(" ")
    if "=" in left:
        return f"{left}{'[]' if sign.startswith('!') else 'None'}", "an empty result was put in its place"
    argument = argument.strip()
    if sign == "%" and word in _RUN_ONCE and argument and not argument.startswith("-"):
        # As wide as the magic was, so that the columns of the statement stay.
        before = f"{left}if 1:"
        code = before.ljust(len(line) - len(argument)) + argument
        with contextlib.suppress(SyntaxError):
            ast.parse(code.strip())
            return code, "the statement was run once, without it"
    if sign == "%" and word == "cd" and argument:
        return f"{left}__import__('os').chdir({argument!r})", "os.chdir was called"
    if sign == "%" and word in {"env", "set_env"} and "=" in argument:
        name, _, value = argument.partition("=")
        return f"{left}__import__('os').environ[{name.strip()!r}] = {value.strip()!r}", "os.environ was set"
    done = "no shell command is run" if sign.startswith("!") or word in _SHELL else "it was skipped"
    return f"{left}pass", done


_SHELL = {"pip", "conda", "sx", "system", "sh", "mamba", "uv"}


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


@functools.lru_cache(maxsize=4096)
def binds(text: str, place: Place) -> tuple[str, ...]:
    """Return the variables that the result of the expression at `place` is assigned to.

    `output, (hidden, cell) = self.rnn(embedded)` gives `("output", "(hidden, cell)")`; an expression that is only part of
    a larger one gives nothing.
    """
    for node, value in _statements(text):
        # A running loop stands at its whole statement (up to Python 3.12) or at what it goes over.
        if _stands_at(value, place, text) or (isinstance(node, ast.For) and _stands_at(node, place, text)):
            target = _targets(node)
            if target is None:
                return ()
            if isinstance(target, ast.Tuple | ast.List):
                return tuple(ast.unparse(element) for element in target.elts)
            return (ast.unparse(target),)
    return ()


def _stands_at(node: ast.expr | ast.stmt, place: Place, text: str) -> bool:
    return (node.lineno, node.end_lineno) == (place.line, place.end_line or place.line) and (
        not place.end_column or _covers(node, place, text)
    )


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


def _covers(value: ast.expr | ast.stmt, place: Place, text: str) -> bool:
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


@functools.lru_cache(maxsize=4096)
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


@functools.lru_cache(maxsize=64)
def words(text: str, first: int, last: int) -> tuple[str, ...]:
    """Return the variables and attributes that some lines speak of, as written and in order: `batch`, `batch.text`."""
    spoken = [
        (node.lineno, node.col_offset, word)
        for node in _expressions(text).values()
        if isinstance(node, ast.Name | ast.Attribute)
        and first <= node.lineno <= last
        # A longer expression (`self.rnn(x).data`) is no word.
        and (word := ast.unparse(node)).replace(".", "").isidentifier()
    ]
    return tuple(dict.fromkeys(word for *_, word in sorted(spoken)))


def told_span(text: str, place: Place) -> Place:
    """Return the span to show for an error at a place: of a loop its head alone, of a failed unpacking the whole assignment."""
    if not place.end_column:
        return place
    for node, target in _spanned(text):
        begin, end = _ends(text, node)
        if target is not None and _ends(text, target) == (
            (place.line, place.column),
            (place.end_line, place.end_column),
        ):
            return _replaced(place, begin, end)
        if (begin, end) == ((place.line, place.column), (place.end_line, place.end_column)) and (head := _head(node)):
            return _replaced(place, begin, _ends(text, head)[1])
    return place


@functools.lru_cache(maxsize=64)
def _spanned(text: str) -> tuple[tuple[ast.stmt, ast.expr | None], ...]:
    """Return the loops and `with` blocks of a text, and its assignments to several names, these with their names."""
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except SyntaxError:
        return ()
    several = [n for n in nodes if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Tuple | ast.List)]
    blocks = [n for n in nodes if isinstance(n, ast.For | ast.AsyncFor | ast.While | ast.With)]
    return (*((node, node.targets[0]) for node in several), *((node, None) for node in blocks))


def _head(node: ast.stmt) -> ast.expr | None:
    if isinstance(node, ast.With):
        return node.items[-1].optional_vars or node.items[-1].context_expr
    return getattr(node, "iter", None) or getattr(node, "test", None)


def _ends(text: str, node: ast.stmt | ast.expr) -> tuple[tuple[int, int], tuple[int, int]]:
    last = node.end_lineno or node.lineno
    begin = node.lineno, characters(text, node.lineno, node.col_offset)
    return begin, (last, characters(text, last, node.end_col_offset or 0))


def _replaced(place: Place, begin: tuple[int, int], end: tuple[int, int]) -> Place:
    return Place(place.file, *begin, *end, place.cell)
