"""What becomes of what an RNN gives: which of its steps, layers and directions the answer is made of, and what it read."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from rnnlab.facts import Call, Data, Fact, Named, Note, PackedNote, Place, Probe, TensorNote, makers, tensors
from rnnlab.operations import LOSSES, RECURRENT
from rnnlab.record import Record
from rnnlab.rules.asking.syntax import tree_at
from rnnlab.rules.kit import Unseen, line, walk_back

# What leaves each step where it is: numbers change, axes may move, but no step is mixed with another.
KEEPS = frozenset(
    "dropout layer_norm batch_norm normalize relu tanh activation sigmoid to permute transpose t movedim "
    "pad_packed_sequence identity".split()
)
CELLS = frozenset({"lstm_cell", "gru_cell", "rnn_cell"})
_ENDS = frozenset(
    {"linear", "bilinear", "argmax", "softmax", "log_softmax", "sigmoid", "eq", "compare", "backward", *LOSSES}
)


def recurrent(record: Record) -> list[Call]:
    """Return the calls of recurrent layers.

    Raises:
        Unseen: there is none.
    """
    runs = list(record.ask(Call, where=lambda call: call.what in RECURRENT))
    if not runs:
        raise Unseen("the program ran no RNN")
    return runs


def after_the_rnn(record: Record) -> list[Call]:
    """Return the operations between the last RNN and the answer, in order: a state that is passed on is not read by them."""
    waiting = [call.n for call in record.ask(Call, where=lambda call: call.what in _ENDS)]
    seen: set[int] = set()
    while waiting:
        n = waiting.pop()
        if n in seen or not 0 <= n < len(record):
            continue
        seen.add(n)
        fact = record.fact(n)
        if isinstance(fact, Call) and fact.what not in RECURRENT | CELLS:
            waiting.extend(m for item in fact.inputs for m in makers(item.note))
    return [call for call in record.ask(Call) if call.n in seen]


def names(note: Note | None) -> list[str]:
    """Return the names of a tensor's axes."""
    return [axis.name for axis in note.axes] if isinstance(note, TensorNote | PackedNote) else []


def size(note: Note | None, axis: int) -> int | None:
    """Return the size of an axis, where it is known."""
    shape = note.shape if isinstance(note, TensorNote) else None
    return shape[axis] if shape is not None and -len(shape) <= axis < len(shape) else None


def first_tensor(call: Call) -> TensorNote | None:
    """Return the tensor that an operation reads first, if its axes are known."""
    note = call.inputs[0].note if call.inputs else None
    return note if isinstance(note, TensorNote) and note.shape is not None else None


def is_hidden(note: Note | None) -> bool:
    """Say whether a tensor is an RNN's final state (of all layers): its layers stand first."""
    return bool(found := names(note)) and found[0].startswith("layers")


def is_two_way(call: Call) -> bool | None:
    """Say whether an RNN reads in both directions; None where that is not known."""
    said = call.values.get("bidirectional")
    if isinstance(said, bool):
        return said
    found = [names(note) for note in tensors(call.output)]
    return any("layers*directions" in one for one in found) if any("layers" in "".join(one) for one in found) else None


def reads_batch_first(call: Call) -> bool | None:
    """Say whether an RNN takes the first axis for the batch; None where that is not known."""
    said = call.values.get("batch_first")
    if isinstance(said, bool):
        return said
    outputs = [names(note) for note in tensors(call.output) if not is_hidden(note) and len(names(note)) == 3]
    hidden = [names(note) for note in tensors(call.output) if is_hidden(note) and len(names(note)) == 3]
    if not outputs or not hidden or "?" in (hidden[0][1], *outputs[0][:2]) or outputs[0][0] == outputs[0][1]:
        return None
    return outputs[0][0] == hidden[0][1]


def is_viewed_batch_first(record: Record, call: Call) -> bool:
    """Say whether a whole final state of a `batch_first` RNN is cut into rows, of (batch, anything), by view or reshape."""
    note = first_tensor(call)
    if call.what != "view" or note is None or not is_hidden(note) or len(note.made_by) != 1 or size(note, 0) == 1:
        return False
    run = record.fact(note.made_by[0])
    came = tensors(call.output)
    if not isinstance(run, Call) or run.what not in RECURRENT or reads_batch_first(run) is not True:
        return False
    return len(came) == 1 and came[0].shape is not None and len(came[0].shape) == 2


def layers_of(call: Call) -> int | None:
    """Return how many layers an RNN has, where that is known."""
    said = call.values.get("num_layers")
    if isinstance(said, int) and not isinstance(said, bool):
        return said
    rows = [size(note, 0) for note in tensors(call.output) if is_hidden(note)]
    two_way = is_two_way(call)
    return rows[0] // (2 if two_way else 1) if rows and rows[0] is not None and two_way is not None else None


def behind_steps(record: Record, note: Note | None) -> Call | None:
    """Return the RNN whose output, step by step, a tensor is: looked through whatever leaves each step where it is."""
    for _ in range(16):
        if note is None or any(name.startswith("layers") for name in names(note)):
            return None
        calls = [fact for n in sorted(makers(note)) if isinstance(fact := record.fact(n), Call)]
        if len(calls) != 1:
            return None
        if calls[0].what in RECURRENT:
            return calls[0]
        if calls[0].what not in KEEPS or not calls[0].inputs:
            return None
        note = calls[0].inputs[0].note
    return None


def reads_of(calls: Iterable[Call], run: Call) -> Iterator[tuple[Call, TensorNote]]:
    """Return the operations that read something which an RNN gave, each with what it read."""
    for call in calls:
        for item in call.inputs:
            for note in tensors(item.note):
                if run.n in note.made_by and call.n != run.n:
                    yield call, note


def readers(calls: Iterable[Call], call: Call) -> list[Call]:
    """Return the operations that read what another one gave."""
    return [one for one in calls if any(call.n in makers(item.note) for item in one.inputs)]


# --- indices -------------------------------------------------------------------------------------------------------


def keys_of(call: Call, rank: int) -> list[object]:
    """Return the keys of an indexing, one for each axis of what is indexed; whole axes are `:`."""
    keys = [key for key in call.values.get("index", ()) if key != "NoneType"]
    if "ellipsis" in keys:
        at = keys.index("ellipsis")
        keys[at : at + 1] = [":"] * (rank - len(keys) + 1)
    return [*keys, *[":"] * (rank - len(keys))]


def number_at(call: Call, axis: int, rank: int) -> int | None:
    """Return the number by which an indexing or a selection reads along an axis; None where it takes no single place there."""
    dim, index = call.values.get("dim"), call.values.get("index")
    if call.what == "select" and isinstance(index, int):
        return index if isinstance(dim, int) and dim % rank == axis else None
    keys = keys_of(call, rank) if call.what in ("index", "select") else []
    key = keys[axis] if axis < len(keys) else None
    return key if isinstance(key, int) and not isinstance(key, bool) else None


def is_last(number: int | None, of: int | None) -> bool:
    """Say whether an index means the last place of an axis."""
    return number is not None and (number == -1 or (of is not None and of > 1 and number == of - 1))


def slice_at(record: Record, call: Call, axis: int, rank: int) -> tuple[str, str] | None:
    """Return the written bounds of a slice along an axis, ("", "") for a whole axis; None where it cannot be told."""
    tree = tree_at(record, call.place)
    if not isinstance(tree, ast.Subscript):
        return None
    written = list(tree.slice.elts) if isinstance(tree.slice, ast.Tuple) else [tree.slice]
    dots = [i for i, one in enumerate(written) if isinstance(one, ast.Constant) and one.value is Ellipsis]
    for i in dots[:1]:
        written[i : i + 1] = [ast.Slice()] * (rank - len(written) + 1)
    key = written[axis] if axis < len(written) else ast.Slice()
    if not isinstance(key, ast.Slice):
        return None
    return tuple(ast.unparse(bound) if bound is not None else "" for bound in (key.lower, key.upper))  # type: ignore[return-value]


# --- batches -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Padding:
    """On which side reviews were filled up, which fact shows it, and whether it was followed all the way from there."""

    side: Literal["right", "left", "none"]
    fact: Fact
    is_followed: bool = True


_FILLING = ("pad_sequence", "pad_sequences", "pad_list", "pad", "__setitem__")


def padding_behind(record: Record, start: tuple[Named, ...]) -> Padding | None:
    """Return how the reviews that something was made of were filled up; None where that was not seen.

    Who puts reviews of equal lengths into a batch does so by a sampler, and a batch of one review has no padding: `none`.
    Where the way from a batch back to its padding was lost, it is enough that the program fills up on one side only.
    """
    batch = None
    for fact in walk_back(record, start):
        if isinstance(fact, Call) and fact.what == "flip":
            return None
        if isinstance(fact, Data) and fact.what == "batch":
            batch = fact
            break
        if isinstance(fact, Call) and (side := _filled(fact)) is not None:
            return Padding(side, fact)
    if batch is None:
        return None
    return _padding_of(record, batch)


def _filled(call: Call) -> Literal["right", "left"] | None:
    """Return the side on which an operation fills up, if it does."""
    if call.what not in _FILLING:
        return None
    if call.what == "__setitem__":
        bounds = call.values.get("bounds") or [[None, None]]
        lower, upper = bounds[-1] if bounds[-1] != [None, None] else bounds[0]
        if lower in (None, "0") and upper is not None:
            return "right"
        return "left" if upper is None and lower is not None else None
    side = call.values.get("padding_side")
    return side if side in ("right", "left") else None


def _padding_of(record: Record, batch: Data) -> Padding | None:
    if batch.seen_by != "source":
        if batch.stand_in or "ending_in_padding" not in batch.counts:
            return None
        return Padding("right" if counts_of(record, batch)["ending_in_padding"] else "none", batch)
    loaders = [fact for fact in record.ask(Data, what="loader") if fact.id in batch.made_from]
    if any("sampler" in fact.samples or fact.counts.get("batch_size") == 1 for fact in loaders):
        return Padding("none", batch)
    tensors_in = [tensor for tensor in batch.samples.values() if isinstance(tensor, dict)]
    sides = {tensor["padding"] for tensor in tensors_in if "padding" in tensor}
    if sides:
        known: tuple[Literal["right", "left"], ...] = ("right", "left")
        return next((Padding(one, batch) for one in known if sides == {one}), None)
    fillings = [call for call in record.ask(Call) if call.what != "__setitem__" and _filled(call) is not None]
    if any(record.ask(Call, what="flip")):
        return None  # turned round, the padding stands in front
    everywhere: set[Literal["right", "left"] | None] = {_filled(call) for call in fillings}
    side = everywhere.pop() if len(everywhere) == 1 else None
    return Padding(side, fillings[0], is_followed=False) if side is not None else None


def counts_of(record: Record, batch: Data) -> dict[str, float]:
    """Return the counts of the first whole pass over a batch's loader, or of the batch where no pass was ended."""
    passes = (fact for fact in record.ask(Data) if fact.what.endswith(" pass") and fact.made_from == batch.made_from)
    return next((one.counts for one in passes if "ending_in_padding" in one.counts), batch.counts)


# --- probes --------------------------------------------------------------------------------------------------------


def probe(record: Record, what: str, place: Place | None = None, **given: object) -> Probe | None:
    """Return the first experiment of this kind with these conditions, on a model in the file of a place."""

    def fits(fact: Probe) -> bool:
        same_file = place is None or fact.place is None or fact.place.file == place.file
        return same_file and all(fact.given.get(key) == value for key, value in given.items())

    return record.first(Probe, what=what, where=fits)


# --- words ---------------------------------------------------------------------------------------------------------


def line_elsewhere(fact: Fact, here: Place | None) -> str:
    """Return `line 41`, or `data.py, line 41` where that is not the file of a place."""
    if fact.place is None or here is None or fact.place.file == here.file:
        return line(fact)
    return f"{fact.place.file.replace(chr(92), '/').rpartition('/')[2]}, {line(fact)}"


def axes_in_words(note: Note | None) -> str:
    """Return a tensor's axes as `(seq_len, batch, hid)`, sizes shown where they are known; an axis without a name is its size."""
    found = names(note)
    sizes = [size(note, i) for i in range(len(found))]
    shown = [
        name if known is None else str(known) if name == "?" else f"{name} {known}"
        for name, known in zip(found, sizes, strict=True)
    ]
    return f"({', '.join(shown)})"


def once(pairs: Iterable[tuple[Call, object]]) -> Iterator[tuple[Call, object]]:
    """Return the first of the pairs for each place."""
    seen: set[Place | None] = set()
    for call, other in pairs:
        if call.place not in seen:
            seen.add(call.place)
            yield call, other


def makers_in(call: Call) -> set[int]:
    """Return the facts that made what an operation reads."""
    return {n for item in call.inputs for n in makers(item.note)}
