"""Evaluations that a run has counted: how many reviews, how many right answers, how many classes on either side."""

from __future__ import annotations

from dataclasses import dataclass

from rnnlab.facts import Place
from rnnlab.record import Record
from rnnlab.rules.asking.passes import counted_in, passes


@dataclass(frozen=True)
class Answered:
    """One evaluation: `called` classes were answered, the labels name `there`; `commonest` reviews have the commonest one."""

    place: Place | None
    over: int
    rows: float
    right: float
    called: float
    there: float
    commonest: float
    evidence: tuple[int, ...]


def answered(record: Record) -> list[Answered]:
    """Return the last evaluation of each loop and loader whose answers and labels a run has counted.

    What it says of the epochs before, while the model had not learnt yet, is no mistake.
    """
    found: dict[tuple[Place | None, int], Answered] = {}
    for one in passes(record, "evaluation"):
        told = counted_in(record, one)
        if told is None or one.over is None:
            continue
        if told.seen_by == "run" and {"correct", "classes_called"} <= set(told.counts):
            sizes = (told.counts[name] for name in ("rows", "correct", "classes_called", "classes_there", "commonest"))
            found[one.place, one.over] = Answered(one.place, one.over, *sizes, evidence=(told.n,))
    return list(found.values())
