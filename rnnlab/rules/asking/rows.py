"""Which rows of an RNN's final state, (layers*directions, batch, hid), the answer is made of."""

from __future__ import annotations

from dataclasses import dataclass

from rnnlab.facts import Call, TensorNote
from rnnlab.operations import RECURRENT
from rnnlab.record import Record
from rnnlab.rules.asking.states import after_the_rnn, is_hidden, number_at, reads_of


@dataclass(frozen=True)
class States:
    """The rows of one run of an RNN that are read, by which operations, under which word.

    `rows` is None where the state is read as a whole or by something else than a number. `output_is_read` says that the
    output of the steps goes on to the answer too.
    """

    run: Call
    calls: tuple[Call, ...]
    rows: frozenset[int] | None
    name: str
    output_is_read: bool


def states_read(record: Record) -> list[States]:
    """Return what is read of each RNN's final state, where anything is."""
    calls = after_the_rnn(record)
    found = []
    for run in (call for call in calls if call.what in RECURRENT):
        reads = list(reads_of(calls, run))
        hidden = [(call, note) for call, note in reads if is_hidden(note) and call.what not in RECURRENT]
        if hidden:
            found.append(_states(run, hidden, any(not is_hidden(note) for _, note in reads)))
    return found


def _states(run: Call, reads: list[tuple[Call, TensorNote]], output_is_read: bool) -> States:
    rows = [_row(call, note) for call, note in reads]
    known = None if any(row is None for row in rows) else frozenset(row for row in rows if row is not None)
    name = next((item.name for item in reads[0][0].inputs if item.name), "hidden")
    return States(run, tuple(call for call, _ in reads), known, name, output_is_read)


def _row(call: Call, note: TensorNote) -> int | None:
    return number_at(call, 0, len(note.axes)) if call.what in ("index", "select") else None
