"""Abstract values: what a symbolic run knows of a value, in place of the value itself.

Every value carries `origins`, the data that it was derived from (identities of `Data` facts), and `made`, the facts that
may have made it; both go along through whatever is done with it. Mutable things keep their state in `fields`, which is
written by `rnnlab.reading.heap` alone, so that a branch can be undone and merged.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import Any

from rnnlab.axes import Symbol

Origins = frozenset[int]
NONE: Origins = frozenset()
_MOST_MADE = 16
_UNKNOWN_FROM = 10**8  # sizes from here on stand for unknown ones


class Value:
    """Anything that an expression may give."""

    __slots__ = ("made", "origins")

    def __init__(self, origins: Origins = NONE, made: tuple[int, ...] = ()) -> None:
        self.origins, self.made = origins, made


class Unknown(Value):
    """A value that is not known; `vague` says that its origins are a guess out of several.

    `missing` says that it came from a file of the program that is not there: what it holds may be the reviews.
    """

    __slots__ = ("missing", "text", "vague")

    def __init__(
        self,
        origins: Origins = NONE,
        made: tuple[int, ...] = (),
        text: str = "",
        vague: bool = False,
        missing: bool = False,
    ) -> None:
        super().__init__(origins, made)
        self.text, self.vague, self.missing = text, vague, missing


class Constant(Value):
    """A number, text, truth value or None that is known; a `soft` one is a default that a user may override."""

    __slots__ = ("soft", "value")

    def __init__(self, value: Any, soft: bool = False, origins: Origins = NONE, made: tuple[int, ...] = ()) -> None:
        super().__init__(origins, made)
        self.value, self.soft = value, soft


class Number(Value):
    """A number that is not known: its spelling in the source, and a size that no other number has.

    `length_of` is the identity of the data whose length it is. A total (`total` += …, in a loop) says what was added.
    """

    __slots__ = ("added", "length_of", "size", "text")

    def __init__(
        self,
        size: int,
        text: str,
        origins: Origins = NONE,
        made: tuple[int, ...] = (),
        length_of: int | None = None,
        added: str = "",
    ) -> None:
        super().__init__(origins, made)
        self.size, self.text, self.length_of, self.added = size, text, length_of, added


class Text(Value):
    """A text of which some parts are known: `known` has `{}` for each of the `parts` that are not."""

    __slots__ = ("known", "parts")

    def __init__(
        self, known: str, parts: Sequence[tuple[str, Value]] = (), origins: Origins = NONE, made: tuple[int, ...] = ()
    ) -> None:
        super().__init__(origins, made)
        self.known, self.parts = known, tuple(parts)


class Tensor(Value):
    """A tensor: its shape (None where even the rank is unknown), its axes, and whether it is a parameter of a layer.

    A total (`total += loss`, in a loop) says what was added.
    """

    __slots__ = ("added", "dtype", "owner", "shape", "symbols")

    def __init__(
        self,
        shape: tuple[int, ...] | None = None,
        symbols: Sequence[Symbol] | None = None,
        dtype: str = "",
        origins: Origins = NONE,
        made: tuple[int, ...] = (),
        owner: Any = None,
    ) -> None:
        super().__init__(origins, made)
        self.shape, self.dtype, self.owner = shape, dtype, owner
        self.added = ""
        known = list(symbols or ())
        self.symbols = known if shape is not None and len(known) == len(shape) else [Symbol() for _ in shape or ()]


class Packed(Value):
    """A packed sequence: the size and the axes of its steps' features, and how it was padded before."""

    __slots__ = ("features", "symbols")

    def __init__(
        self,
        features: tuple[int, ...] | None,
        symbols: Sequence[Symbol],
        origins: Origins = NONE,
        made: tuple[int, ...] = (),
    ) -> None:
        super().__init__(origins, made)
        self.features, self.symbols = features, list(symbols)


class Object(Value):
    """Anything whose state can change; `fields` is written by the heap alone."""

    __slots__ = ("fields",)

    def __init__(
        self, fields: dict[Any, Any] | None = None, origins: Origins = NONE, made: tuple[int, ...] = ()
    ) -> None:
        super().__init__(origins, made)
        self.fields: dict[Any, Any] = fields if fields is not None else {}


class Listing(Object):
    """A list, tuple or set. `items` is known (a tuple of values), or None, and then `element` stands for each of them."""

    __slots__ = ("kind",)

    def __init__(
        self,
        kind: str,
        items: Sequence[Value] | None,
        element: Value | None = None,
        origins: Origins = NONE,
        made: tuple[int, ...] = (),
    ) -> None:
        super().__init__({"items": None if items is None else tuple(items), "element": element}, origins, made)
        self.kind = kind

    @property
    def items(self) -> tuple[Value, ...] | None:
        """The values in it, where each of them is known."""
        return self.fields["items"]

    @property
    def element(self) -> Value | None:
        """What stands for every value in it, where they are not known one by one."""
        return self.fields["element"]


class Mapping(Object):
    """A dict. `items` are the values under known keys, `element` stands for those under any other key."""

    __slots__ = ("kind",)

    def __init__(
        self,
        items: dict[Any, Value] | None = None,
        element: Value | None = None,
        key: Value | None = None,
        origins: Origins = NONE,
        kind: str = "dict",
    ) -> None:
        super().__init__({"items": dict(items or {}), "element": element, "key": key, "number": None}, origins)
        self.kind = kind

    @property
    def items(self) -> dict[Any, Value]:
        """The values under known keys."""
        return self.fields["items"]


class Thing(Object):
    """An object of a library: `kind` is its class's dotted name; options and state lie in `fields`."""

    __slots__ = ("kind", "number")

    def __init__(
        self,
        kind: str,
        fields: dict[Any, Any] | None = None,
        origins: Origins = NONE,
        made: tuple[int, ...] = (),
        number: int | None = None,
    ) -> None:
        super().__init__(fields, origins, made)
        self.kind, self.number = kind, number

    @property
    def name(self) -> str:
        """The class's own name."""
        return self.kind.rpartition(".")[2]


class Scoped:
    """The variables of one call or one file, and where names are looked up beyond it."""

    __slots__ = ("outer", "shared", "top", "variables")

    def __init__(self, variables: dict[str, Any], outer: Scoped | None, top: dict[str, Any]) -> None:
        self.variables, self.outer, self.top = variables, outer, top
        self.shared: dict[str, dict[str, Any]] = {}


class File(Object):
    """A file of the program as a module; `fields` are its globals."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


class Function(Value):
    """A function of the learner's."""

    __slots__ = ("around", "defaults", "file", "marks", "name", "node", "owner")

    def __init__(self, node: Any, around: Scoped, file: Any, name: str, owner: Class | None = None) -> None:
        super().__init__()
        self.node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda = node
        self.around, self.file, self.name, self.owner = around, file, name, owner
        self.defaults: dict[str, Value] = {}
        self.marks: tuple[Value, ...] = ()  # its decorators


class Class(Object):
    """A class of the learner's; `fields` are its attributes."""

    __slots__ = ("bases", "file", "name", "node")

    def __init__(self, node: ast.ClassDef, bases: Sequence[Value], file: Any, name: str) -> None:
        super().__init__()
        self.node, self.bases, self.file, self.name = node, tuple(bases), file, name

    def line(self) -> list[Class]:
        """Return this class and the learner's classes above it, nearest first."""
        found: list[Class] = []
        waiting: list[Value] = [self]
        while waiting and len(found) < 16:
            one = waiting.pop(0)
            if isinstance(one, Class) and one not in found:
                found.append(one)
                waiting.extend(one.bases)
        return found

    def attribute(self, name: str) -> Value | None:
        """Return an attribute of the class or of the nearest one above it."""
        return next((one.fields[name] for one in self.line() if name in one.fields), None)

    def above(self) -> set[str]:
        """Return the dotted names of the library's classes that it is made from."""
        return {base.name for one in self.line() for base in one.bases if isinstance(base, Library)}


class Instance(Object):
    """An object of a class of the learner's; `number` is its identity where it is a data object or a model."""

    __slots__ = ("kind", "number")

    def __init__(self, kind: Class) -> None:
        super().__init__()
        self.kind = kind
        self.number: int | None = None


class Method(Value):
    """A function bound to an object; of a library's object the name alone is known."""

    __slots__ = ("function", "name", "receiver")

    def __init__(self, receiver: Value, name: str, function: Function | None = None) -> None:
        super().__init__(receiver.origins, receiver.made)
        self.receiver, self.name, self.function = receiver, name, function


class Partial(Value):
    """`functools.partial`: a callable with some of its arguments."""

    __slots__ = ("arguments", "callee", "named")

    def __init__(self, callee: Value, arguments: Sequence[Value], named: dict[str, Value]) -> None:
        super().__init__()
        self.callee, self.arguments, self.named = callee, tuple(arguments), named


class Library(Value):
    """A module, class or function of a library, by its dotted name."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    @property
    def last(self) -> str:
        """The last part of the name."""
        return self.name.rpartition(".")[2]

    @property
    def root(self) -> str:
        """The package."""
        return self.name.partition(".")[0]


class Super(Value):
    """`super()` of an instance."""

    __slots__ = ("above", "instance")

    def __init__(self, instance: Value, above: Class) -> None:
        super().__init__()
        self.instance, self.above = instance, above


class Either(Value):
    """One of a few values: branches gave different ones; or `both` of them, among the elements of a list, say."""

    __slots__ = ("both", "options")

    def __init__(self, options: Sequence[Value], both: bool = False) -> None:
        super().__init__(origins_of(options), made_of(options))
        self.options, self.both = tuple(options), both


# --- asking --------------------------------------------------------------------------------------------------------


def is_unknown_size(size: int) -> bool:
    """Say whether a size stands for one that is not known."""
    return not -_UNKNOWN_FROM < size < _UNKNOWN_FROM


def origins_of(values: Iterable[Any]) -> Origins:
    """Return the data that any of these values was derived from, looking a little way into containers."""
    found: set[int] = set()
    for value in values:
        found |= deep_origins(value)
    return frozenset(found)


def deep_origins(value: Any, depth: int = 3) -> Origins:
    """Return the data behind a value, and behind what it holds."""
    if not isinstance(value, Value):
        return NONE
    if isinstance(value, Thing | Instance) and value.number is not None:
        return frozenset({value.number})
    found = value.origins
    if depth and isinstance(value, Listing):
        for one in [*(value.items or ())[:16], value.element]:
            found |= deep_origins(one, depth - 1)
    elif depth and isinstance(value, Mapping):
        if value.fields["number"] is not None:
            return frozenset({value.fields["number"]})
        for one in [*list(value.items.values())[:16], value.fields["element"], value.fields["key"]]:
            found |= deep_origins(one, depth - 1)
    elif depth and isinstance(value, Instance):
        for one in list(value.fields.values())[:24]:
            found |= deep_origins(one, depth - 2 if depth > 1 else 0)
    elif isinstance(value, Method):
        found |= deep_origins(value.receiver, depth)
    elif isinstance(value, Text):
        for _, one in value.parts:
            found |= one.origins
    return found


def made_of(values: Iterable[Any], depth: int = 2) -> tuple[int, ...]:
    """Return the facts that may have made any of these values, looking a little way into containers."""
    found: dict[int, None] = {}
    for value in values:
        if not isinstance(value, Value):
            continue
        found.update(dict.fromkeys(value.made))
        if depth and isinstance(value, Listing):
            found.update(dict.fromkeys(made_of([*(value.items or ())[:16], value.element], depth - 1)))
        elif depth and isinstance(value, Mapping):
            found.update(dict.fromkeys(made_of([*list(value.items.values())[:16], value.fields["element"]], depth - 1)))
    return tuple(found)[:_MOST_MADE]


def derived(values: Iterable[Any], text: str = "") -> Unknown:
    """Return an unknown value that was made from these."""
    values = list(values)
    origins = origins_of(values)
    several = len({found for value in values if (found := deep_origins(value))}) > 1
    return Unknown(origins, made_of(values), text, several or any(is_vague(value) for value in values))


def is_vague(value: Value | None, depth: int = 3) -> bool:
    """Say whether a value's origins are a guess out of several."""
    if isinstance(value, Unknown):
        return value.vague
    if isinstance(value, Either):
        origins = {found for one in value.options if (found := deep_origins(one))}
        return (len(origins) > 1 and not value.both) or any(is_vague(one, depth) for one in value.options)
    if isinstance(value, Listing) and depth:
        return any(is_vague(one, depth - 1) for one in [*(value.items or ())[:8], value.element])
    if isinstance(value, Mapping) and depth:
        return is_vague(value.fields["key"], depth - 1) or is_vague(value.fields["element"], depth - 1)
    return False


def constant(value: Any, default: Any = None) -> Any:
    """Return the Python value of a constant, or a default."""
    return value.value if isinstance(value, Constant) else default


def options(value: Value | None) -> tuple[Value, ...]:
    """Return what a value may be."""
    if value is None:
        return ()
    return value.options if isinstance(value, Either) else (value,)


_FROM_A_SET = "from a set of "


def of_a_set(value: Value) -> Value:
    """Return what stands for the elements of a set: they come in no order that a second process would give again."""
    if not isinstance(value, Unknown) or not value.origins or value.text.startswith(_FROM_A_SET):
        return value
    of = "tokens" if "token" in value.text else "labels" if "label" in value.text else "values"
    return Unknown(value.origins, value.made, _FROM_A_SET + of, value.vague)


def in_order(value: Value) -> Value:
    """Return what stands for elements that were sorted: every process gives them in this order again."""
    if isinstance(value, Either):
        return Either([in_order(one) for one in value.options], value.both)
    if isinstance(value, Unknown):
        return Unknown(value.origins, value.made, value.text.removeprefix(_FROM_A_SET), value.vague)
    return value


def with_roots(value: Value, origins: Origins, made: tuple[int, ...] = ()) -> Value:
    """Give a fresh value these origins and makers as well, and return it."""
    value.origins = value.origins | origins
    value.made = tuple(dict.fromkeys((*value.made, *made)))[:_MOST_MADE]
    return value
