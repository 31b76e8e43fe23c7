"""Tests: whether a value is true as far as the source says it, and what a test says of the variable in it."""

from __future__ import annotations

import ast

from rnnlab.reading.running import Run
from rnnlab.reading.values import (
    Class,
    Constant,
    Either,
    Function,
    Instance,
    Library,
    Listing,
    Mapping,
    Method,
    Tensor,
    Thing,
    Unknown,
    Value,
)


def truth(run: Run, value: Value) -> tuple[bool | None, bool]:
    """Return whether a value is true (None where it is not known), and whether that rests on a default of an option."""
    if isinstance(value, Constant):
        try:
            return bool(value.value), value.soft
        except (TypeError, ValueError):
            return None, False
    if isinstance(value, Listing) and value.items is not None:
        return (True, False) if value.items else (None, False)
    if isinstance(value, Function | Class | Method):
        return True, False
    if isinstance(value, Either):
        known = {truth(run, option)[0] for option in value.options}
        return (known.pop(), False) if len(known) == 1 else (None, False)
    return None, False


def is_none(value: Value) -> bool | None:
    """Say whether a value is None; None where that is not known."""
    if isinstance(value, Constant):
        return value.value is None
    if isinstance(value, Either):
        known = {is_none(option) for option in value.options}
        return known.pop() if len(known) == 1 else None
    if isinstance(value, Unknown | Library):
        return None if isinstance(value, Unknown) else False
    return False if isinstance(value, Tensor | Instance | Thing | Mapping | Listing | Function | Class) else None


def narrowed(run: Run, test: ast.expr, holds: bool) -> None:
    """In a branch where a test holds (or not), a variable that may be None, or anything else, is one of them."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        narrowed(run, test.operand, not holds)
        return
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) and holds:
        for part in test.values:
            narrowed(run, part, True)
        return
    wants_none = not holds
    name: ast.expr = test
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        right = test.comparators[0]
        if not (isinstance(right, ast.Constant) and right.value is None):
            return
        wants_none = holds if isinstance(test.ops[0], ast.Is | ast.Eq) else not holds
        name = test.left
    elif not isinstance(test, ast.Name):
        return
    if isinstance(name, ast.Name):
        value = run.look_up(name.id)
        if isinstance(value, Either):
            kept = [option for option in value.options if is_none(option) in (wants_none, None)]
            if kept and len(kept) < len(value.options):
                run.assign(name.id, kept[0] if len(kept) == 1 else Either(kept))
