"""Expressions: what each of them gives."""

from __future__ import annotations

import ast
from typing import Any

from rnnlab.reading import arithmetic, attributes, calling, filling, items, libraries, looping, tensors
from rnnlab.reading.deciding import truth
from rnnlab.reading.heap import joined_all
from rnnlab.reading.looping import element_of, known_turns
from rnnlab.reading.running import Evaluates, Run
from rnnlab.reading.values import (
    Constant,
    Library,
    Listing,
    Mapping,
    Scoped,
    Tensor,
    Text,
    Unknown,
    Value,
    constant,
    deep_origins,
    made_of,
    origins_of,
)

# Names that come out of a file that is not there (`from helpers import *`), or whose import was forgotten.
_CUSTOMARY = {
    "torch": "torch", "nn": "torch.nn", "F": "torch.nn.functional", "optim": "torch.optim", "np": "numpy", "pd": "pandas",
}  # fmt: skip
_BUILTINS = frozenset(dir(__builtins__) if not isinstance(__builtins__, dict) else __builtins__)


def _constant(run: Run, node: ast.Constant) -> Value:
    return Constant(node.value)


def _name(run: Run, node: ast.Name) -> Value:
    value = run.look_up(node.id)
    if value is not None:
        return value
    if node.id == "__name__":
        return Constant("__main__")
    if node.id == "__file__":
        return Text("{}", [("__file__", Unknown(text="__file__"))])
    if node.id in _CUSTOMARY:
        return Library(_CUSTOMARY[node.id])
    return Library(f"builtins.{node.id}") if node.id in _BUILTINS else Unknown(text=node.id)


def _attribute(run: Run, node: ast.Attribute) -> Value:
    return attributes.read(run, run.evaluate(node.value), node.attr, node)


def _call(run: Run, node: ast.Call) -> Value:
    callee = run.evaluate(node.func)
    return calling.call(run, callee, calling.arguments(run, node))


def _subscript(run: Run, node: ast.Subscript) -> Value:
    return items.read(run, run.evaluate(node.value), run.evaluate(node.slice), node)


def _slice(run: Run, node: ast.Slice) -> Value:
    parts = [run.evaluate(part) if part is not None else Constant(None) for part in (node.lower, node.upper, node.step)]
    return Listing("slice", parts)


def _sequence(kind: str) -> Any:
    def make(run: Run, node: ast.Tuple | ast.List | ast.Set) -> Value:
        found: list[Value] = []
        rest: Value | None = None
        for element in node.elts[:512]:
            if isinstance(element, ast.Starred):
                value = run.evaluate(element.value)
                if isinstance(value, Listing) and value.items is not None:
                    found.extend(value.items)
                else:
                    rest = joined_all([v for v in (rest, element_of(run, value, element)) if v is not None])
            else:
                found.append(run.evaluate(element))
        if rest is not None:
            return Listing(kind, None, joined_all([*found, rest]), origins_of([rest]))
        return Listing(kind, found)

    return make


def _dict(run: Run, node: ast.Dict) -> Value:
    made = Mapping()
    found: dict[Any, Value] = {}
    for key_node, value_node in zip(node.keys[:512], node.values[:512], strict=True):
        value = run.evaluate(value_node)
        if key_node is None:
            if isinstance(value, Mapping):
                found |= value.items
            continue
        key = run.evaluate(key_node)
        if isinstance(key, Constant) and items.is_key(key.value):
            found[key.value] = value
        else:
            made.fields["element"] = joined_all([v for v in (made.fields["element"], value) if v is not None])
            made.fields["key"] = key
    made.fields["items"] = found
    return made


def _binary(run: Run, node: ast.BinOp) -> Value:
    left, right = run.evaluate(node.left), run.evaluate(node.right)
    return arithmetic.binary(run, node, node.op, (node.left, left), (node.right, right))


def _unary(run: Run, node: ast.UnaryOp) -> Value:
    value = run.evaluate(node.operand)
    return arithmetic.unary(run, node, value)


def _bool(run: Run, node: ast.BoolOp) -> Value:
    is_or = isinstance(node.op, ast.Or)
    possible: list[Value] = []
    for part in node.values:
        value = run.evaluate(part)
        known, soft = truth(run, value)
        if known is not None and known is is_or:
            # `a or b`: whatever is true ends it; a default that a user may change only tends to.
            return joined_all([*possible, value]) if not soft else value
        if known is None or part is node.values[-1]:
            possible.append(value)
        elif soft:
            possible = possible or []
            if part is node.values[-1]:
                possible.append(value)
    return joined_all(possible) if possible else Constant(not is_or)


def _compare(run: Run, node: ast.Compare) -> Value:
    left = run.evaluate(node.left)
    rights = [run.evaluate(right) for right in node.comparators]
    return arithmetic.compare(run, node, left, rights)


def _if(run: Run, node: ast.IfExp) -> Value:
    known, _ = truth(run, run.evaluate(node.test))
    if known is not None:
        return run.evaluate(node.body if known else node.orelse)
    with run.doubting():
        return joined_all([run.evaluate(node.body), run.evaluate(node.orelse)])


def _lambda(run: Run, node: ast.Lambda) -> Value:
    from rnnlab.reading.statements import make_function

    return make_function(run, node, "<lambda>")


def _walrus(run: Run, node: ast.NamedExpr) -> Value:
    value = run.evaluate(node.value)
    run.assign(node.target.id, value)
    return value


def _formatted(run: Run, node: ast.JoinedStr) -> Value:
    known: list[str] = []
    parts: list[tuple[str, Value]] = []
    is_whole = True
    for part in node.values:
        if isinstance(part, ast.Constant):
            known.append(str(part.value))
            continue
        inner = part.value if isinstance(part, ast.FormattedValue) else part
        value = run.evaluate(inner)
        if isinstance(part, ast.FormattedValue) and part.format_spec is not None and isinstance(value, Tensor):
            tensors.formatted(run, value, run.story.word(inner), node)
        if isinstance(value, Constant) and not (isinstance(part, ast.FormattedValue) and part.format_spec):
            known.append(str(value.value))
            continue
        if isinstance(value, Text):
            known.append(value.known)
            parts.extend(value.parts)
        else:
            known.append("{}")
            parts.append((run.story.word(inner), value))
        is_whole = False
    values = [value for _, value in parts]
    if is_whole:
        return Constant("".join(known))
    return Text("".join(known), parts, origins_of(values), made_of(values))


def _starred(run: Run, node: ast.Starred) -> Value:
    return run.evaluate(node.value)


def _yield(run: Run, node: ast.Yield) -> Value:
    value = run.evaluate(node.value) if node.value is not None else Constant(None)
    run.frame.yields.append(value)
    return Unknown()


def _yield_from(run: Run, node: ast.YieldFrom) -> Value:
    value = run.evaluate(node.value)
    run.frame.yields.append(element_of(run, value, node))
    return Unknown()


# --- comprehensions ------------------------------------------------------------------------------------------------


def _comprehension(kind: str) -> Any:
    def make(run: Run, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Value:
        kept: list[Value] = []
        values, origins, exact = _turns(run, node.generators, lambda: run.evaluate(node.elt), kept)
        if exact and kind != "set":
            return Listing(kind, values, None, origins)
        element = joined_all(values) if values else Unknown(origins)
        if kind == "set" and deep_origins(element):
            element = libraries.from_set(run, node, element)
        result = Listing(kind, None, element, origins | deep_origins(element))
        return filling.comprehension_fills(
            run, node, filling.kept_through(run, node, kept[0] if kept else None, result)
        )

    return make


def _turns(
    run: Run, generators: list[ast.comprehension], inner: Any, kept: list[Value] | None = None
) -> tuple[list[Any], frozenset[int], bool]:
    """Run a comprehension: what its turns gave, what it went over, and whether that is each of its turns."""
    from rnnlab.reading.statements import put

    scope = run.frame.scope
    binding = run.frame.binding
    run.frame.binding = (None, ())
    run.frame.scope = Scoped({}, scope, scope.top)
    found: list[Any] = []
    origins: frozenset[int] = frozenset()
    is_exact = len(generators) == 1 and not generators[0].ifs
    try:

        def walk(level: int) -> None:
            nonlocal origins, is_exact
            if level == len(generators):
                found.append(inner())
                return
            one = generators[level]
            over = run.evaluate(one.iter)
            if kept is not None:
                kept.append(over)
            origins |= deep_origins(over)
            turns = known_turns(over)
            if turns is None or len(generators) > 1:
                is_exact = False
                turns = [] if looping.loader_behind(over) is not None else [element_of(run, over, one.iter)]
            with looping.passing(run, one.iter, over):
                if looping.loader_behind(over) is not None:
                    turns = [element_of(run, over, one.iter)]
                for item in turns[:64]:
                    put(run, one.target, item, one.iter)
                    for test in one.ifs:
                        run.evaluate(test)
                    walk(level + 1)

        walk(0)
    finally:
        run.frame.scope, run.frame.binding = scope, binding
    return found, origins, is_exact


def _dict_comprehension(run: Run, node: ast.DictComp) -> Value:
    pairs, origins, exact = _turns(run, node.generators, lambda: (run.evaluate(node.key), run.evaluate(node.value)))
    made = Mapping(origins=origins)
    keys = [key for key, _ in pairs]
    values = [value for _, value in pairs]
    if exact and all(isinstance(key, Constant) and items.is_key(key.value) for key in keys):
        made.fields["items"] = {constant(key): value for key, value in pairs}
    elif pairs:
        made.fields["key"], made.fields["element"] = joined_all(keys), joined_all(values)
        items.numbered(run, made, keys[0], values[0], node)
    return made


def _await(run: Run, node: ast.Await) -> Value:
    return run.evaluate(node.value)


EXPRESSIONS: dict[type, Evaluates] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.Subscript: _subscript,
    ast.Slice: _slice,
    ast.Tuple: _sequence("tuple"),
    ast.List: _sequence("list"),
    ast.Set: _sequence("set"),
    ast.Dict: _dict,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _bool,
    ast.Compare: _compare,
    ast.IfExp: _if,
    ast.Lambda: _lambda,
    ast.NamedExpr: _walrus,
    ast.JoinedStr: _formatted,
    ast.Starred: _starred,
    ast.Yield: _yield,
    ast.YieldFrom: _yield_from,
    ast.ListComp: _comprehension("list"),
    ast.SetComp: _comprehension("set"),
    ast.GeneratorExp: _comprehension("generator"),
    ast.DictComp: _dict_comprehension,
    ast.Await: _await,
}
