"""Branches whose choice is not known: all are run, each from the same state, and what they wrote is merged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rnnlab.reading.heap import Writes
from rnnlab.reading.running import Run

_LEFT = ("continue", "break", "return", "raise")


def either(run: Run, branches: Sequence[Callable[[], str]]) -> str:
    """Run each branch from the present state, merge what they wrote, and say how they were left.

    A branch that ends the function or raises leaves no variables behind for what follows.
    """
    ended: list[tuple[str, Writes]] = []
    grad_on = run.grad_on
    for branch in branches:
        run.heap.begin()
        run.grad_on = grad_on
        done = False
        try:
            with run.doubting():
                status = branch()
            done = True
        finally:
            writes = run.heap.undo()
            if not done:
                run.heap.merge([writes])
        ended.append((status, writes))
    run.grad_on = grad_on
    going_on = [writes for status, writes in ended if not status]
    mine = run.frame.scope.variables
    left = [
        _shared(writes, mine) if status == "return" else writes
        for status, writes in ended
        if status and status != "raise"
    ]
    stays = [status for status, _ in ended if not status]
    run.heap.merge([*going_on, *left])
    if stays:
        return ""
    statuses = [status for status, _ in ended]
    return next((status for status in _LEFT if status in statuses), "")


def aside(run: Run, branch: Callable[[], str]) -> None:
    """Look at a branch that is not the one taken: its facts are told as uncertain, and of its writes only new names stay."""
    run.heap.begin()
    grad_on, returns = run.grad_on, len(run.frame.returns)
    try:
        with run.doubting():
            branch()
    finally:
        run.heap.fill(run.heap.undo())
        run.grad_on = grad_on
        del run.frame.returns[returns:]


def _shared(writes: Writes, mine: dict[str, Any]) -> Writes:
    return {key: (store, value) for key, (store, value) in writes.items() if store is not mine}
