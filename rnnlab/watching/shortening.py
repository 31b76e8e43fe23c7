"""Dry runs: how many turns of a loop are run, and what is said of the turns that are not.

Loaders, epoch loops and loops that run the model are ended early; `len(loader)`, `range` and every other value stay what they
were, and so do the line numbers.
"""

from __future__ import annotations

from rnnlab.facts import Instead
from rnnlab.watching.turns import Turns

# Turns of each kind that a dry run runs. Of other loops every turn is run: they may be over phases, models or files.
LIMITS = {"batches": 3, "epochs": 2, "rounds": 2, "turns": 3}
# What a check runs: enough to see every line once, and the second epoch after the first evaluation.
BRIEF = {"batches": 1, "epochs": 2, "rounds": 1, "turns": 2}
_WORDS = {
    "batches": "batches of this pass",
    "epochs": "epochs",
    "rounds": "rounds of training",
    "turns": "turns of this loop",
}


def is_enough(turns: Turns, limits: dict[str, int]) -> bool:
    """Say whether a loop that would go on has run as many turns as it may."""
    if not limits:
        return False
    kind = turns.kind if turns.settled else "turns"
    if kind == "turns" and not turns.by_hand and (turns.had_loops or not turns.called):
        return False
    return kind in limits and turns.executed >= limits[kind]


def shortened(turns: Turns) -> Instead:
    """Return what is told of a loop that was ended early."""
    kind = turns.kind if turns.settled else "turns"
    declared = f"all {turns.declared:,}" if turns.declared is not None else "all"
    run = turns.executed
    return Instead(
        place=turns.place,
        kind="shortened",
        what=f"{declared} {_WORDS[kind]}",
        done=f"the first {'one was' if run == 1 else f'{run} were'} run, because this is a dry run",
    )
