"""Sets early what a program sets in its environment before it imports torch: libraries read it when they are loaded.

Under observation torch is loaded before the program's first line, and a number of threads that is set too late would make
sums of another order, and other last digits.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Iterator

_READ_AT_IMPORT = re.compile(r"(OMP|MKL|OPENBLAS|KMP|GOMP|VECLIB|NUMEXPR|BLIS)_\w+|CUBLAS_WORKSPACE_CONFIG")
_LIBRARIES = {"torch", "numpy", "torchtext", "pandas", "scipy", "sklearn", "spacy"}


def set_early(texts: Iterable[str]) -> None:
    """Set what these texts, run one after the other, would set in the environment before they load a library."""
    for text in texts:
        try:
            body = ast.parse(text).body
        except (SyntaxError, ValueError, RecursionError):
            return
        for statement in body:
            if _loads_library(statement):
                return
            for name, value in _settings(statement):
                if _READ_AT_IMPORT.fullmatch(name):
                    os.environ[name] = value


def _loads_library(statement: ast.stmt) -> bool:
    names = [alias.name for alias in statement.names] if isinstance(statement, ast.Import) else []
    names += [statement.module or ""] if isinstance(statement, ast.ImportFrom) else []
    return any(name.partition(".")[0] in _LIBRARIES for name in names)


def _settings(statement: ast.stmt) -> Iterator[tuple[str, str]]:
    """Return what a line sets: `os.environ["A"] = "1"`, or `os.environ.setdefault("A", "1")` where nothing is set yet."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        if isinstance(target, ast.Subscript) and _is_environment(target.value):
            yield from _pair(target.slice, statement.value)
    call = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and len(call.args) == 2:
        is_default = call.func.attr == "setdefault" and _is_environment(call.func.value)
        yield from (pair for pair in _pair(*call.args) if is_default and pair[0] not in os.environ)


def _is_environment(node: ast.expr) -> bool:
    return ast.unparse(node) in {"os.environ", "environ"}


def _pair(name: ast.expr, value: ast.expr) -> Iterator[tuple[str, str]]:
    texts = [node.value for node in (name, value) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    if len(texts) == 2:
        yield texts[0], texts[1]
