"""What the program reads of an RNN's result: which step, which layer, which direction reaches its answer."""

from __future__ import annotations

from collections.abc import Iterator

from rnnlab.facts import Call, GroupNote, PackedNote, TensorNote, makers, tensors
from rnnlab.operations import LOSSES, RECURRENT
from rnnlab.record import Record
from rnnlab.rules.kit import walk_back


def recurrent(record: Record) -> list[Call]:
    """Return the calls of recurrent layers that reach a linear layer or a loss, the first of each place."""
    used = behind_answers(record)
    calls = record.ask(Call, where=lambda call: call.what in RECURRENT and call.n in used)
    found: dict[object, Call] = {}
    for call in calls:
        found.setdefault(call.place, call)
    return list(found.values())


def behind_answers(record: Record) -> set[int]:
    """Return every operation on the way to a linear layer or a loss: what is only looked at does not count."""
    ends = list(record.ask(Call, where=lambda call: call.what == "linear" or call.what in LOSSES))
    return {end.n for end in ends} | {fact.n for end in ends for fact in walk_back(record, end.inputs)}


# What hands a result on with the axes that it has.
_HANDS_ON = frozenset("pad_packed_sequence dropout to layer_norm tanh relu activation identity".split())


def users(record: Record, rnn: Call) -> list[tuple[Call, TensorNote]]:
    """Return the operations that read a result of an RNN and reach the answer, with the note of what they read."""
    used = behind_answers(record)
    results, found = {rnn.n}, []
    for call in record.ask(Call, where=lambda call: call.n in used and call.n > rnn.n):
        notes = [note for item in call.inputs for note in _notes(item.note) if results.intersection(note.made_by)]
        if notes and call.what in _HANDS_ON:
            results.add(call.n)
        found += [(call, note) for note in notes if isinstance(note, TensorNote) and call.what not in _HANDS_ON]
    return found


def _notes(note: object) -> list[TensorNote | PackedNote]:
    if isinstance(note, PackedNote):
        return [note]
    return list(tensors(note)) if isinstance(note, TensorNote | GroupNote) else []


def is_state(note: TensorNote) -> bool:
    """Say whether a note is of a hidden or cell state, (layers, batch, hid), and not of the output."""
    return bool(note.axes) and note.axes[0].name.startswith("layers")


def rows(found: list[tuple[Call, TensorNote]]) -> list[tuple[Call, int]] | None:
    """Return the rows of the states that are read, by number; None where a state is read in any other way as well."""
    read: list[tuple[Call, int]] = []
    for call, note in found:
        if not is_state(note):
            continue
        keys = call.values.get("index") if call.what in ("index", "select") else None
        first = keys[0] if keys else None
        if not isinstance(first, int) or isinstance(first, bool):
            return None
        read.append((call, first))
    return read


def keys(call: Call, note: TensorNote) -> Iterator[tuple[str, object]]:
    """Return each axis that an index names, with what it asks of it."""
    given = call.values.get("index", []) if call.what in ("index", "select") else []
    yield from zip((axis.name for axis in note.axes), given, strict=False)


def is_packed(rnn: Call) -> bool:
    """Say whether an RNN read a packed sequence."""
    return bool(rnn.inputs) and isinstance(rnn.inputs[0].note, PackedNote)


def options(rnn: Call) -> dict[str, object]:
    """Return what is known of an RNN layer: from its values, or from its text in a run."""
    text = rnn.layer or ""
    return {
        "bidirectional": rnn.values.get("bidirectional", "bidirectional=True" in text or None),
        "batch_first": rnn.values.get("batch_first", "batch_first=True" in text),
        "num_layers": rnn.values.get("num_layers", _number(text, "num_layers=")),
        "dropout": rnn.values.get("dropout", _number(text, "dropout=")),
    }


def _number(text: str, word: str) -> float:
    found = text.partition(word)[2].partition(",")[0].rstrip(")")
    return float(found) if found.replace(".", "", 1).isdigit() else (1 if word == "num_layers=" else 0)


def has_group(call: Call) -> bool:
    """Say whether a call gave a tuple, as an RNN layer does."""
    return isinstance(call.output, GroupNote)


def made_by(record: Record, call: Call) -> list[Call]:
    """Return the calls that made what a call was given."""
    numbers = sorted({n for item in call.inputs for n in makers(item.note)})
    return [fact for n in numbers if 0 <= n < len(record) and isinstance(fact := record.fact(n), Call)]
