"""What the running loops are, which shows when something is trained in them."""

from __future__ import annotations

from rnnlab.facts import Loop
from rnnlab.reading.running import Run

# From the inside out, as a run says it: batches are trained on, epochs are passes over them, rounds are whole trainings.
LEVELS = ("batches", "epochs", "rounds")


def settle(run: Run, learns: bool = True) -> None:
    """Something is trained: say what each of the running loops is, from the inside out.

    Gradients that are zeroed show which loop is which as well, but nothing learns by that: evaluations zero them, too.
    """
    level = 0
    for passed in reversed(run.loops):
        passed.trained |= learns and (passed.over is None or passed is run.loops[-1])
        if not passed.settled:
            own = passed.counts or not level
            passed.kind = LEVELS[min(level, len(LEVELS) - 1)] if own else "turns"
            passed.settled = True
            if passed.n < len(run.story.facts) and isinstance(run.story.facts[passed.n], Loop):
                run.story.change(passed.n, kind=passed.kind)
        if passed.kind in LEVELS:
            level = max(level, LEVELS.index(passed.kind) + 1)
