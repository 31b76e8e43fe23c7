"""Which rows an expression picks out of a whole by a condition, as it is written: of such rows nobody knows what they are for."""

from __future__ import annotations

import ast
import re

from rnnlab.facts import Place
from rnnlab.record import Record
from rnnlab.rules.asking.syntax import all_nodes, begins_at, names_in, place_of, trees
from rnnlab.rules.kit import roles_in

_DEPTH = 3
_PICKS = {"isin", "query", "filter", "get_group", "take", "compress", "xs"}
# Conditions that leave out what is broken, empty or long; they tell no split from another.
_CLEANS = re.compile(r"notna|notnull|isna|isnull|len\b|duplicated|dropna|!= ''|strip\(\)|isinstance|\.size\b")


def picks_rows(record: Record, place: Place | None) -> bool:
    """Say whether what a call is given was picked by a condition: `df[df.id.isin(ids)]`, `[r for r in rows if r.id in train]`."""
    for key, text, tree in trees(record) if place is not None else ():
        for node in all_nodes(tree):
            if isinstance(node, ast.Call | ast.DictComp) and begins_at(place_of(key, text, node), place):
                return _picks(node, _given(tree, node.lineno), _DEPTH)
    return False


def _given(tree: ast.Module, line: int) -> dict[str, ast.expr]:
    """Return what each name was given last before a line."""
    found: dict[str, ast.expr] = {}
    for node in sorted((one for one in all_nodes(tree) if isinstance(one, ast.Assign)), key=lambda one: one.lineno):
        if node.lineno < line and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = node.value
    return found


def _picks(value: ast.AST, given: dict[str, ast.expr], depth: int) -> bool:
    for node in ast.walk(value):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _PICKS:
            return True
        if (
            isinstance(node, ast.Subscript)
            and _is_condition(node.slice)
            and not _CLEANS.search(ast.unparse(node.slice))
        ):
            return True
        if isinstance(node, ast.ListComp | ast.GeneratorExp | ast.SetComp) and _tells_apart(node, given):
            return True
    names = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)} & given.keys() if depth else set()
    return any(_picks(given[name], {k: v for k, v in given.items() if k != name}, depth - 1) for name in sorted(names))


def _is_condition(index: ast.expr) -> bool:
    return isinstance(index, ast.Compare | ast.BoolOp) or (
        isinstance(index, ast.UnaryOp) and isinstance(index.op, ast.Invert)
    )


def _tells_apart(node: ast.ListComp | ast.GeneratorExp | ast.SetComp, given: dict[str, ast.expr]) -> bool:
    """Say whether a comprehension's condition speaks of a split, itself or by what its names are."""
    first = node.generators[0]
    names = {name for test in first.ifs for name in names_in(test)}
    said = [*first.ifs, first.iter, *(given[name] for name in sorted(names) if name in given)]
    return bool(first.ifs) and any(roles_in(ast.unparse(one)) for one in said)
