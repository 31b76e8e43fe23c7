"""What an explanation of an exception is made of: the decorator, the catalogue, and the words for tensors and their sizes.

An explanation is one decorated function of a record and its crash, in the file of its stage. It gives None unless the
numbers prove that it fits: a wrong explanation costs more than none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from rnnlab import sources
from rnnlab.facts import (
    Axis,
    Call,
    Crash,
    Data,
    GroupNote,
    Named,
    Note,
    PackedNote,
    Place,
    TensorNote,
    ValueNote,
    makers,
)
from rnnlab.operations import RECURRENT
from rnnlab.record import Record


@dataclass(frozen=True)
class Explanation:
    """What an exception means, at the learner's line.

    `name` says the mistake ("" where only the operands are known), `happened` the operands with their axes and sizes,
    `means` what it probably means, `next_step` what to write. `evidence` numbers the facts that prove it.
    """

    happened: str
    means: str = ""
    next_step: str = ""
    evidence: tuple[int, ...] = ()
    name: str = ""
    stage: str | None = None
    place: Place | None = None

    def text(self) -> str:
        """Return the explanation as plain lines."""
        return "\n".join(f"{head}: {text}" for head, text in self.parts() if text)

    def parts(self) -> tuple[tuple[str, str], ...]:
        """Return the three parts under the words that every view has for them."""
        return ("what happened", self.happened), ("what it means", self.means), ("what to do", self.next_step)


Explain = Callable[[Record, Crash], Explanation | None]


class Entry(NamedTuple):
    """One explanation of the catalogue: the error types and the text that it may explain, and the function."""

    name: str
    stage: str
    errors: frozenset[str]
    saying: re.Pattern[str]
    function: Explain

    def __call__(self, record: Record, crash: Crash) -> Explanation | None:
        """Return the explanation, named and placed, or None where it does not fit."""
        if crash.error not in self.errors or not self.saying.search(crash.message):
            return None
        found = self.function(record, crash)
        if found is None:
            return None
        return replace(found, name=self.name, stage=self.stage, place=found.place or crash.place)


CATALOGUE: list[Entry] = []


def explains(errors: str, saying: str = "") -> Callable[[Explain], Explain]:
    """Put a function into the catalogue under its own name; its file's name is the stage.

    Args:
        errors: names of the exceptions' types, separated by spaces.
        saying: a regular expression that must be found in the exception's text.
    """

    def register(function: Explain) -> Explain:
        stage = function.__module__.rpartition(".")[2]
        pattern = re.compile(saying)
        CATALOGUE.append(Entry(function.__name__, stage, frozenset(errors.split()), pattern, function))
        return function

    return register


# --- the learner's words -------------------------------------------------------------------------------------------


def code(record: Record, place: Place | None) -> str:
    """Return the source of an expression on one line, in backticks; "this line" where it is not known."""
    text = source(record, place)
    return f"`{text if len(text) <= 70 else text[:67] + '...'}`" if text else "this line"


def line_of(place: Place, crash: Crash) -> str:
    """Return `line 23`, and in which file or cell where that is another one than the crash's."""
    if crash.place is not None and sources.key_of(place) == sources.key_of(crash.place):
        return f"line {place.line}"
    return f"line {place.line} of {Path(place.file).name if place.cell is None else f'cell {place.cell}'}"


def source(record: Record, place: Place | None) -> str:
    """Return the whole source of an expression on one line, "" where it is not known."""
    return " ".join(sources.cut(record.text_of(place), place).split()) if place is not None else ""


def sized(shape: tuple[int | None, ...] | None, axes: tuple[Axis, ...] = ()) -> str:
    """Return `(batch=64, hid=256)`; an axis without a name is its size alone."""
    if shape is None:
        return "of unknown shape"
    named = [axes[i].name if i < len(axes) else "?" for i in range(len(shape))]
    parts = [str(size) if name == "?" else f"{name}={size}" for name, size in zip(named, shape, strict=True)]
    return f"({', '.join(parts)})"


def described(note: Note) -> str:
    """Return a value in words: its sizes and type, or what it holds."""
    if isinstance(note, TensorNote):
        return f"one number, {note.dtype}" if note.shape == () else f"{sized(note.shape, note.axes)} {note.dtype}"
    if isinstance(note, PackedNote):
        rest = sized(note.features, note.axes[1:]).strip("()")
        inside = f"(seq_len={note.seq_len}, batch={note.batch}{', ' if rest else ''}{rest})"
        return f"a packed sequence of {note.tokens or 0:,} tokens {inside}"
    if isinstance(note, GroupNote):
        return f"a {note.kind} of {len(note.items)}: {', '.join(described(item.note) for item in note.items)}"
    return f"{note.type} {note.text}".strip()


def shown(item: Named, otherwise: str = "the input") -> str:
    """Return `hidden is (batch=64, hid=256)`: a value under the learner's word for it."""
    # `*inputs` names many values at once.
    name = "" if item.name.startswith("*") else item.name
    return f"{name or otherwise} is {described(item.note)}"


def operands(crash: Crash) -> str:
    """Return all operands of the operation that failed, with axes and sizes; "" where there are none."""
    words = ["the input", "the second", "the third"]
    said = [shown(item, word) for item, word in zip(crash.inputs[:3], words, strict=False) if not _is_empty(item.note)]
    said += [
        f"{item.name or 'its weight'} is {described(item.note)}" for item in crash.parameters[:2] if not _is_bias(item)
    ]
    return ", ".join(said)


def _is_empty(note: Note) -> bool:
    return isinstance(note, ValueNote) and not note.text and not note.type


def _is_bias(item: Named) -> bool:
    return item.name.startswith("bias")


def first(items: tuple[Named, ...]) -> TensorNote | None:
    """Return the first value's note, if it is a tensor."""
    note = items[0].note if items else None
    return note if isinstance(note, TensorNote) else None


def tensor(crash: Crash, position: int) -> TensorNote | None:
    """Return the note of an operand by its position, if it is a tensor of known shape."""
    note = crash.inputs[position].note if position < len(crash.inputs) else None
    return note if isinstance(note, TensorNote) and note.shape is not None else None


def word(crash: Crash, position: int, otherwise: str) -> str:
    """Return the learner's word for an operand."""
    name = crash.inputs[position].name if position < len(crash.inputs) else ""
    return otherwise if name.startswith("*") else name or otherwise


def axis(note: TensorNote, position: int) -> str:
    """Return the name of an axis, `?` where it has none."""
    return note.axes[position].name if -len(note.axes) <= position < len(note.axes) else "?"


def expected_and_got(message: str) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Return the two sizes of `Expected hidden[0] size (2, 44, 256), got [2, 64, 256]`."""
    found = re.search(r"[Ee]xpected [\w\[\]]* ?size \(([\d, ]+)\), got [\[(]([\d, ]+)[\])]", message)
    if found is None:
        return None
    wanted, got = (tuple(int(size) for size in re.findall(r"\d+", found[i])) for i in (1, 2))
    return wanted, got


# --- what the record tells -----------------------------------------------------------------------------------------


def latest(record: Record, n: int) -> Call | None:
    """Return the latest turn of a call: loops fold, and a tensor knows the first turn that made one like it."""
    call = record.fact(n) if 0 <= n < len(record) else None
    if not isinstance(call, Call):
        return None
    alike = record.last(
        Call, what=call.what, where=lambda other: other.place == call.place and other.binds == call.binds
    )
    return alike or call


def makers_of(record: Record, note: Note | None) -> list[Call]:
    """Return the calls that made what a note describes."""
    return [call for n in sorted(makers(note)) if (call := latest(record, n)) is not None]


def history(record: Record, start: tuple[Named, ...], without: Call | None = None) -> Iterator[Call]:
    """Walk back from values to the calls that made them, nearest first, each place once; never through `without`."""
    waiting = [call for item in start for call in makers_of(record, item.note)]
    seen: set[tuple[Any, ...]] = set() if without is None else {(without.place, without.what, without.binds)}
    while waiting:
        call = waiting.pop(0)
        key = (call.place, call.what, call.binds)
        if key in seen:
            continue
        seen.add(key)
        yield call
        waiting.extend(made for item in call.inputs for made in makers_of(record, item.note))


def recurrent_calls(record: Record) -> list[Call]:
    """Return the RNN layers' calls, in order."""
    return [call for call in record.ask(Call) if call.what in RECURRENT]


def state_of(call: Call) -> TensorNote | None:
    """Return the hidden state (layers, batch, hid) that an RNN layer gave."""
    items = call.output.items if isinstance(call.output, GroupNote) else ()
    note = items[1].note if len(items) > 1 else None
    if isinstance(note, GroupNote):
        note = note.items[0].note if note.items else None
    return note if isinstance(note, TensorNote) and note.shape else None


def is_batch_first(call: Call) -> bool:
    """Say whether a layer's text says batch_first=True."""
    return "batch_first=True" in (call.layer or "")


def directions(call: Call) -> int:
    """Return 2 for a bidirectional RNN layer, else 1."""
    return 2 if "bidirectional=True" in (call.layer or "") else 1


def loader_size(record: Record) -> int | None:
    """Return the batch size of the loaders, where all that were seen have one and the same."""
    sizes = {
        int(fact.counts["batch_size"]) for fact in record.ask(Data, what="loader") if fact.counts.get("batch_size")
    }
    return sizes.pop() if len(sizes) == 1 else None


def numbers(crash: Crash, value: int) -> list[str]:
    """Return the learner's variables (no tensors) that hold a number."""
    return [item.name for item in crash.variables if isinstance(item.note, ValueNote) and _holds(item.note, value)]


def _holds(note: ValueNote, value: int) -> bool:
    return note.type == "int" and note.text == str(value)


def exceptions(crash: Crash) -> Iterator[Crash]:
    """Return the crash as each exception of its chain tells it: the last one raised first."""
    yield crash
    for cause in crash.values.get("causes", ()):
        if isinstance(cause, dict):
            place = cause.get("place")
            yield msgspec.structs.replace(
                crash,
                error=str(cause.get("error", "")),
                message=str(cause.get("message", "")),
                place=msgspec.convert(place, Place) if isinstance(place, dict) else crash.place,
            )


def version(record: Record, package: str) -> str:
    """Return the version of a package that the record was made with, "" where it does not say."""
    return record.header.versions.get(package, "")


def one_of(count: int, singular: str, plural: str = "") -> str:
    """Return `1 text` or `3 texts`."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"
