"""Columns of numbers about the facts of a record: what each is, where it stands, what it binds and what encloses it.

A stepper walks by these columns alone, so that it decodes no fact but the ones it shows. They are kept beside the record
(`run.rnnlab.index`), and made anew from its lines where they do not fit them.
"""

from __future__ import annotations

import sys
import zlib
from array import array
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from rnnlab.facts import Call, Data, Fact, Locals, Loop, Place, Probe, Scope

VERSION = 1
OPENS, CLOSES, LOOP, HIDDEN = 1, 2, 4, 8
NONE = -1
_TYPES = {
    "offsets": "Q", "kinds": "B", "flags": "B", "names": "I", "stages": "I", "places": "I", "binds": "I", "uses": "I",
    "inside": "q", "parents": "i", "ends": "i", "frames": "i",
}  # fmt: skip
_CODED = {
    "kinds": "kind_words",
    "names": "name_words",
    "stages": "stage_words",
    "places": "spots",
    "binds": "bound_words",
    "uses": "used_words",
}


class Told(NamedTuple):
    """What the index keeps of one fact."""

    kind: str
    name: str
    stage: str | None
    place: Place | None
    inside: int | None
    binds: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    flags: int = 0


class Index:
    """One entry per fact in each column; words and places are numbered, 0 stands for none.

    `parents` is the fact that encloses another one, `NONE` for none: the loop that runs, where `inside` names only the
    function around it. `ends` is the last fact that belongs to what a fact opens (`NONE` where it opens nothing), and `frames`
    the function whose variables are visible. `flags` adds up `OPENS`, `CLOSES`, `LOOP` and `HIDDEN` (no row of its own: an
    experiment on a model, or a loop that is told anew because it turned out to go over epochs).
    """

    def __init__(self) -> None:
        self.size = 0
        self.sources: list[int] = []
        self.kind_words: list[str] = [""]
        self.name_words: list[str] = [""]
        self.stage_words: list[str | None] = [None]
        self.spots: list[Place | None] = [None]
        self.bound_words: list[tuple[str, ...]] = [()]
        self.used_words: list[tuple[str, ...]] = [()]
        for column, code in _TYPES.items():
            setattr(self, column, array(code))
        self._codes: dict[str, dict[Any, int]] = {column: {} for column in _CODED}
        self._nesting = _Nesting(self)

    offsets: array[int]
    kinds: array[int]
    flags: array[int]
    names: array[int]
    stages: array[int]
    places: array[int]
    binds: array[int]
    uses: array[int]
    inside: array[int]
    parents: array[int]
    ends: array[int]
    frames: array[int]

    def __len__(self) -> int:
        return len(self.kinds)

    def add(self, told: Told, offset: int = 0) -> None:
        """Append a fact's entries."""
        self.offsets.append(offset)
        self.kinds.append(self._code("kinds", told.kind))
        self.flags.append(told.flags)
        self.names.append(self._code("names", told.name) if told.name else 0)
        self.stages.append(self._code("stages", told.stage) if told.stage else 0)
        self.places.append(self._code("places", told.place) if told.place else 0)
        self.binds.append(self._code("binds", told.binds) if told.binds else 0)
        self.uses.append(self._code("uses", told.uses) if told.uses else 0)
        inside = told.inside
        self.inside.append(inside if inside is not None and abs(inside) < 2**62 else NONE)
        self._nesting.add()

    def _code(self, column: str, word: Any) -> int:
        codes = self._codes[column]
        if word not in codes:
            table = getattr(self, _CODED[column])
            codes[word] = len(table)
            table.append(word)
        return codes[word]

    def finish(self) -> Index:
        """Close what was never closed (the program was stopped inside), and return the index."""
        self._nesting.finish()
        return self

    def code(self, column: str, word: Any) -> int | None:
        """Return the number of a kind, name, stage or place in its column; None where no fact has it."""
        table: list[Any] = getattr(self, _CODED[column])
        return table.index(word) if word in table else None


class _Nesting:
    """Works out what encloses each fact while facts come in order."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._open: dict[int, list[int]] = {}  # for each enclosing fact what was opened in it and is not closed yet

    def add(self) -> None:
        index = self.index
        n = len(index.kinds) - 1
        inside = index.inside[n]
        if not 0 <= inside < n:
            inside = NONE
        opened = self._open.get(inside)
        if index.flags[n] == OPENS | LOOP and self._is_told_again(n, opened[-1] if opened else inside):
            index.flags[n] = HIDDEN
        flags = index.flags[n]
        if flags & CLOSES:
            parent = self._close(n, inside, flags)
        else:
            # A loop encloses what runs in it, also where the facts name only the function around both.
            parent = next((k for k in reversed(opened) if index.flags[k] & LOOP), inside) if opened else inside
        index.parents.append(parent)
        index.ends.append(n if flags & OPENS else NONE)
        index.frames.append(self._frame(n, parent))
        if flags & OPENS:
            self._open.setdefault(inside, []).append(n)

    def _is_told_again(self, n: int, around: int) -> bool:
        """Say whether a loop that runs is told anew, because it is of another kind than was supposed; name it so."""
        index = self.index
        while around >= 0:
            if index.flags[around] & LOOP and index.places[around] == index.places[n] != 0:
                if index.names[around] == index.names[n]:
                    return False  # a function that calls itself runs its loop inside its loop
                index.names[around] = index.names[n]
                return True
            around = index.parents[around]
        return False

    def _close(self, n: int, inside: int, flags: int) -> int:
        """Find what a fact closes, and return the fact around both."""
        index = self.index
        for around in (inside, index.inside[inside] if inside >= 0 else NONE):
            opened = self._open.get(around, [])
            for at in range(len(opened) - 1, -1, -1):
                if self._fits(opened[at], n, flags):
                    index.ends[opened[at]] = n
                    parent = index.parents[opened[at]]
                    for forgotten in opened[at + 1 :]:
                        index.ends[forgotten] = max(index.ends[forgotten], n - 1)
                    del opened[at:]
                    return parent
        return inside

    def _fits(self, opener: int, n: int, flags: int) -> bool:
        index = self.index
        if (index.flags[opener] ^ flags) & LOOP:
            return False
        return index.places[opener] == index.places[n] if flags & LOOP else index.names[opener] == index.names[n]

    def _frame(self, n: int, parent: int) -> int:
        index = self.index
        if parent < 0:
            return NONE
        if index.flags[parent] & LOOP:
            return index.frames[parent]
        # Layers of a container run on the very line that calls it: no function of the learner's lies between.
        same = index.places[n] and index.places[n] == index.places[parent]
        return index.frames[parent] if same else parent

    def finish(self) -> None:
        index = self.index
        unclosed = {n for opened in self._open.values() for n in opened}
        if not unclosed:
            return
        last = {n: index.ends[n] for n in unclosed}
        for n in range(len(index) - 1, -1, -1):
            parent = index.parents[n]
            if parent in last:
                last[parent] = max(last[parent], last.get(n, index.ends[n]), n)
        for n, end in last.items():
            index.ends[n] = end


# --- from facts and from lines ---------------------------------------------------------------------------------------


class _Word(msgspec.Struct):
    name: str = ""


class Line(msgspec.Struct):
    """What is read of a line of a record to index it, without decoding the fact."""

    fact: str
    stage: str | None = None
    place: Place | None = None
    inside: int | None = None
    what: str = ""
    function: str = ""
    kind: str = ""
    name: str = ""
    phase: str = "into"
    executed: int | None = None
    binds: tuple[str, ...] = ()
    inputs: tuple[_Word, ...] = ()
    changed: tuple[_Word, ...] = ()


def told_by_line(line: Line) -> Told:
    """Return what the index keeps of a line."""
    flags, name = HIDDEN if line.fact == "probe" else 0, line.what
    binds: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    if line.fact == "call":
        binds, uses = names_bound(line.binds), _words(line.inputs)
    elif line.fact == "scope":
        flags, name = _PHASES.get(line.phase, 0), line.function
        binds, uses = _given(name, flags, _words(line.inputs))
    elif line.fact == "loop":
        flags, name = LOOP | (OPENS if line.executed is None else CLOSES), line.kind
    elif line.fact == "data":
        binds = names_bound((line.name,))
    elif line.fact == "locals":
        binds, name = _words(line.changed), line.function
    return Told(line.fact, name, line.stage, line.place, line.inside, binds, uses, flags)


_PHASES = {"into": OPENS, "out": CLOSES}


def told_by_fact(fact: Fact) -> Told:
    """Return what the index keeps of a fact."""
    kind = str(type(fact).__struct_config__.tag)
    flags, name = HIDDEN if isinstance(fact, Probe) else 0, getattr(fact, "what", "")
    binds: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    if isinstance(fact, Call):
        binds, uses = names_bound(fact.binds), _words(fact.inputs)
    elif isinstance(fact, Scope):
        flags, name = _PHASES.get(fact.phase, 0), fact.function
        binds, uses = _given(name, flags, _words(fact.inputs))
    elif isinstance(fact, Loop):
        flags, name = LOOP | (OPENS if fact.executed is None else CLOSES), fact.kind
    elif isinstance(fact, Data):
        binds = names_bound((fact.name,))
    elif isinstance(fact, Locals):
        binds, name = _words(fact.changed), fact.function
    return Told(kind, name, fact.stage, fact.place, fact.inside, binds, uses, flags)


def _given(function: str, flags: int, words: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Say whether a function's inputs bear the names of its own parameters, or the caller's words for what a model is given."""
    if flags != OPENS:
        return (), ()
    return ((), words) if function.endswith(".forward") else (words, ())


def _words(named: Iterable[Any]) -> tuple[str, ...]:
    return tuple(item.name for item in named if item.name.isidentifier())


def names_bound(targets: tuple[str, ...]) -> tuple[str, ...]:
    """Return the variables in a list of targets: `("output", "(hidden, cell)")` gives output, hidden and cell."""
    if len(targets) == 1 and targets[0].isidentifier():
        return targets
    parts = (part.strip(" ()[]*") for target in targets for part in target.split(","))
    return tuple(part for part in parts if part and part != "_" and part.replace(".", "").isidentifier())


# --- on disk ---------------------------------------------------------------------------------------------------------


class _Saved(msgspec.Struct, frozen=True):
    version: int
    size: int
    tail: int
    count: int
    check: int
    sources: list[int]
    kind_words: list[str]
    name_words: list[str]
    stage_words: list[str | None]
    spots: list[Place | None]
    bound_words: list[tuple[str, ...]]
    used_words: list[tuple[str, ...]]
    columns: dict[str, bytes]


def encoded(index: Index, tail: bytes) -> bytes:
    """Return an index as it is kept on disk; `tail` is the end of the file that it speaks of."""
    columns = {column: _little(getattr(index, column)).tobytes() for column in _TYPES}
    tables = {table: getattr(index, table) for table in _CODED.values()}
    saved = _Saved(
        version=VERSION, size=index.size, tail=zlib.crc32(tail), count=len(index), check=_check(columns),
        sources=index.sources, columns=columns, **tables,
    )  # fmt: skip
    return msgspec.msgpack.encode(saved)


def decoded(content: bytes, size: int, tail: bytes) -> Index | None:
    """Return a kept index if it fits a file of this size and end, and None otherwise."""
    try:
        saved = msgspec.msgpack.decode(content, type=_Saved)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    if (saved.version, saved.size, saved.tail) != (VERSION, size, zlib.crc32(tail)) or set(saved.columns) != set(
        _TYPES
    ):
        return None
    if saved.check != _check(saved.columns) or not all(0 <= offset < size for offset in saved.sources):
        return None
    index = Index()
    index.size, index.sources = size, saved.sources
    for column, code in _TYPES.items():
        values = array(code)
        if len(saved.columns[column]) != saved.count * values.itemsize:
            return None
        values.frombytes(saved.columns[column])
        setattr(index, column, _little(values))
    for column, table in _CODED.items():
        words = getattr(saved, table)
        if max(getattr(index, column), default=0) >= len(words):
            return None
        setattr(index, table, words)
    return index if max(index.offsets, default=0) < size else None


def _check(columns: dict[str, bytes]) -> int:
    check = 0
    for column in sorted(columns):
        check = zlib.crc32(columns[column], check)
    return check


def _little(values: array[int]) -> array[int]:
    """Return a column in the byte order of the file (or back)."""
    if sys.byteorder == "big":
        values = array(values.typecode, values)
        values.byteswap()
    return values
