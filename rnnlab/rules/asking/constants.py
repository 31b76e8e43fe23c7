"""Sizes as they are written in the source, and which of them are the same whatever comes in."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnnlab.facts import Call
from rnnlab.record import Record
from rnnlab.rules.asking.syntax import all_nodes, function_around, tree_at, trees

# What depends on the data: lengths, sizes and shapes, and whatever a call or an index gives.
_ASKS = (ast.Call, ast.Subscript, ast.BinOp, ast.IfExp)


def sizes_written(record: Record, call: Call) -> list[ast.expr]:
    """Return the sizes that are written in a call such as `torch.zeros(1, n, 16)` or `x.view(n, -1)`, in order."""
    tree = tree_at(record, call.place)
    while isinstance(tree, ast.Call) and isinstance(tree.func, ast.Attribute) and not tree.args:
        tree = tree.func.value  # .contiguous(), .cuda()
    if not isinstance(tree, ast.Call):
        return []
    given = list(tree.args)
    if len(given) == 1 and isinstance(given[0], ast.Tuple | ast.List):
        given = list(given[0].elts)
    return given


def is_fixed(record: Record, call: Call, size: ast.expr | None) -> bool:
    """Say whether a size that is written in a function is a constant, or a setting that nothing changes."""
    if isinstance(size, ast.Constant):
        return isinstance(size.value, int) and size.value > 1
    if isinstance(size, ast.Name):
        return not _is_local(record, call, size.id) and _is_setting(record, size.id)
    if isinstance(size, ast.Attribute) and isinstance(size.value, ast.Name):
        return size.attr not in ("size", "shape") and _is_kept(record, size)
    return False


def _is_local(record: Record, call: Call, name: str) -> bool:
    """Say whether a function binds a name itself, or is given it."""
    function = function_around(record, call.place)
    if function is None:
        return True
    bound = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return name in bound | {one.arg for one in ast.walk(function.args) if isinstance(one, ast.arg)}


def _values(record: Record, target: str) -> Iterator[ast.expr | None]:
    """Return what is assigned to a name or an attribute anywhere; None for what is bound in another way."""
    for _, _, tree in trees(record):
        for node in all_nodes(tree):
            if isinstance(node, ast.Assign):
                for one in node.targets:
                    yield from _bound(one, node.value, target)
            elif isinstance(node, ast.AnnAssign | ast.AugAssign) and ast.unparse(node.target) == target:
                yield node.value if isinstance(node, ast.AnnAssign) else None
            elif isinstance(node, ast.For | ast.comprehension) and target in ast.unparse(node.target).split(", "):
                yield None


def _bound(to: ast.expr, value: ast.expr, target: str) -> Iterator[ast.expr | None]:
    if isinstance(to, ast.Tuple | ast.List):
        parts = (
            value.elts if isinstance(value, ast.Tuple) and len(value.elts) == len(to.elts) else [None] * len(to.elts)
        )
        for one, part in zip(to.elts, parts, strict=True):
            if ast.unparse(one) == target:
                yield part
    elif ast.unparse(to) == target:
        yield value


def _is_setting(record: Record, name: str) -> bool:
    """Say whether all that a name ever holds is a number or a setting."""
    values = list(_values(record, name))
    return bool(values) and all(value is not None and _is_plain(value) for value in values)


def _is_plain(value: ast.expr) -> bool:
    if isinstance(value, ast.Constant):
        return isinstance(value.value, int) and value.value > 1
    return isinstance(value, ast.Attribute | ast.Name) and not isinstance(value, _ASKS)


def _is_kept(record: Record, size: ast.Attribute) -> bool:
    """Say whether an attribute is set once, where its object is made, and nobody sets it later."""
    written = ast.unparse(size)
    others = [
        node
        for _, _, tree in trees(record)
        for node in all_nodes(tree)
        if isinstance(node, ast.Attribute) and node.attr == size.attr and isinstance(node.ctx, ast.Store)
    ]
    if isinstance(size.value, ast.Name) and size.value.id != "self":
        return not others  # args.batch_size, config.batch_size
    values = list(_values(record, written))
    return len(values) == len(others) == 1 and values[0] is not None and _is_plain(values[0])
