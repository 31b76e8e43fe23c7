"""What a loss was given: which operation made its scores, looked through everything that only moves numbers about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rnnlab.facts import Call, Fact, Gap, Named, Note, Place, makers
from rnnlab.record import Record
from rnnlab.rules.kit import Unseen

# What leaves each number as it is: axes are moved, added and dropped, types and devices change.
_MOVES = frozenset(
    "squeeze unsqueeze view flatten to permute transpose t expand index select movedim cat stack identity".split()
)


@dataclass(frozen=True)
class Origin:
    """What made the numbers of a value: the operations, and whether every path to them was seen."""

    calls: tuple[Call, ...]
    is_whole: bool

    def all_are(self, *names: str) -> bool:
        """Say whether every operation that may have made it is one of these."""
        return bool(self.calls) and self.is_whole and all(call.what in names for call in self.calls)

    def some_are(self, *names: str) -> list[Call]:
        """Return those of the operations that are one of these."""
        return [call for call in self.calls if call.what in names]


def origin(record: Record, note: Note | None) -> Origin:
    """Return the operations that made the numbers of a value, nearest first."""
    waiting, seen, whole = sorted(makers(note)), set[int](), bool(makers(note))
    found: list[Call] = []
    while waiting:
        n = waiting.pop(0)
        if n in seen or not 0 <= n < len(record):
            continue
        seen.add(n)
        fact: Fact = record.fact(n)
        if not isinstance(fact, Call):
            whole = False  # a batch: its numbers were not made by the model
        elif fact.what in _MOVES and fact.inputs:
            behind = [m for item in fact.inputs for m in makers(item.note)]
            whole = whole and bool(behind)
            waiting += sorted(behind)
        else:
            found.append(fact)
    return Origin(tuple(found), whole)


def losses(record: Record, *names: str) -> list[Call]:
    """Return the calls of these losses, one for each place.

    Raises:
        Unseen: there is none, and something that may hide one could not be followed.
    """
    found = list({call.place: call for call in record.ask(Call, where=lambda call: call.what in names)}.values())
    if not found and (gap := record.first(Gap, where=lambda gap: gap.seen_by != "probe")) is not None:
        raise Unseen(f"no {' or '.join(names)} was seen, and not everything was: {gap.why}")
    return found


def scores(loss: Call) -> Named | None:
    """Return what a loss reads as the model's answer."""
    return loss.inputs[0] if loss.inputs else None


def once_each(places: list[tuple[Place | None, Call, Call]]) -> Iterator[tuple[Call, Call]]:
    """Return pairs of calls, the first one of each place alone."""
    seen: set[Place | None] = set()
    for place, one, other in places:
        if place not in seen:
            seen.add(place)
            yield one, other


def classes_of(origin: Origin) -> int | None:
    """Return how many outputs the layer has that made the scores, where one number is known."""
    found = {call.values.get("out_features") for call in origin.calls if call.what == "linear"}
    sizes = {size for size in found if isinstance(size, int)}
    return sizes.pop() if len(sizes) == len(found) == 1 else None


def written_at(record: Record, call: Call) -> Place | None:
    """Return the line of an operation: where its layer was made, if the call itself does not name it."""
    made = call.values.get("made")
    if not isinstance(made, int) or not 0 <= made < len(record) or call.place is None:
        return call.place
    named = call.what.replace("_", "") in record.line(call.place).replace("_", "").lower()
    return call.place if named else record.fact(made).place
