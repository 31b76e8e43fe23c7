"""Predictions: calls of a model that belong to no pass over batches."""

from __future__ import annotations

from collections.abc import Iterator

from rnnlab.facts import Call, Data, Named, Scope, TensorNote, makers
from rnnlab.operations import RECURRENT
from rnnlab.record import Record
from rnnlab.rules.asking.inside import around
from rnnlab.rules.asking.passes import loops
from rnnlab.rules.kit import Unseen, walk_back


def predictions(record: Record) -> list[Scope]:
    """Return the calls of models outside the passes over batches, in order.

    Raises:
        Unseen: source shows none.
    """
    inside = {n for one in loops(record, "training", "evaluation") for n in range(one.begin, one.end + 1)}
    found = [
        scope
        for scope in record.ask(Scope, where=lambda scope: scope.phase != "out" and scope.n not in inside)
        if scope.function.rpartition(".")[2] == "forward" and not _gives_a_batch(record, scope)
    ]
    if not found:
        raise Unseen("no prediction was seen: no model was called outside the passes over batches")
    if all(scope.seen_by == "run" for scope in found):
        raise Unseen("a run does not name the axes of what a prediction gives its model")
    return found


def _gives_a_batch(record: Record, scope: Scope) -> bool:
    """Say whether what a model is given came out of a loader."""
    return any(isinstance(fact, Data) and fact.what == "batch" for fact in walk_back(record, scope.inputs[1:]))


def calls_in(record: Record, scope: Scope, *names: str) -> list[Call]:
    """Return the operations of these names in a call of a model, however deep."""
    asked = record.ask(Call, where=lambda call: call.what in names)
    return [call for call in asked if any(one.n == scope.n for one in around(record, call))]


def trained_at_the_same_place(record: Record, call: Call) -> list[Call]:
    """Return the same operation where the model is trained, before the prediction or wherever it stands."""
    trained = {n for one in loops(record, "training") for n in one.numbers}
    return [one for one in record.ask(Call, what=call.what) if one.place == call.place and one.n in trained]


def rank(item: Named) -> int | None:
    """Return how many axes a tensor has, where that is known."""
    note = item.note
    return len(note.shape) if isinstance(note, TensorNote) and note.shape is not None else None


def made_through(record: Record, item: Named) -> Iterator[Call]:
    """Return the calls that made what a model is given, nearest first, looked through moves between devices and types."""
    waiting = sorted(makers(item.note))
    while waiting:
        n = waiting.pop(0)
        fact = record.fact(n) if 0 <= n < len(record) else None
        if not isinstance(fact, Call):
            continue
        yield fact
        if fact.what == "to":
            waiting += sorted(m for one in fact.inputs for m in makers(one.note))


def rnns_in(record: Record, scope: Scope) -> list[Call]:
    """Return the calls of recurrent layers in a call of a model."""
    return calls_in(record, scope, *RECURRENT)
