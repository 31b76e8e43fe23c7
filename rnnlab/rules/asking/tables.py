"""How the source cuts rows into splits: which name is for what, from what a piece was cut, and whether two pieces overlap."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from rnnlab.rules.asking.syntax import all_nodes, names_in
from rnnlab.rules.kit import Role, role_by_name

_SPLITTERS = {"train_test_split", "random_split"}
_DRAWS = {"sample", "choice", "choices", "permutation", "randperm"}
# Series are cut so that the first window of the test reaches back: that is meant.
_WINDOWS = ("window", "seq", "lag", "look", "step", "context", "stride")


@dataclass(frozen=True)
class Piece:
    """A piece of a whole, under a name that says what it is for. `cut` is the slice, or the call that drew it."""

    name: str
    role: Role
    whole: str
    cut: ast.Slice | ast.Call
    statement: ast.Assign
    index: int


def last_word(call: ast.Call) -> str:
    """Return the last word of what is called: `choice` of `np.random.choice(...)`."""
    return ast.unparse(call.func).rpartition(".")[2]


def blocks(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    """Return every list of statements that run one after the other."""
    for node in all_nodes(tree):
        for field in ("body", "orelse", "finalbody"):
            found = getattr(node, field, None)
            if isinstance(found, list):
                yield found


def bound(statement: ast.stmt) -> list[tuple[str, ast.expr]]:
    """Return the names that an assignment binds, each with its own value; a call's results all have the call."""
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return []
    target, value = statement.targets[0], statement.value
    names = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
    if isinstance(value, ast.Tuple) and len(value.elts) == len(names) > 1:
        return [(ast.unparse(name), one) for name, one in zip(names, value.elts, strict=True)]
    return [(ast.unparse(name), value) for name in names]


def pieces(block: list[ast.stmt]) -> list[Piece]:
    """Return the pieces that a block cuts and still has at its end, in order."""
    found: dict[str, list[Piece]] = {}
    for index, statement in enumerate(block):
        for name, value in bound(statement):
            found.pop(name, None)
            role = role_by_name(name.rpartition(".")[2])
            if role is None or not isinstance(statement, ast.Assign):
                continue
            cuts = list(_cuts(value))
            found[name] = [Piece(name, role, whole, cut, statement, index) for whole, cut in cuts]
    return sorted((piece for one in found.values() for piece in one), key=lambda piece: piece.index)


def _cuts(value: ast.expr) -> Iterator[tuple[str, ast.Slice | ast.Call]]:
    """Return the cuts in an expression, each with the text of what is cut."""
    waiting: list[ast.AST] = [value]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
            if isinstance(node.value, ast.Call):
                waiting.append(node.value)
            elif isinstance(node.value, ast.Name | ast.Attribute) and node.slice.step is None:
                yield ast.unparse(node.value), node.slice
        elif isinstance(node, ast.Call) and (whole := drawn_from(node)) is not None:
            yield whole, node
        elif not isinstance(node, ast.Lambda | ast.ListComp | ast.GeneratorExp | ast.IfExp):
            waiting += ast.iter_child_nodes(node)


def drawn_from(call: ast.Call) -> str | None:
    """Return the text of what a call draws rows from by chance; None where it draws none."""
    word = last_word(call)
    if word in _SPLITTERS or (word in _DRAWS - {"sample"} and isinstance(call.func, ast.Attribute)):
        return ast.unparse(call.args[0]) if call.args else None
    if word != "sample" or not isinstance(call.func, ast.Attribute):
        return None
    frame = ast.unparse(call.func.value)
    if frame.rpartition(".")[2] in {"random", "rng"}:
        return ast.unparse(call.args[0]) if call.args else None
    return frame


def overlap(one: Piece, two: Piece) -> bool:
    """Say whether two pieces of one whole surely share rows."""
    if isinstance(one.cut, ast.Slice) and isinstance(two.cut, ast.Slice):
        return _slices_overlap(one.cut, two.cut)
    if isinstance(one.cut, ast.Slice) or isinstance(two.cut, ast.Slice) or one.cut is two.cut:
        return False
    # The same call with the same seed cuts in the same way.
    return ast.unparse(one.cut) != ast.unparse(two.cut) or not any(
        keyword.arg in {"random_state", "generator"} for keyword in one.cut.keywords
    )


def _number(node: ast.expr | None) -> int | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    return None


def _slices_overlap(one: ast.Slice, two: ast.Slice) -> bool:
    bounds = (one.lower, one.upper, two.lower, two.upper)
    if all(bound is None or _number(bound) is not None for bound in bounds):
        low, high = max(_number(one.lower) or 0, _number(two.lower) or 0), (_number(one.upper), _number(two.upper))
        return all(end is None or low < end for end in high)
    lows, highs = [_text(s.lower) for s in (one, two)], [_text(s.upper) for s in (one, two)]
    if lows[0] == lows[1] or highs[0] == highs[1]:
        return lows != highs
    return _reaches_back(one.upper, two.lower) or _reaches_back(two.upper, one.lower)


def _text(node: ast.expr | None) -> str:
    return "" if node is None or _number(node) == 0 else ast.unparse(node)


def _reaches_back(end: ast.expr | None, start: ast.expr | None) -> bool:
    """Say whether a piece starts so many rows before the other one's end: `[:n]` and `[n - 500:]`."""
    if end is None or not isinstance(start, ast.BinOp) or not isinstance(start.op, ast.Sub):
        return False
    meant = any(word in name.lower() for name in names_in(start.right) for word in _WINDOWS)
    return ast.unparse(start.left) == ast.unparse(end) and not meant and (_number(start.right) or 2) > 1


def is_unchanged(block: list[ast.stmt], one: Piece, two: Piece) -> bool:
    """Say whether the whole, and the names of the bounds, stay as they are between two cuts."""
    read = names_in(ast.parse(one.whole, mode="eval")) | names_in(one.cut) | names_in(two.cut)
    for statement in block[one.index : two.index]:
        if any(name in read for name, _ in bound(statement)):
            return False
        if isinstance(statement, ast.AugAssign | ast.Delete | ast.Expr | ast.For | ast.While) and _changes(
            statement, read
        ):
            return False
    return True


def _changes(statement: ast.stmt, names: set[str]) -> bool:
    """Say whether a statement that binds no name may change one of these: only printing surely does not."""
    if (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and last_word(statement.value) == "print"
    ):
        return False
    return bool(names_in(statement) & names)
