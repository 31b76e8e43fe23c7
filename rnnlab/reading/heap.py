"""The state of a symbolic run: every write goes through here, so that a branch can be undone and two branches merged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rnnlab.axes import Symbol
from rnnlab.reading.values import (
    Constant,
    Either,
    Function,
    Instance,
    Library,
    Listing,
    Mapping,
    Method,
    Number,
    Object,
    Packed,
    Tensor,
    Text,
    Thing,
    Unknown,
    Value,
    made_of,
    options,
    origins_of,
)

_FEW = 4  # so many different values are kept apart
_MISSING = object()
Store = dict[Any, Any]
Writes = dict[tuple[int, Any], tuple[Store, Any]]


class Heap:
    """Writes into the stores of variables and attributes, and remembers what stood there before."""

    def __init__(self) -> None:
        self._levels: list[dict[tuple[int, Any], tuple[Store, Any]]] = []

    def write(self, store: Store, key: Any, value: Any) -> None:
        """Put a value into a store."""
        if self._levels:
            self._levels[-1].setdefault((id(store), key), (store, store.get(key, _MISSING)))
        store[key] = value

    def remove(self, store: Store, key: Any) -> None:
        """Take a value out of a store."""
        if key in store:
            if self._levels:
                self._levels[-1].setdefault((id(store), key), (store, store[key]))
            del store[key]

    def begin(self) -> None:
        """Begin a branch."""
        self._levels.append({})

    def changed(self) -> list[tuple[Store, Any, Any]]:
        """Return what the running branch has written so far: store, key, and the value before (None for none)."""
        return [(s, k, None if old is _MISSING else old) for (_, k), (s, old) in self._levels[-1].items()]

    def keep(self) -> None:
        """End a branch whose writes stand."""
        level = self._levels.pop()
        if self._levels:
            for key, old in level.items():
                self._levels[-1].setdefault(key, old)

    def undo(self) -> Writes:
        """End a branch and take its writes back; they are returned."""
        writes: Writes = {}
        for (identity, key), (store, old) in self._levels.pop().items():
            writes[identity, key] = store, store.get(key, _MISSING)
            if old is _MISSING:
                store.pop(key, None)
            else:
                store[key] = old
        return writes

    def merge(self, branches: Iterable[Writes]) -> None:
        """Write what several branches wrote: where they differ, what it may be."""
        branches = list(branches)
        for identity, key in dict.fromkeys(where for writes in branches for where in writes):
            store = next(writes[identity, key][0] for writes in branches if (identity, key) in writes)
            now = store.get(key, _MISSING)
            values = [writes.get((identity, key), (store, now))[1] for writes in branches]
            known = [value for value in values if value is not _MISSING]
            if key == "number":  # of what a dict numbers: it does so from the branch on that first put a word in
                self.write(store, key, _one_number(known))
            elif known:
                self.write(store, key, joined_all(known))
            else:
                self.remove(store, key)

    def fill(self, writes: Writes) -> None:
        """Write only what was not there: a branch that is looked at beside the one that is taken."""
        for (_, key), (store, value) in writes.items():
            if key not in store and value is not _MISSING:
                self.write(store, key, value)


def _one_number(known: list[Any]) -> int | None:
    numbers = {value for value in known if isinstance(value, int)}
    return numbers.pop() if len(numbers) == 1 else None


def joined_all(values: Iterable[Any]) -> Any:
    """Return what a value is that may be any of these."""
    found: Any = _MISSING
    for value in values:
        found = value if found is _MISSING else joined(found, value)
    return found


def together(values: Iterable[Any]) -> Any:
    """Return what stands for every element of rows that were put together: all of these are among them for certain."""
    found: Any = _MISSING
    for value in values:
        found = value if found is _MISSING else joined(found, value, both=True)
    return found


def joined(one: Any, two: Any, both: bool = False) -> Any:
    """Return what a value is that may be either of two; `both` says that it stands for both."""
    if one is two:
        return one
    if not isinstance(one, Value) or not isinstance(two, Value):
        return _joined_plain(one, two, both)
    if type(one) is type(two):
        same = _JOINS.get(type(one))
        if same is not None and (value := same(one, two, both)) is not None:
            return value
    # None beside something: it may be either, and what it may be is worth following.
    found: list[Value] = []
    for option in (*options(one), *options(two)):
        if not any(_same(option, other) for other in found):
            found.append(option)
    if len(found) == 1:
        return found[0]
    if len(found) <= _FEW:
        return Either(found, both)
    return Unknown(origins_of(found), made_of(found), vague=not both)


def _joined_plain(one: Any, two: Any, both: bool = False) -> Any:
    """Fields hold tuples of values, dicts of values, numbers and None as well."""
    if isinstance(one, tuple) and isinstance(two, tuple) and len(one) == len(two):
        return tuple(joined(a, b, both) for a, b in zip(one, two, strict=True))
    if isinstance(one, dict) and isinstance(two, dict):
        return {key: joined_all([d[key] for d in (one, two) if key in d]) for key in {**one, **two}}
    if isinstance(one, Value) and two is None:
        return one
    if isinstance(two, Value) and one is None:
        return two
    if isinstance(one, str) and isinstance(two, str):
        return one if one == two else "?"
    return one if one == two else None


def _same(one: Value, two: Value) -> bool:
    if one is two:
        return True
    if type(one) is not type(two):
        return False
    if isinstance(one, Constant) and isinstance(two, Constant):
        return type(one.value) is type(two.value) and one.value == two.value
    if isinstance(one, Library) and isinstance(two, Library):
        return one.name == two.name
    return isinstance(one, Function) and isinstance(two, Function) and one.node is two.node


def _constants(one: Constant, two: Constant, both: bool = False) -> Value | None:
    if not _same(one, two):
        return None
    roots = one.origins | two.origins, tuple(dict.fromkeys(one.made + two.made))
    return Constant(one.value, one.soft or two.soft, *roots)


def _numbers(one: Number, two: Number, both: bool = False) -> Value:
    if one.size == two.size and one.text == two.text:
        return one
    length = one.length_of if one.length_of == two.length_of else None
    text = one.text if one.text == two.text else ""
    added = one.added if one.added == two.added else one.added or two.added
    return Number(one.size, text, one.origins | two.origins, made_of((one, two)), length, added)


def _tensors(one: Tensor, two: Tensor, both: bool = False) -> Value:
    roots = one.origins | two.origins, made_of((one, two))
    dtype = one.dtype if one.dtype == two.dtype else ""
    if one.shape is None or two.shape is None or len(one.shape) != len(two.shape):
        made = Tensor(None, None, dtype, *roots)
    else:
        symbols = [a if a is b or a.name == b.name else Symbol() for a, b in zip(one.symbols, two.symbols, strict=True)]
        made = Tensor(one.shape, symbols, dtype, *roots)
    made.added = one.added or two.added
    return made


def _unknowns(one: Unknown, two: Unknown, both: bool = False) -> Value:
    vague = one.vague or two.vague or (not both and one.origins != two.origins)
    return Unknown(one.origins | two.origins, made_of((one, two)), one.text if one.text == two.text else "", vague)


def _listings(one: Listing, two: Listing, both: bool = False) -> Value | None:
    if one.kind != two.kind or one.kind in ("enumerate", "zip", "slice"):
        return None
    origins, made = one.origins | two.origins, tuple(dict.fromkeys(one.made + two.made))
    if one.items is not None and two.items is not None and len(one.items) == len(two.items):
        return Listing(one.kind, joined(one.items, two.items, both), None, origins, made)
    parts = [*(one.items or ()), *(two.items or ()), one.element, two.element]
    known = [part for part in parts if part is not None]
    return Listing(one.kind, None, (together if both else joined_all)(known) if known else None, origins, made)


def _texts(one: Text, two: Text, both: bool = False) -> Value:
    if one.known == two.known:
        return one
    return Text("{}", (("", one), ("", two)), one.origins | two.origins, made_of((one, two)))


def _mappings(one: Mapping, two: Mapping, both: bool = False) -> Value:
    made = Mapping(joined(one.items, two.items), None, None, one.origins | two.origins, one.kind)
    for name in ("element", "key"):
        made.fields[name] = joined(one.fields[name], two.fields[name], both)
    made.fields["number"] = _one_number([one.fields["number"], two.fields["number"]])
    return made


def _things(one: Thing, two: Thing, both: bool = False) -> Value | None:
    """Two layers of one class, made in two branches, are one whose options may be either."""
    if one.kind != two.kind or one.number != two.number or one.origins != two.origins:
        return None
    return Thing(one.kind, joined(one.fields, two.fields), one.origins | two.origins, one.made, one.number)


def _methods(one: Method, two: Method, both: bool = False) -> Value | None:
    return one if one.receiver is two.receiver and one.name == two.name else None


def _packed(one: Packed, two: Packed, both: bool = False) -> Value:
    return Packed(one.features, one.symbols, one.origins | two.origins, made_of((one, two)))


_JOINS: dict[type, Any] = {
    Constant: _constants,
    Number: _numbers,
    Tensor: _tensors,
    Unknown: _unknowns,
    Listing: _listings,
    Text: _texts,
    Mapping: _mappings,
    Thing: _things,
    Method: _methods,
    Packed: _packed,
}


def is_object(value: Any) -> bool:
    """Say whether a value has attributes of its own that can be written."""
    return isinstance(value, Object | Instance)
