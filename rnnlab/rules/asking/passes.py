"""The passes over batches: which train, which evaluate, and what happened in each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rnnlab.facts import Call, Data, Fact, Loop, Place
from rnnlab.operations import RECURRENT, UNKNOWN_MODEL
from rnnlab.record import Record
from rnnlab.rules.kit import walk_back

MODEL = frozenset({*RECURRENT, "linear", "embedding", "lstm_cell", "gru_cell", "rnn_cell", UNKNOWN_MODEL})


@dataclass(frozen=True)
class Pass:
    """One pass over batches: how it ended (`training` or `evaluation`), where it stands, and the facts in it."""

    kind: str
    place: Place | None
    begin: int
    end: int
    over: int | None
    numbers: tuple[int, ...]

    def calls(self, record: Record, *names: str) -> list[Call]:
        """Return the calls in it, of these operations if any are named, in order."""
        facts = (record.fact(n) for n in self.numbers)
        return [fact for fact in facts if isinstance(fact, Call) and (not names or fact.what in names)]


def passes(record: Record, kind: str = "") -> list[Pass]:
    """Return the passes of a record in order; what belongs to a pass inside another one is not the outer one's."""
    wanted = (kind,) if kind else ("training", "evaluation")
    return [one for one in loops(record, "training", "evaluation") if one.kind in wanted]


def loops(record: Record, *kinds: str) -> list[Pass]:
    """Return the loops that ended as one of these kinds, in order; what is in an inner one is not the outer one's."""
    found: list[Pass] = []
    open_: list[Loop] = []
    taken: set[int] = set()
    for loop in record.ask(Loop):
        if loop.executed is None:
            open_.append(loop)
            continue
        begin = next((one for one in reversed(open_) if one.place == loop.place), None)
        if begin is None:
            continue
        del open_[open_.index(begin) :]
        if loop.kind in kinds:
            numbers = tuple(n for n in range(begin.n + 1, loop.n) if n not in taken)
            taken.update(range(begin.n, loop.n + 1))
            found.append(Pass(loop.kind, loop.place or begin.place, begin.n, loop.n, loop.over, numbers))
    return found


def counted_in(record: Record, one: Pass) -> Data | None:
    """Return what was counted in a pass: a run tells it right after the pass's end."""
    told = record.fact(one.end + 1) if one.end + 1 < len(record) else None
    return told if isinstance(told, Data) and told.what == f"{one.kind} pass" else None


def trained_later(record: Record) -> set[int]:
    """Return the calls of passes that train nothing by themselves, whose sum of losses a later backward() goes through."""
    asked = [call for call in record.ask(Call, what="backward") if call.inputs]
    inside = {n for one in passes(record, "evaluation") for n in one.numbers}
    return {fact.n for call in asked for fact in walk_back(record, call.inputs)} & inside if inside else set()


def acts_in_training(call: Call) -> bool:
    """Say whether a call does something else in training mode than in evaluation: dropout, or a norm over the batch."""
    if call.what == "batch_norm":
        return True
    if call.what == "dropout":
        # A function has its own switch, which eval() does not reach.
        return call.layer is not None and call.values.get("p") != 0
    if call.what in RECURRENT:
        rate, layers = call.values.get("dropout"), call.values.get("num_layers", 1)
        if isinstance(rate, int | float):
            return rate > 0 and layers != 1
        return "dropout=" in (call.layer or "") and "dropout=0.0" not in (call.layer or "")
    return False


def model_calls(calls: list[Call]) -> list[Call]:
    """Return the calls of layers that a model's answer goes through."""
    return [call for call in calls if call.what in MODEL or acts_in_training(call)]


def outside(record: Record, found: list[Pass]) -> Iterator[Fact]:
    """Return the facts that lie in no pass."""
    inside = {n for one in found for n in range(one.begin, one.end + 1)}
    return (fact for fact in record if fact.n not in inside)


def loader_of(record: Record, one: Pass) -> Data | None:
    """Return the loader that a pass went over."""
    return next(record.ask(Data, what="loader", where=lambda fact: fact.id == one.over), None)


def is_one_batch(record: Record, one: Pass) -> bool:
    """Say whether a pass may be a single batch, which holds all reviews."""
    loader = loader_of(record, one)
    if loader is None:
        return has_text(record, "batch_size=len(")
    size, examples = loader.counts.get("batch_size"), loader.counts.get("examples")
    is_its_length = str(loader.samples.get("batch_size", "")).startswith("= len(")
    return is_its_length or bool(size and examples and size >= examples)


def has_text(record: Record, *pieces: str) -> bool:
    """Say whether any of the program's files holds one of these pieces of source."""
    return any(piece in text for text in record.sources.values() for piece in pieces)
