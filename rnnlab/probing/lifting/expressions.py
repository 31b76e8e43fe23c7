"""Small questions about expressions and calls: what words they hold, what a call gives for an argument."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from rnnlab.probing.lifting.program import Function, dotted


def hint(node: ast.expr) -> str:
    """Return the words of an expression that say most about what it is: the last name of `len(TEXT.vocab) + 1`."""
    if isinstance(node, ast.Call) and dotted(node.func) in {"len", "max"} and node.args:
        return f"{hint(node.args[0])}_size"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args:
        return hint(node.func)
    if isinstance(node, ast.BinOp):
        return hint(node.left) or hint(node.right)
    if isinstance(node, ast.Subscript):
        inner = node.slice
        return (
            str(inner.value) if isinstance(inner, ast.Constant) and isinstance(inner.value, str) else hint(node.value)
        )
    return dotted(node).rpartition(".")[2]


def given_at(call: ast.Call, function: Function, name: str) -> ast.expr | None:
    """Return the expression that a call gives for an argument of a function, None where it gives none."""
    for one in call.keywords:
        if one.arg == name:
            return one.value
    names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
    if names and names[0] in {"self", "cls"}:
        names = names[1:]
    if name in names and not any(isinstance(a, ast.Starred) for a in call.args):
        position = names.index(name)
        if position < len(call.args):
            return call.args[position]
    return None


def default_of(function: Function, name: str) -> ast.expr | None:
    """Return an argument's default."""
    plain = [*function.args.posonlyargs, *function.args.args]
    defaults: Sequence[ast.expr | None] = [None] * (len(plain) - len(function.args.defaults)) + [
        *function.args.defaults
    ]
    for argument, default in zip(
        [*plain, *function.args.kwonlyargs], [*defaults, *function.args.kw_defaults], strict=True
    ):
        if argument.arg == name:
            return default
    return None


def paired(statement: ast.Assign) -> list[tuple[ast.expr, ast.expr]]:
    """Return each target of an assignment with its value: `a, b = 1, 2` are two."""
    found: list[tuple[ast.expr, ast.expr]] = []
    for target in statement.targets:
        value = statement.value
        several = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts)
        if several and isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            found.extend(zip(target.elts, value.elts, strict=True))
        else:
            found.append((target, value))
    return found
