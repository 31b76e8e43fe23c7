"""Counts right answers: the sum or the mean of `answers == batch.label`, one comparison for each review of a batch.

The classes on both sides of the comparison are counted too: a model may call every review the same.

Answers with an axis of size 1 too many are compared each with each: the pairs that are equal are counted by themselves.
"""

from __future__ import annotations

from typing import Any

from rnnlab.facts import Call, Data, Fact, Place, makers
from rnnlab.watching.measuring import readable
from rnnlab.watching.recorder import Recorder


def count_answers(recorder: Recorder, place: Place, name: str, args: Any, result: Any) -> None:
    """Tally a batch's right answers in the pass that is running, if that is what a `sum` or `mean` has added up."""
    turns = recorder.loops[-1]
    if not (turns.rows and args and readable(args[0]) and readable(result)):
        return
    compared = args[0].numel()
    if result.numel() != 1 or compared not in (turns.rows, turns.rows**2):
        return
    if _compares_labels(recorder, recorder.made_by(args[0])):
        value = float(result.detach())
        right = round(value * compared) if name == "mean" else value
        if compared == turns.rows:
            turns.answered(place, right)
        else:
            turns.answered_in_a_square(place, right / turns.rows if name == "mean" else right)


def count_classes(recorder: Recorder, place: Place, args: Any) -> None:
    """Tally the classes of a batch's answers and of its labels in the pass that is running, where `eq` compares them."""
    turns = recorder.loops[-1]
    if len(args) != 2 or not all(readable(side) and side.numel() == turns.rows for side in args):
        return
    are_labels = [_is_of_a_batch(_unconverted(recorder, recorder.made_by(side))) for side in args]
    if sum(are_labels) == 1:
        labels, answers = args if are_labels[0] else reversed(args)
        turns.compared(place, answers.detach().flatten().tolist(), labels.detach().flatten().tolist())


def _compares_labels(recorder: Recorder, made_by: tuple[int, ...]) -> bool:
    call = _unconverted(recorder, made_by)
    if not isinstance(call, Call) or call.what != "eq" or len(call.inputs) != 2:
        return False
    sources = [_unconverted(recorder, tuple(makers(side.note))) for side in call.inputs]
    return any(_is_of_a_batch(source) for source in sources)


def _is_of_a_batch(fact: Fact | None) -> bool:
    return isinstance(fact, Data) and fact.what == "batch"


def _unconverted(recorder: Recorder, made_by: tuple[int, ...]) -> Fact | None:
    """Return the fact that made a tensor, looking through changes of type, device and axes of size 1."""
    fact = recorder.fact(made_by[0]) if made_by else None
    while isinstance(fact, Call) and fact.what in {"to", "squeeze", "unsqueeze", "view"} and fact.inputs:
        made = sorted(makers(fact.inputs[0].note))
        fact = recorder.fact(made[0]) if made else None
    return fact
