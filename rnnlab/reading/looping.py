"""Loops: read once, and a second time where state goes round; what kind of loop it is shows when something is trained in it."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from rnnlab.facts import Loop, Place
from rnnlab.reading import filling, libraries, missing
from rnnlab.reading.heap import joined, joined_all
from rnnlab.reading.running import Pass, Run
from rnnlab.reading.values import (
    Constant,
    Either,
    Instance,
    Listing,
    Mapping,
    Method,
    Packed,
    Tensor,
    Thing,
    Unknown,
    Value,
    constant,
    deep_origins,
    derived,
    of_a_set,
)

_FEW = 6  # so many known turns are read one by one


def element_of(run: Run, value: Value, node: Any) -> Value:
    """Return what stands for every element of something that is walked over."""
    if isinstance(value, Listing):
        if value.kind == "enumerate":
            return Listing("tuple", [run.number("index"), element_of(run, value.fields.get("over") or Unknown(), node)])
        if value.kind == "zip":
            return Listing("tuple", [element_of(run, one, node) for one in value.fields.get("over") or ()])
        if value.kind == "range":
            return run.number("row" if value.origins else "index", value.origins)
        known = [v for v in (*(value.items or ()), value.element) if v is not None]
        element = joined_all(known) if known else Unknown(value.origins, value.made)
        return of_a_set(element) if value.kind == "set" else element
    if isinstance(value, Mapping):
        keys = [Constant(key) for key in list(value.items)[:8]]
        key = value.fields["key"]
        return (
            joined_all([*keys, key] if key is not None else keys) if keys or key is not None else Unknown(value.origins)
        )
    if isinstance(value, Thing):
        return libraries.thing_element(run, value, node)
    if isinstance(value, Tensor):
        if not value.shape:
            return Tensor(None, None, value.dtype, value.origins, value.made)
        return Tensor(value.shape[1:], value.symbols[1:], value.dtype, value.origins, value.made)
    if isinstance(value, Either):
        return joined_all([element_of(run, one, node) for one in value.options])
    if isinstance(value, Instance):
        return _element_of_instance(run, value, node)
    if isinstance(value, Constant) and isinstance(value.value, str):
        return Unknown(value.origins, text="character")
    return derived([missing.walked(run, value, node) if missing.is_missing(value) else value])


def _element_of_instance(run: Run, value: Instance, node: Any) -> Value:
    from rnnlab.reading.attributes import bound
    from rnnlab.reading.calling import Arguments, call

    iterate = value.kind.attribute("__iter__")
    if iterate is not None:
        made = call(run, bound(iterate, value), Arguments(node))
        if made is value:
            following = value.kind.attribute("__next__")
            return call(run, bound(following, value), Arguments(node)) if following is not None else derived([value])
        return element_of(run, made, node)
    item = value.kind.attribute("__getitem__")
    if item is not None:
        return call(run, bound(item, value), Arguments(node, [run.number("index")]))
    return derived([value])


def known_turns(value: Value) -> list[Value] | None:
    """Return the elements of something that is walked over, where they are few and each is known."""
    if isinstance(value, Listing):
        if value.kind == "enumerate":
            inner = known_turns(value.fields.get("over") or Unknown())
            return None if inner is None else [Listing("tuple", [Constant(i), one]) for i, one in enumerate(inner)]
        if value.kind == "zip":
            columns = [known_turns(one) for one in value.fields.get("over") or ()]
            if not columns or any(column is None for column in columns):
                return None
            return [Listing("tuple", row) for row in zip(*(c for c in columns if c is not None), strict=False)]
        if value.items is not None and len(value.items) <= _FEW and value.kind != "slice":
            return list(value.items)
    if isinstance(value, Mapping) and value.fields["element"] is None and 0 < len(value.items) <= _FEW:
        return [Constant(key) for key in value.items]
    return None


def loader_behind(value: Value | None) -> Thing | None:
    """Return the loader that is walked over, looking through enumerate and zip."""
    if isinstance(value, Thing) and value.fields.get("is_loader"):
        return value
    if isinstance(value, Listing) and value.kind in ("enumerate", "zip"):
        over = value.fields.get("over")
        return next(
            (one for part in (over if isinstance(over, tuple) else (over,)) if (one := loader_behind(part))), None
        )
    if isinstance(value, Either):
        return next((one for part in value.options if (one := loader_behind(part))), None)
    return None


# --- statements ----------------------------------------------------------------------------------------------------


def for_loop(run: Run, node: ast.For | ast.AsyncFor) -> str:
    """`for target in over`."""
    from rnnlab.reading.statements import put

    run.bind(None, ())
    over = run.evaluate(node.iter)
    loader = loader_behind(over)
    turns = known_turns(over) if loader is None else None
    place = run.story.place(node.iter) if loader is not None else _head(run, node, node.iter)
    passed = _begin(run, node, place, loader, over)

    def turn(item: Value | None) -> str:
        run.batch_words = _words_of(node.target)
        value = item if item is not None else element_of(run, over, node.iter)
        put(run, node.target, value, node.iter)
        return run.execute(node.body)

    if turns:
        status = ""
        for item in turns:
            status = turn(item)
            if status in ("break", "return", "raise"):
                break
    else:
        status = _turns(run, node, lambda: turn(None))
        filling.loop_fills(run, node) if isinstance(node, ast.For) else None
        filling.loop_keeps(run, node, over)
    _end(run, node, place, passed)
    if status in ("return", "raise"):
        return status
    return run.execute(node.orelse)


def _words_of(target: ast.expr) -> tuple[str, ...]:
    """Return the names that a batch is unpacked into: the last target, past a counter."""
    while (
        isinstance(target, ast.Tuple | ast.List) and target.elts and isinstance(target.elts[-1], ast.Tuple | ast.List)
    ):
        target = target.elts[-1]
    return (
        tuple(one.id for one in target.elts if isinstance(one, ast.Name))
        if isinstance(target, ast.Tuple | ast.List)
        else ()
    )


def while_loop(run: Run, node: ast.While) -> str:
    """`while test`."""
    run.bind(None, ())
    place = _head(run, node, node.test)
    passed = _begin(run, node, place, None, None)

    def turn() -> str:
        run.evaluate(node.test)
        return run.execute(node.body)

    status = _turns(run, node, turn)
    filling.loop_fills(run, node)
    _end(run, node, place, passed)
    return status if status in ("return", "raise") else run.execute(node.orelse)


def _turns(run: Run, node: Any, turn: Callable[[], str]) -> str:
    """Read a turn, and another where the first left something behind that the second reads."""
    run.story.folding += 1
    run.heap.begin()
    try:
        status = turn()
        changed = run.heap.changed()
    finally:
        run.heap.keep()
        run.story.folding -= 1
    if status in ("", "continue") and _is_carried(run, node, changed):
        run.story.folding += 1
        try:
            status = turn()
        finally:
            run.story.folding -= 1
    for store, key, old in changed:
        new = store.get(key)
        if isinstance(old, Constant) and isinstance(new, Constant) and old.value != new.value:
            is_number = isinstance(old.value, int | float) and not isinstance(old.value, bool)
            run.heap.write(store, key, run.number(str(key), new.origins) if is_number else joined(old, new))
    return status


def _is_carried(run: Run, node: Any, changed: list[tuple[Any, Any, Any]]) -> bool:
    """Say whether a turn changed what the next one begins with: a tensor, or the mode of a model."""
    early: set[str] | None = None
    for store, key, old in changed:
        new = store.get(key)
        if new is old:
            continue
        if key == "training" and isinstance(old, Constant) and isinstance(new, Constant) and old.value != new.value:
            return True
        if old is None or not isinstance(key, str) or not _holds_tensor(new):
            continue
        if store is not run.frame.scope.variables:
            return True
        if early is None:
            early = _read_early(node)
        if key in early:
            return True
    return False


def _holds_tensor(value: Any, depth: int = 2) -> bool:
    if isinstance(value, Tensor | Packed):
        return bool(value.made)
    if isinstance(value, Listing) and depth:
        return any(_holds_tensor(one, depth - 1) for one in (value.items or ())[:8])
    return isinstance(value, Either) and any(_holds_tensor(one, depth) for one in value.options)


def _read_early(node: Any) -> set[str]:
    """Return the variables that a loop's body reads before it writes them, in the order of the text."""
    read: set[str] = set()
    written: set[str] = set()
    for statement in node.body:
        names = [one for one in ast.walk(statement) if isinstance(one, ast.Name)]
        for name in names:
            if isinstance(name.ctx, ast.Load) and name.id not in written:
                read.add(name.id)
        written |= {name.id for name in names if not isinstance(name.ctx, ast.Load)}
    return read


# --- telling -------------------------------------------------------------------------------------------------------


def _head(run: Run, node: Any, last: Any) -> Place | None:
    begin, end = run.story.place(node), run.story.place(last)
    if begin is None or end is None:
        return begin
    return Place(begin.file, begin.line, begin.column, end.end_line, end.end_column, begin.cell)


def _begin(run: Run, node: Any, place: Place | None, loader: Thing | None, over: Value | None) -> Pass:
    number = loader.number if loader is not None else None
    counts = isinstance(over, Listing) and (over.kind == "range" or _are_folds(over))
    kind = "batches" if loader is not None else "turns"
    n, _ = run.story.tell_once(
        Loop(place=place, kind=kind, declared=_declared(over), over=number), ("loop", place, number)
    )
    passed = Pass(n, kind, number if loader is not None else None, counts or over is None, node)
    passed.settled = loader is not None
    passed.data = tuple(sorted(deep_origins(over))) if loader is None and over is not None else ()
    passed.paired = isinstance(node, ast.For) and _is_unknown(over) and len(_words_of(node.target)) > 1
    run.loops.append(passed)
    return passed


@contextlib.contextmanager
def passing(run: Run, node: Any, over: Value) -> Iterator[None]:
    """A comprehension over a loader is a pass as well."""
    loader = loader_behind(over)
    if loader is None:
        yield
        return
    place = run.story.place(node)
    passed = _begin(run, node, place, loader, over)
    run.batch_words = ()
    run.story.folding += 1
    try:
        yield
    finally:
        run.story.folding -= 1
        _end(run, node, place, passed)


def _is_unknown(over: Value | None) -> bool:
    """Say whether nothing is known of what a loop goes over, looked through enumerate."""
    if isinstance(over, Listing) and over.kind == "enumerate":
        over = over.fields.get("over")
    return isinstance(over, Unknown | Method)


def _are_folds(over: Listing) -> bool:
    inner = over.fields.get("over") if over.kind == "enumerate" else over
    return isinstance(inner, Listing) and bool(inner.fields.get("folds"))


def _declared(over: Value | None) -> int | None:
    if not isinstance(over, Listing):
        return None
    if over.kind == "range":
        count = constant(over.fields.get("count"))
        return count if isinstance(count, int) else None
    return len(over.items) if over.items is not None else None


def _end(run: Run, node: Any, place: Place | None, passed: Pass) -> None:
    if passed in run.loops:
        del run.loops[run.loops.index(passed) :]
    kind = passed.kind if passed.settled else "turns"
    if not passed.settled and passed.forwarded and (passed.data or passed.paired or passed.judged):
        kind, passed.settled = "batches", True  # the program cuts its batches by itself and trains nothing on them
    is_pass = passed.settled and kind == "batches"
    if is_pass and passed.over is None and len(passed.data) == 1:
        passed.over = passed.data[0]
    if is_pass:
        kind = "training" if passed.trained else "evaluation"
    stage = ("train" if passed.trained else "evaluate" if passed.called else None) if is_pass else None
    stage = stage or ("train" if passed.trained else None)
    begun = run.story.facts[passed.n] if passed.n < len(run.story.facts) else None
    declared = getattr(begun, "declared", None)
    executed = declared if declared is not None else 1
    told = Loop(
        place=place, stage=stage, kind=kind, index=executed, declared=declared, executed=executed, over=passed.over
    )
    run.story.tell_once(told, ("loop end", place, passed.n, kind))
    sources = [passed.over] if passed.over is not None else passed.data
    if is_pass and sources and stage is not None:
        what = "training pass" if passed.trained else "evaluation pass"
        run.story.data(node, what, made_from=sources, place=place, stage=stage, key=passed.n)
