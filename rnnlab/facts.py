"""What can be seen in a program: frozen plain data, with no tensor, module or frame in it.

A *fact* is one thing that a witness saw (`seen_by` a run, the source or a probe). All facts have a serial number `n`,
a `place` in the learner's source, the `stage` they belong to and the number of the fact that encloses them (`inside`).
The classes are msgspec structs, so that each has one checked JSON form and a foreign record can be read without trust.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Witness = Literal["run", "source", "probe"]
WITNESSES: tuple[Witness, ...] = ("run", "probe", "source")  # the most certain first
AxisSource = Literal["declared", "probed", "propagated", "unknown"]


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """A span of source: lines count from 1, columns from 0, as in Python's own syntax trees."""

    file: str
    line: int
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    cell: int | None = None


class Axis(msgspec.Struct, frozen=True, array_like=True):
    """The name of one axis and where the name comes from; an unknown axis is called `?`."""

    name: str = "?"
    source: AxisSource = "unknown"


class TensorNote(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="note", tag="tensor"):
    """A tensor as it was at one moment. `shape` is None when unknown, a size may be None as well.

    `made_by` numbers every fact that may have made the tensor: a run gives one, reading may give several.
    """

    shape: tuple[int | None, ...] | None
    axes: tuple[Axis, ...] = ()
    dtype: str = ""
    device: str = "cpu"
    made_by: tuple[int, ...] = ()


class PackedNote(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="note", tag="packed"):
    """A PackedSequence: its real tokens, and the padded rectangle that they came from; a size is None where it is not known."""

    tokens: int | None
    seq_len: int | None
    batch: int | None
    features: tuple[int | None, ...] = ()
    axes: tuple[Axis, ...] = ()
    dtype: str = ""
    device: str = "cpu"
    made_by: tuple[int, ...] = ()


class ValueNote(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="note", tag="value"):
    """Anything that is not a tensor: its type's name and a short text."""

    type: str
    text: str = ""


class GroupNote(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="note", tag="group"):
    """A tuple, list or dict of notes, such as an LSTM's `(output, (hidden, cell))`."""

    kind: str
    items: tuple[Named, ...] = ()


Note = TensorNote | PackedNote | ValueNote | GroupNote


class Named(msgspec.Struct, frozen=True, omit_defaults=True):
    """A note under the learner's own word for it."""

    name: str
    note: Note


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="fact"):
    """One thing seen. `certain` is false where it holds on some paths only (reading) or was guessed (never by a run)."""

    n: int = -1
    place: Place | None = None
    stage: str | None = None
    seen_by: Witness = "run"
    inside: int | None = None
    certain: bool = True


class Scope(Fact, frozen=True, tag="scope"):
    """A function of the learner's (or one of the thirteen stages) was entered (`into`), left (`out`) or stepped `over`."""

    function: str
    phase: Literal["into", "out", "over"] = "into"
    inputs: tuple[Named, ...] = ()
    output: Note | None = None
    seconds: float | None = None
    times: int = 1


class Call(Fact, frozen=True, tag="call"):
    """One operation that the learner wrote, with library internals folded into it.

    `what` is the operation's name in `rnnlab.operations`; `binds` the variables its result was assigned to; `values` what
    was measured for a rule; `times` how many equal calls this fact stands for (loops fold). Where gradients were asked for,
    `gradient` is the norm of the gradient that reached the result in the backward pass, and None if none arrived.
    """

    what: str
    inputs: tuple[Named, ...] = ()
    output: Note | None = None
    binds: tuple[str, ...] = ()
    values: dict[str, Any] = {}
    layer: str | None = None
    grad_on: bool | None = None
    training: bool | None = None
    times: int = 1
    gradient: float | None = None
    gradient_asked: bool = False


class Data(Fact, frozen=True, tag="data"):
    """A table, dataset, split, vocabulary, label map, loader, batch, metric, weights or checkpoint.

    `id` stays the same for the same object, `made_from` holds the ids of its parents, `counts` its sizes and `samples` a
    few of its contents. `stand_in` is true where the real data were not there.
    """

    what: str
    id: int
    name: str = ""
    made_from: tuple[int, ...] = ()
    counts: dict[str, float] = {}
    samples: dict[str, Any] = {}
    stand_in: bool = False


class Loop(Fact, frozen=True, tag="loop"):
    """A loop's turns: how many were declared and how many were executed; `over` is the id of the loader, if any.

    `shortened` is true where a dry run ended the loop before the program would have.
    """

    kind: str
    index: int = 0
    declared: int | None = None
    executed: int | None = None
    over: int | None = None
    shortened: bool = False


class Probe(Fact, frozen=True, tag="probe"):
    """An experiment on a model: what was given and what was seen."""

    what: str
    given: dict[str, Any] = {}
    seen: dict[str, Any] = {}


class Said(Fact, frozen=True, tag="said"):
    """Text that the program printed.

    Source alone knows no values: the text then has `{}` for each of the `values`, whose notes say what made them, and
    `made_from` holds for each of them the identities of the data behind it.
    """

    text: str
    values: tuple[Named, ...] = ()
    made_from: tuple[tuple[int, ...], ...] = ()


class Locals(Fact, frozen=True, tag="locals"):
    """What the line at `place` changed among the variables that are no tensors (watched line by line, on request).

    Where the line ran often, its last change stands for `times` of them.
    """

    changed: tuple[Named, ...] = ()
    function: str = ""
    times: int = 1


class Instead(Fact, frozen=True, tag="instead"):
    """Something that the program asked for was not there (any more), and something else was done.

    `kind` says why: a `bridge` from an old library to today's, a `stand-in` for missing data or packages, a line that was
    `skipped`, a loop that was `shortened`. `what` is what was asked for, `done` what was done, `today` what to write today.
    """

    kind: Literal["bridge", "stand-in", "skipped", "shortened"]
    what: str
    done: str
    today: str = ""


class Crash(Fact, frozen=True, tag="crash"):
    """An exception that left the program (or one cell of it), at the learner's line.

    Where torch raised it, `what` is the operation, `layer` the layer's text, `inputs` what it was given and `parameters`
    the weights that it holds; `values` holds what was measured of them (the largest index, the lengths). `variables` are
    the tensors that the learner's function held, and `through` the learner's calls that led here, outermost first.
    """

    error: str
    message: str = ""
    what: str = ""
    layer: str | None = None
    inputs: tuple[Named, ...] = ()
    parameters: tuple[Named, ...] = ()
    variables: tuple[Named, ...] = ()
    values: dict[str, Any] = {}
    through: tuple[Place, ...] = ()


class Gap(Fact, frozen=True, tag="gap"):
    """Something a witness could not follow: a rule about absence answers `unseen` in its reach."""

    what: str
    why: str = ""


AnyFact = Scope | Call | Data | Loop | Probe | Said | Locals | Instead | Crash | Gap


def tensors(note: Note | None) -> list[TensorNote]:
    """Return every tensor note inside a note, in order."""
    if isinstance(note, TensorNote):
        return [note]
    if isinstance(note, GroupNote):
        return [tensor for item in note.items for tensor in tensors(item.note)]
    return []


def makers(note: Note | None) -> set[int]:
    """Return the numbers of the facts that may have made any tensor or packed sequence inside a note."""
    if isinstance(note, GroupNote):
        return {n for item in note.items for n in makers(item.note)}
    return set(note.made_by) if isinstance(note, TensorNote | PackedNote) else set()
