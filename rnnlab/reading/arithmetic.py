"""Operators: on tensors they are operations with a row of their own, on numbers and texts they are worked out where possible."""

from __future__ import annotations

import ast
import operator
from typing import Any

from rnnlab.reading import filling, tensors
from rnnlab.reading.heap import joined_all, together
from rnnlab.reading.running import Run
from rnnlab.reading.values import (
    Class,
    Constant,
    Function,
    Instance,
    Listing,
    Mapping,
    Number,
    Packed,
    Tensor,
    Text,
    Thing,
    Unknown,
    Value,
    constant,
    deep_origins,
    derived,
    made_of,
    options,
    origins_of,
)

_NAMES: dict[type, str] = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.FloorDiv: "floor_divide", ast.Mod: "remainder",
    ast.Pow: "pow", ast.MatMult: "matmul", ast.BitAnd: "bitwise_and", ast.BitOr: "bitwise_or", ast.BitXor: "bitwise_xor",
    ast.LShift: "arithmetic", ast.RShift: "arithmetic",
}  # fmt: skip
_WORK: dict[type, Any] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.BitAnd: operator.and_, ast.BitOr: operator.or_,
}  # fmt: skip
_COMPARES: dict[type, Any] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}  # fmt: skip
_COMPARED: dict[type, str] = {
    ast.Eq: "eq", ast.NotEq: "ne", ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge",
}  # fmt: skip
_LARGEST = 10**6


def binary(run: Run, node: Any, kind: ast.operator, left: tuple[Any, Value], right: tuple[Any, Value]) -> Value:
    """Return what an operator gives of two values; the nodes say what they are called."""
    (left_node, one), (right_node, two) = left, right
    if tensors.is_tensor(one) or tensors.is_tensor(two):
        pairs = [(run.story.word(left_node), one), (run.story.word(right_node), two)]
        made = tensors.operate(run, _NAMES[type(kind)], pairs, node)
        if isinstance(one, Tensor) and one.added and isinstance(kind, ast.Div):
            _tell_metric(run, node, one, two)
        return made
    if isinstance(one, Constant) and isinstance(two, Constant):
        return _worked(kind, one, two)
    if isinstance(kind, ast.Mod) and isinstance(one, Constant) and isinstance(one.value, str):
        return _percent(run, one.value, two, right_node)
    if isinstance(kind, ast.Add) and (texts := _added_texts(run, left, right)) is not None:
        return texts
    if isinstance(kind, ast.Div) and isinstance(one, Thing) and one.fields.get("group") == "path":
        return _path(one, two)
    if isinstance(kind, ast.Add) and _is_rows(one) and _is_rows(two):
        return (
            together([one, two]) if type(one) is type(two) and not isinstance(one, Thing) else _rows_together(one, two)
        )
    if isinstance(one, Listing) or isinstance(two, Listing):
        result = _listings(kind, one, two)
        if isinstance(kind, ast.Mult):
            return filling.repeated(run, node, two if isinstance(one, Listing) else one, result)
        is_added = isinstance(kind, ast.Add)
        return _filled_up(run, node, result, (left_node, one), (right_node, two)) if is_added else result
    if isinstance(one, Number | Constant) and isinstance(two, Number | Constant):
        return _numbers(run, node, kind, one, two)
    if isinstance(kind, ast.Div) and isinstance(one, Number):
        return _divided(run, node, one, two)
    return derived([one, two], run.story.word(node))


def _filled_up(run: Run, node: Any, result: Value, left: tuple[Any, Value], right: tuple[Any, Value]) -> Value:
    """`ids + [0] * (longest - len(ids))` fills a review up with padding: that is told, and the list remembers it."""
    kept = (*filling.fillings_in(run, left[1]), *filling.fillings_in(run, right[1]))
    side = filling.side_filled(run, [left, right])
    told = (filling.tell_filling(run, node, *side),) if side is not None else ()
    result.made = tuple(dict.fromkeys((*result.made, *kept, *told)))
    return result


def _is_rows(value: Value) -> bool:
    return isinstance(value, Unknown | Thing) and bool(deep_origins(value))


def _rows_together(one: Value, two: Value) -> Value:
    """Two columns or datasets are put together (or two texts of one row)."""
    return Unknown(
        deep_origins(one) | deep_origins(two),
        made_of((one, two)),
        "",
        any(getattr(v, "vague", False) for v in (one, two)),
    )


def _path(folder: Thing, name: Value) -> Value:
    """`folder / name` of pathlib."""
    if isinstance(name, Thing):
        inner = name.fields.get("path", "{}")
    else:
        inner = name.known if isinstance(name, Text) else constant(name, "{}")
    return Thing("pathlib.Path", {"group": "path", "path": f"{folder.fields['path'].rstrip('/')}/{inner}"})


def _worked(kind: ast.operator, one: Constant, two: Constant) -> Value:
    work = _WORK.get(type(kind))
    both = origins_of((one, two)), made_of((one, two))
    small = all(not isinstance(v.value, int) or abs(v.value) < _LARGEST for v in (one, two))
    if isinstance(kind, ast.Pow) and small and all(isinstance(v.value, int) and abs(v.value) < 64 for v in (one, two)):
        work = operator.pow
    long = any(isinstance(v.value, str | bytes) and len(v.value) > 4096 for v in (one, two))
    repeats = isinstance(kind, ast.Mult) and any(isinstance(v.value, str | bytes) for v in (one, two))
    if work is not None and not long and not repeats and not isinstance(kind, ast.Mod):
        try:
            return Constant(work(one.value, two.value), one.soft or two.soft, *both)
        except (TypeError, ValueError, ArithmeticError):
            return Unknown(*both)
    if isinstance(kind, ast.Mod) and isinstance(one.value, int) and isinstance(two.value, int) and two.value:
        return Constant(one.value % two.value, one.soft or two.soft, *both)
    if isinstance(kind, ast.Mod) and isinstance(one.value, str):
        return Text(one.value.partition("%")[0] + "{}", (("", two),), *both)
    return Unknown(*both)


def _percent(run: Run, text: str, given: Value, node: Any) -> Value:
    import re

    values = list(given.items) if isinstance(given, Listing) and given.items is not None else [given]
    nodes = node.elts if isinstance(node, ast.Tuple) else [node]
    known = re.sub(r"%[-+ #0]*[\d.*]*[a-zA-Z]", "{}", text).replace("%%", "%")
    words = [run.story.word(one) for one in nodes]
    parts = [(words[i] if i < len(words) else "", value) for i, value in enumerate(values)]
    return Text(known, parts, origins_of(values), made_of(values))


def _added_texts(run: Run, left: tuple[Any, Value], right: tuple[Any, Value]) -> Value | None:
    texts = [v for _, v in (left, right) if isinstance(v, Text) or isinstance(constant(v), str)]
    if not texts:
        return None
    known: list[str] = []
    parts: list[tuple[str, Value]] = []
    for node, value in (left, right):
        if isinstance(value, Text):
            known.append(value.known)
            parts.extend(value.parts)
        elif isinstance(value, Constant):
            known.append(str(value.value))
        else:
            known.append("{}")
            parts.append((run.story.word(node), value))
    values = [left[1], right[1]]
    return Text("".join(known), parts, origins_of(values), made_of(values))


def _listings(kind: ast.operator, one: Value, two: Value) -> Value:
    if isinstance(kind, ast.Add) and isinstance(one, Listing) and isinstance(two, Listing):
        if one.items is not None and two.items is not None:
            return Listing(one.kind, [*one.items, *two.items], None, one.origins | two.origins)
        parts = [*(one.items or ()), *(two.items or ()), one.element, two.element]
        known = [part for part in parts if part is not None]
        return Listing(one.kind, None, together(known) if known else None, origins_of((one, two)))
    if isinstance(kind, ast.Mult):
        listing, times = (one, two) if isinstance(one, Listing) else (two, one)
        number = constant(times)
        if isinstance(listing, Listing) and listing.items is not None:
            if isinstance(number, int) and 0 <= number * len(listing.items) <= 64:
                return Listing(listing.kind, listing.items * number, None, listing.origins)
            return Listing(listing.kind, None, joined_all(listing.items) if listing.items else None, listing.origins)
        if isinstance(listing, Listing):
            return listing
    if isinstance(one, Listing) and not isinstance(two, Listing):
        element = joined_all([v for v in (*(one.items or ()), one.element) if v is not None] or [Unknown()])
        return Listing(one.kind, None, element, deep_origins(one) | deep_origins(two))
    return derived([one, two])


def _numbers(run: Run, node: Any, kind: ast.operator, one: Any, two: Any) -> Value:
    if isinstance(kind, ast.Div) and isinstance(one, Number):
        return _divided(run, node, one, two)
    made = run.number(run.story.word(node), origins_of((one, two)), made_of((one, two)))
    sizes = [v.size if isinstance(v, Number) else v.value for v in (one, two)]
    work = _WORK.get(type(kind))
    if work is not None and all(type(size) is int for size in sizes) and not isinstance(kind, ast.Div | ast.Mod):
        try:
            made.size = int(work(*sizes)) or made.size
        except (ArithmeticError, ValueError):
            return made
    made.added = next((v.added for v in (one, two) if isinstance(v, Number) and v.added), "")
    return made


def _divided(run: Run, node: Any, one: Number, two: Value) -> Value:
    """A total that a loop added up is divided: a metric, with what it was divided by."""
    made = run.number(run.story.word(node), origins_of((one, two)), made_of((one, two)))
    number = _tell_metric(run, node, one, two)
    if number is not None:
        made.origins = frozenset({number})
    elif one.added:
        made.added = one.added
    return made


def _tell_metric(run: Run, node: Any, one: Number | Tensor, two: Value) -> int | None:
    """Tell of a total that is divided, unless that makes percent of it; return the metric's identity."""
    if not one.added or (isinstance(two, Constant) and two.value in (100, 100.0, 60, 2)):
        return None
    by = "batches" if isinstance(two, Number) and two.text.startswith("batches of ") else "counted"
    by = "examples" if isinstance(two, Number) and two.length_of is not None and by == "counted" else by
    by = "constant" if isinstance(two, Constant) else by
    total, divisor = getattr(node, "left", None), getattr(node, "right", None)
    if isinstance(node, ast.AugAssign):
        total, divisor = node.target, node.value
    samples = {
        "total": run.story.word(total or node),
        "added": one.added,
        "divisor": run.story.word(divisor or node),
        "by": by,
    }
    return run.story.data(node, "metric", run.name(node), [*origins_of((one, two))], samples=samples)


def unary(run: Run, node: ast.UnaryOp, value: Value) -> Value:
    """Return what an operator gives of one value."""
    if isinstance(node.op, ast.Not):
        from rnnlab.reading.deciding import truth

        known, soft = truth(run, value)
        return Constant(not known, soft, value.origins, value.made) if known is not None else derived([value])
    if tensors.is_tensor(value):
        name = "bitwise_not" if isinstance(node.op, ast.Invert) else "neg"
        return tensors.operate(run, name, [(run.story.word(node.operand), value)], node)
    number = constant(value)
    if isinstance(node.op, ast.USub) and isinstance(number, int | float) and isinstance(value, Constant):
        return Constant(-number, value.soft, value.origins, value.made)
    if isinstance(node.op, ast.USub) and isinstance(value, Number):
        return Number(-value.size, f"-{value.text}", value.origins, value.made)
    return derived([value])


def compare(run: Run, node: ast.Compare, left: Value, rights: list[Value]) -> Value:
    """Return what a comparison gives."""
    if len(rights) > 1:
        return derived([left, *rights])
    kind, right = type(node.ops[0]), rights[0]
    if kind in (ast.Is, ast.IsNot):
        return _identity(left, right, kind is ast.Is)
    if kind in (ast.In, ast.NotIn):
        return _contained(left, right, kind is ast.In)
    if tensors.is_tensor(left) or tensors.is_tensor(right):
        pairs = [(run.story.word(node.left), left), (run.story.word(node.comparators[0]), right)]
        if kind in (ast.Lt, ast.Gt, ast.LtE, ast.GtE) and not run.models and _are_numbers(left, right):
            told_choice(run, node, [left, right])
        return tensors.operate(run, _COMPARED[kind], pairs, node)
    if kind in (ast.Lt, ast.Gt, ast.LtE, ast.GtE):
        told_choice(run, node, [left, right])
    found = {_compared(kind, one, two) for one in options(left) for two in options(right)}
    if len(found) == 1 and (known := found.pop()) is not None:
        soft = any(isinstance(v, Constant) and v.soft for v in (left, right))
        return Constant(known, soft)
    if kind in (ast.Eq, ast.NotEq) and None not in found and any(isinstance(v, Constant) for v in (left, right)):
        return derived([left, right])
    return derived([left, right], run.story.word(node))


def _are_numbers(left: Value, right: Value) -> bool:
    """Say whether two things that are compared may be single numbers, and none of them is written out, as a threshold is."""
    sides = (left, right)
    written = any(isinstance(one, Constant) and one.value not in (0, 0.0, float("inf")) for one in sides)
    return not written and all(not one.shape for one in sides if isinstance(one, Tensor))


def told_choice(run: Run, node: Any, values: list[Value]) -> None:
    """Tell in a loop that something is chosen by numbers which were counted on data."""
    origins = frozenset().union(*(deep_origins(value) for value in values))
    if origins and run.loops:
        run.story.data(node, "choice", made_from=origins)


def _compared(kind: type, one: Value, two: Value) -> bool | None:
    if isinstance(one, Constant) and isinstance(two, Constant):
        try:
            return bool(_COMPARES[kind](one.value, two.value))
        except TypeError:
            return None
    return None


def _identity(left: Value, right: Value, wanted: bool) -> Value:
    from rnnlab.reading.deciding import is_none

    for one, other in ((left, right), (right, left)):
        if isinstance(other, Constant) and other.value is None:
            known = is_none(one)
            soft = isinstance(one, Constant) and one.soft
            return Constant(known is wanted, soft) if known is not None else derived([one])
    if isinstance(left, Constant) and isinstance(right, Constant):
        return Constant((left.value is right.value) is wanted, left.soft or right.soft)
    if isinstance(left, Function | Class | Instance) and left is right:
        return Constant(wanted)
    return derived([left, right])


def _contained(left: Value, right: Value, wanted: bool) -> Value:
    if isinstance(left, Constant) and isinstance(right, Listing) and right.items is not None:
        inside = [constant(item, ...) for item in right.items]
        if all(value is not ... for value in inside):
            return Constant((left.value in inside) is wanted, left.soft)
    if isinstance(left, Constant) and isinstance(right, Constant) and isinstance(right.value, str):
        return Constant((str(left.value) in right.value) is wanted, left.soft or right.soft)
    if isinstance(left, Constant) and isinstance(right, Mapping) and right.fields["element"] is None:
        known = right.items
        try:
            return Constant((left.value in known) is wanted, left.soft) if known else derived([left, right])
        except TypeError:
            return derived([left, right])
    return derived([left, right])


def augmented(run: Run, node: ast.AugAssign, before: Value, added: Value) -> Value:
    """Return what `total += value` gives; in a loop over batches a total remembers what was added to it."""
    result = binary(run, node, node.op, (node.target, before), (node.value, added))
    if isinstance(node.op, ast.Add) and run.loops:
        if isinstance(result, Tensor) and result.shape in (None, (), (1,)):
            result.added = run.story.source(node.value)[:200]
        inside = [Listing, Mapping, Packed, Tensor, Text, Thing]
        if any(isinstance(value, kind) for value in (before, added, result) for kind in inside):
            return result
        if isinstance(before, Constant) and not isinstance(before.value, int | float):
            return result
        total = run.number(run.story.word(node.target), origins_of((before, added)), made_of((before, added)))
        total.added = run.story.source(node.value)[:200]
        return total
    return result
