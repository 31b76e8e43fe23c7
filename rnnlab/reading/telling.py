"""The story that a symbolic run tells: facts in order, with their places, what encloses them, and how certain they are.

Facts wait in a list until the end, because what a loop was shows only later. A turn of a loop that is read again tells
only what differs from the turn before.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from rnnlab.axes import Symbol
from rnnlab.facts import (
    AnyFact,
    Call,
    Data,
    Fact,
    Gap,
    GroupNote,
    Loop,
    Named,
    Note,
    PackedNote,
    Place,
    Said,
    Scope,
    TensorNote,
    ValueNote,
)
from rnnlab.reading.files import Part
from rnnlab.reading.values import (
    Class,
    Constant,
    Either,
    Function,
    Instance,
    Library,
    Listing,
    Mapping,
    Number,
    Packed,
    Tensor,
    Text,
    Thing,
    Value,
    deep_origins,
    is_unknown_size,
    made_of,
)
from rnnlab.sources import characters

_LONGEST = 40
_MOST_FACTS = 6_000
_STAGE_OF = {
    "table": "load",
    "file": "load",
    "dataset": "split",
    "tokens": "tokenize",
    "split": "split",
    "vocabulary": "vocab",
    "label map": "vocab",
    "field": "vocab",
    "loader": "batch",
    "batch": "batch",
    "optimizer": "train",
    "scheduler": "train",
    "prediction": "predict",
    "model": "rnn",
    "metric": "evaluate",
}


class Story:
    """Facts as they come, and where the run is: file, scope, loops, certainty."""

    def __init__(self) -> None:
        self.facts: list[Any] = []
        self.inside: list[int] = []
        self.doubt = 0
        self.folding = 0
        self.part: Part | None = None
        self.is_full = False
        self._folded: dict[Any, int] = {}
        self._ids = 0
        self._numbers: dict[int, int] = {}
        self._lines: dict[str, list[str]] = {}

    # --- places --------------------------------------------------------------------------------------------------

    def place(self, node: Any) -> Place | None:
        """Return the span of a piece of syntax, columns in characters."""
        part = self.part
        if part is None or not hasattr(node, "lineno"):
            return None
        end = node.end_lineno or node.lineno
        first, last = node.col_offset, node.end_col_offset or 0
        if not part.text.isascii():
            first, last = characters(part.text, node.lineno, first), characters(part.text, end, last)
        return Place(part.file, node.lineno, first, end, last, part.cell)

    def source(self, node: Any) -> str:
        """Return a piece of syntax as the learner wrote it, on one line."""
        if isinstance(node, ast.Name):
            return node.id
        if self.part is None or not hasattr(node, "lineno"):
            return ""
        lines = self._lines.get(self.part.key)
        if lines is None:
            lines = self._lines[self.part.key] = self.part.text.split("\n")
        if node.lineno == node.end_lineno and node.lineno <= len(lines):
            line = lines[node.lineno - 1]
            if line.isascii():
                return line[node.col_offset : node.end_col_offset]
            return line.encode()[node.col_offset : node.end_col_offset].decode(errors="replace")
        try:
            return ast.unparse(node)
        except (ValueError, RecursionError, AttributeError):
            return ""

    def word(self, node: Any) -> str:
        """Return a piece of syntax as a short name."""
        text = self.source(node)
        return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."

    # --- telling -------------------------------------------------------------------------------------------------

    def new_id(self) -> int:
        """Return an identity that nothing has yet."""
        self._ids += 1
        return self._ids

    def tell(self, fact: Fact) -> int:
        """Add a fact and return its number."""
        if len(self.facts) >= _MOST_FACTS and not isinstance(fact, Gap):
            self.is_full = True
            return len(self.facts) - 1
        number = len(self.facts)
        inside = self.inside[-1] if self.inside else None
        certain = fact.certain and not self.doubt
        self.facts.append(msgspec.structs.replace(fact, n=number, inside=inside, seen_by="source", certain=certain))
        return number

    def tell_once(self, fact: Fact, key: Any) -> tuple[int, bool]:
        """Add a fact, or find the equal one of an earlier turn; say whether it is new."""
        if not self.folding:
            return self.tell(fact), True
        whole = (self.inside[-1] if self.inside else None, self.part.key if self.part else "", key)
        if whole in self._folded:
            return self._folded[whole], False
        self._folded[whole] = number = self.tell(fact)
        return number, True

    def by_id(self, identity: int) -> Data | None:
        """Return the fact that told of a data object."""
        fact = self.facts[n] if (n := self._numbers.get(identity)) is not None and n < len(self.facts) else None
        return fact if isinstance(fact, Data) else None

    def change(self, n: int, **changes: Any) -> None:
        """Say more of a fact that was told."""
        if 0 <= n < len(self.facts):
            self.facts[n] = msgspec.structs.replace(self.facts[n], **changes)

    def enter(self, node: Any, function: str, inputs: Sequence[Named], key: Any = None) -> int:
        """A function begins."""
        scope = Scope(place=self.place(node), function=function, inputs=tuple(inputs))
        n, _ = self.tell_once(scope, ("scope", _spot(node), function, key))
        self.inside.append(n)
        return n

    def leave(self, n: int, function: str, output: Value | None) -> None:
        """A function ends."""
        if self.inside and self.inside[-1] == n:
            self.inside.pop()
        note = self.note(output) if output is not None else None
        place = getattr(self.facts[n], "place", None) if 0 <= n < len(self.facts) else None
        self.tell_once(Scope(place=place, function=function, phase="out", output=note), ("out", n))

    def data(
        self,
        node: Any,
        what: str,
        name: str = "",
        made_from: Iterable[int] = (),
        counts: dict[str, float] | None = None,
        samples: dict[str, Any] | None = None,
        *,
        certain: bool = True,
        key: Any = None,
        place: Place | None = None,
        stage: str | None = None,
    ) -> int:
        """Tell of a data object and return its identity."""
        parents = tuple(sorted(set(made_from)))
        fact = Data(
            place=place or self.place(node),
            stage=stage or _STAGE_OF.get(what),
            what=what,
            id=self._ids + 1,
            name=name,
            made_from=parents,
            counts=counts or {},
            samples=samples or {},
            certain=certain,
        )
        n, is_new = self.tell_once(fact, ("data", _spot(node), what, name, parents, key))
        if is_new:
            self._ids += 1
            self._numbers[self._ids] = n
        told = self.facts[n] if n < len(self.facts) else None
        return told.id if isinstance(told, Data) else self._ids

    def gap(self, node: Any, what: str, why: str) -> None:
        """Tell of something that could not be followed."""
        self.tell_once(Gap(place=self.place(node), what=what, why=why), ("gap", _spot(node), what))

    def call(self, node: Any, fact: Call, makers: Any) -> int:
        """Tell of an operation; a turn that is read again tells it only where its inputs came from elsewhere."""
        key = ("call", _spot(node), fact.what, makers, fact.grad_on, fact.training, str(fact.values))
        n, is_new = self.tell_once(fact, key)
        if not is_new:
            told = self.facts[n]
            self.facts[n] = msgspec.structs.replace(told, times=told.times + 1)
        return n

    def loop(self, node: Any, fact: Loop) -> int:
        """Tell of a loop's begin or end."""
        n, _ = self.tell_once(fact, ("loop", _spot(node), fact.executed is None, fact.over))
        return n

    def said(self, node: Any, text: str, values: Sequence[tuple[str, Value]]) -> None:
        """Tell of printed text, with `{}` for each of the values."""
        origins = tuple(tuple(sorted(deep_origins(value))) for _, value in values[:16])
        named = tuple(Named(name, self.note(value)) for name, value in values[:16])
        fact = Said(place=self.place(node), text=text[:2000], values=named, made_from=origins)
        self.tell_once(fact, ("said", _spot(node), text, fact.made_from))

    # --- notes ---------------------------------------------------------------------------------------------------

    def note(self, value: Any, depth: int = 3) -> Note:
        """Return the plain description of a value."""
        if isinstance(value, Tensor):
            return TensorNote(
                shape=None if value.shape is None else tuple(None if is_unknown_size(n) else n for n in value.shape),
                axes=tuple(self._axis(symbol) for symbol in value.symbols) if value.shape is not None else (),
                dtype=value.dtype,
                made_by=value.made,
            )
        if isinstance(value, Packed):
            features = tuple(None if is_unknown_size(n) else n for n in value.features or ())
            axes = tuple(self._axis(symbol) for symbol in value.symbols)
            return PackedNote(None, None, None, features, axes, made_by=value.made)
        if isinstance(value, Listing) and value.items is not None and depth and len(value.items) <= 16:
            items = tuple(Named("", self.note(one, depth - 1)) for one in value.items)
            return GroupNote(value.kind, items)
        if isinstance(value, Value) and value.made:
            return TensorNote(shape=None, made_by=value.made)
        return ValueNote(*_described(value))

    def _axis(self, symbol: Symbol) -> Any:
        # Until the story is over a symbol may still be settled: it is turned into a plain axis at the end.
        return symbol

    def settled(self) -> list[AnyFact]:
        """Return all facts with every axis as it is known at the end."""
        return [_settled(fact) for fact in self.facts]


def _settled(fact: Any) -> Any:
    if isinstance(fact, Call):
        inputs = tuple(Named(one.name, _plain(one.note)) for one in fact.inputs)
        return msgspec.structs.replace(fact, inputs=inputs, output=_plain(fact.output))
    if isinstance(fact, Scope) and (fact.inputs or fact.output is not None):
        inputs = tuple(Named(one.name, _plain(one.note)) for one in fact.inputs)
        return msgspec.structs.replace(fact, inputs=inputs, output=_plain(fact.output))
    if isinstance(fact, Said) and fact.values:
        return msgspec.structs.replace(fact, values=tuple(Named(v.name, _plain(v.note)) for v in fact.values))
    return fact


def _plain(note: Any) -> Any:
    if isinstance(note, TensorNote | PackedNote) and note.axes:
        axes = tuple(one.axis() if isinstance(one, Symbol) else one for one in note.axes)
        return msgspec.structs.replace(note, axes=axes)
    if isinstance(note, GroupNote):
        return GroupNote(note.kind, tuple(Named(one.name, _plain(one.note)) for one in note.items))
    return note


def _spot(node: Any) -> tuple[int, int, int, int]:
    return (
        getattr(node, "lineno", 0),
        getattr(node, "col_offset", 0),
        getattr(node, "end_lineno", 0) or 0,
        getattr(node, "end_col_offset", 0) or 0,
    )


def _described(value: Any) -> tuple[str, str]:
    """Return the name of a value's type and a short text of it."""
    if isinstance(value, Constant):
        return type(value.value).__name__, repr(value.value)[:_LONGEST]
    if isinstance(value, Number):
        return "number", value.text[:_LONGEST]
    if isinstance(value, Text):
        return "str", value.known[:_LONGEST]
    if isinstance(value, Thing):
        return value.name, ""
    if isinstance(value, Instance):
        return value.kind.name, "" if value.number is None else str(value.number)
    if isinstance(value, Class):
        return "type", value.name
    if isinstance(value, Function):
        return "function", value.name
    if isinstance(value, Library):
        return "library", value.name[:_LONGEST]
    if isinstance(value, Listing):
        return value.kind, "" if value.items is None else f"{len(value.items)} items"
    if isinstance(value, Mapping):
        return "dict", ""
    if isinstance(value, Either):
        kinds = {_described(one)[0] for one in value.options}
        return (kinds.pop(), "") if len(kinds) == 1 else ("?", "")
    return "?", getattr(value, "text", "")[:_LONGEST]


def inputs_of(story: Story, pairs: Iterable[tuple[str, Value]]) -> tuple[Named, ...]:
    """Return notes under the learner's words."""
    return tuple(Named(name, story.note(value)) for name, value in pairs)


def makers_key(values: Iterable[Any]) -> tuple[tuple[int, ...], ...]:
    """Return what tells the inputs of one turn from those of another."""
    return tuple(made_of([value]) for value in values)
