"""Reviews that are filled up to one length by hand: which side of them the padding comes to stand on.

ids + [0] * (longest - len(ids))                        behind the end; the other way round, before the beginning
torch.cat([ids, torch.zeros(longest - len(ids))])       so, too; numpy.concatenate and numpy.pad likewise
while len(ids) < longest: ids.append(0)                 so, too; `insert(0, …)` before the beginning
[ids[i] if i < len(ids) else 0 for i in range(longest)]
"""

from __future__ import annotations

import ast
from typing import Any

from rnnlab.facts import Call
from rnnlab.reading.running import Run
from rnnlab.reading.values import Constant, Listing, Tensor, Value, made_of

_FILLINGS = ("pad_list", "pad_sequence", "pad_sequences", "pad")
_EQUAL_NUMBERS = ("zeros", "ones", "full")


def filling(node: Any) -> ast.expr | None:
    """Return the element of `[element] * n` with a number that has to be worked out; None for anything else.

    `[element for _ in range(longest - len(ids))]` is the same.
    """
    if isinstance(node, ast.ListComp) and len(node.generators) == 1 and not node.generators[0].ifs:
        over, same = node.generators[0].iter, not _names(node.elt) & _names(node.generators[0].target)
        counts = isinstance(over, ast.Call) and ast.unparse(over.func) == "range" and "len(" in ast.unparse(over)
        return node.elt if counts and same else None
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Mult):
        return None
    for listed, times in ((node.left, node.right), (node.right, node.left)):
        if isinstance(listed, ast.List) and len(listed.elts) == 1 and not isinstance(times, ast.Constant):
            return listed.elts[0]
    return None


def tell_filling(run: Run, node: Any, side: str, element: Any) -> int:
    """Tell of a list that is filled up with padding on one side; the element is its syntax, or its text."""
    text = element if isinstance(element, str) else run.story.word(element)
    values = {"padding_side": side, "padding_text": text}
    fact = Call(place=run.story.place(node), stage="batch", what="pad_list", binds=run.binds(node), values=values)
    return run.story.call(node, fact, ())


def fillings_in(run: Run, value: Value) -> tuple[int, ...]:
    """Return the facts that say how a value was filled up."""
    found = [n for n in made_of([value]) if n < len(run.story.facts)]
    return tuple(n for n in found if isinstance(told := run.story.facts[n], Call) and told.what in _FILLINGS)


def repeated(run: Run, node: Any, times: Value, result: Value) -> Value:
    """Mark a list of one repeated element, whose length had to be worked out: what it is added to is filled up by it."""
    element = filling(node)
    if element is not None and isinstance(result, Listing) and not isinstance(times, Constant):
        result.fields["filler"] = run.story.word(element)
    return result


def filler_in(run: Run, node: Any, value: Value) -> str | None:
    """Return what a list or tensor of equal numbers is made of, as it is written, if its length had to be worked out."""
    if (element := filling(node)) is not None:
        return run.story.word(element)
    if isinstance(value, Listing):
        filler = value.fields.get("filler")
        return filler if isinstance(filler, str) else None
    if isinstance(value, Tensor) and _is_a_row(value) and value.made and all(_are_equal(run, n) for n in value.made):
        return "0" if all(_are_equal(run, n, ("zeros",)) for n in value.made) else run.story.word(node)
    return None


def _is_a_row(value: Tensor) -> bool:
    return value.shape is not None and (len(value.shape) == 1 or (len(value.shape) == 2 and value.shape[0] == 1))


def _are_equal(run: Run, n: int, born: tuple[str, ...] = _EQUAL_NUMBERS) -> bool:
    """Say whether a fact tells of equal numbers, as many as had to be worked out (or of what made integers of them)."""
    told = run.story.facts[n] if n < len(run.story.facts) else None
    if not isinstance(told, Call):
        return False
    if told.what == "to":
        return all(_are_equal(run, m, born) for item in told.inputs for m in getattr(item.note, "made_by", ()))
    return told.what in ("tensor", "array") and told.values.get("of") in born


def side_filled(run: Run, parts: list[tuple[Any, Value]]) -> tuple[str, str] | None:
    """Return the side that a row is filled up on where it is put together of these, and with what; None where it is not."""
    fillers = [filler_in(run, node, value) for node, value in parts]
    if len(parts) != 2 or (fillers[0] is None) is (fillers[1] is None):
        return None
    return ("left", str(fillers[0])) if fillers[0] is not None else ("right", str(fillers[1]))


def joined_rows(run: Run, node: Any, value: Value | None, result: Value) -> Value:
    """`cat([ids, zeros])`: tell that the row was filled up, if it was."""
    written = next(iter(getattr(node, "args", ())), None)
    if not isinstance(written, ast.List | ast.Tuple) or not isinstance(value, Listing) or value.items is None:
        return result
    if len(written.elts) != len(value.items):
        return result
    side = side_filled(run, list(zip(written.elts, value.items, strict=True)))
    if side is not None:
        result.made = (*result.made, tell_filling(run, node, *side))
    return result


# --- loops that fill up ----------------------------------------------------------------------------------------------


def loop_fills(run: Run, node: ast.For | ast.While) -> None:
    """`while len(ids) < longest: ids.append(0)`: tell of it, and let the list remember."""
    added = _added_one(node.body)
    if added is None:
        return
    row, element, side = added
    bound = node.test if isinstance(node, ast.While) else node.iter
    if not _asks_for_length(bound, row) or (isinstance(node, ast.For) and _names(node.target) & _names(element)):
        return
    value = run.look_up(row.id) if isinstance(row, ast.Name) else None
    if isinstance(value, Listing):
        value.made = (*value.made, tell_filling(run, node.body[0], side, element))


def _added_one(body: list[ast.stmt]) -> tuple[ast.expr, ast.expr, str] | None:
    """Return the list that the one statement of a loop adds one element to, the element, and the side."""
    statement = body[0]
    if len(body) != 1:
        return None
    if isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Add):
        listed = statement.value
        if isinstance(listed, ast.List) and len(listed.elts) == 1:
            return statement.target, listed.elts[0], "right"
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return None
    if call.func.attr == "append" and len(call.args) == 1:
        return call.func.value, call.args[0], "right"
    if call.func.attr == "insert" and len(call.args) == 2 and ast.unparse(call.args[0]) == "0":
        return call.func.value, call.args[1], "left"
    return None


def _asks_for_length(bound: ast.expr, row: ast.expr) -> bool:
    """Say whether the number of turns depends on how long the row is."""
    return f"len({ast.unparse(row)})" in ast.unparse(bound) and not isinstance(bound, ast.Attribute)


def loop_keeps(run: Run, node: ast.For | ast.AsyncFor, over: Value) -> None:
    """`for word in words: ids.append(index[word])` turns each token into one other thing: the padding stays where it is."""
    filled = fillings_in(run, over) if isinstance(over, Listing) else ()
    if not filled or any(
        isinstance(one, ast.If | ast.Continue | ast.Break) for part in node.body for one in ast.walk(part)
    ):
        return
    for statement in node.body:
        added = _added_one([statement])
        if added is None or not isinstance(added[0], ast.Name) or not _names(node.target) & _names(added[1]):
            continue
        value = run.look_up(added[0].id)
        if isinstance(value, Listing):
            value.made = tuple(dict.fromkeys((*value.made, *filled)))


def _names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def comprehension_fills(run: Run, node: Any, result: Value) -> Value:
    """`[ids[i] if i < len(ids) else 0 for i in range(longest)]`: tell that the row was filled up."""
    chosen = node.elt
    if not isinstance(chosen, ast.IfExp) or not isinstance(chosen.body, ast.Subscript):
        return result
    test, row = chosen.test, chosen.body.value
    if not isinstance(test, ast.Compare) or not isinstance(test.ops[0], ast.Lt):
        return result
    is_longer = ast.unparse(test.comparators[0]) == f"len({ast.unparse(row)})"
    if is_longer and ast.unparse(test.left) == ast.unparse(chosen.body.slice):
        result.made = (*result.made, tell_filling(run, node, "right", chosen.orelse))
    return result


def kept_through(run: Run, node: Any, over: Value | None, result: Value) -> Value:
    """A comprehension that turns each token of a row into one other thing leaves the padding where it is."""
    if over is not None and len(node.generators) == 1 and not node.generators[0].ifs and isinstance(over, Listing):
        result.made = tuple(dict.fromkeys((*result.made, *(n for n in over.made if n in fillings_in(run, over)))))
    return result
