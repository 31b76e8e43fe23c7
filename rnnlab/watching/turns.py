"""Loops as they run: how many turns were declared and executed, what kind of loop it is, and what its turns have in common.

A pass over a loader is known for what it is. A loop of the program's own is not: whether it goes over batches or over epochs
shows when something is trained in it, by what had begun inside it by then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from rnnlab.facts import Fact, Place

# From the inside out: batches are trained on, epochs are passes over them, rounds are whole trainings (folds, seeds).
LEVELS = ("batches", "epochs", "rounds")
# Two more kinds: `turns` trains nothing itself (a loop over sentences, over phases), `calls` is a function called often.


class Turns:
    """One loop that runs: its turns so far, and the equal calls held back until it ends.

    Args:
        over: the identity of the loader whose pass this is; None for a loop of the program's own.
        kind: what is known (a loader's pass) or supposed of it; see `settle`.
        counts: whether its items are numbers, as those of an epoch loop are.
        by_hand: whether its turns take their batches by `next()` from a loader that was begun elsewhere.
    """

    def __init__(
        self,
        place: Place | None,
        over: int | None,
        declared: int | None,
        kind: str = "batches",
        *,
        counts: bool = True,
        by_hand: bool = False,
    ) -> None:
        self.place, self.over, self.declared, self.kind = place, over, declared, kind
        self.counts_up, self.by_hand = counts, by_hand
        self.settled = over is not None or kind == "calls"
        # Equal for every run of the same loop, and quick to hash.
        self.key = "" if place is None else f"{place.file}#{place.cell}:{place.line}:{place.column}:{kind == 'calls'}"
        self.executed = 0
        self.shortened = False
        self.trained = False
        self.called = False
        self.had_loops = False
        self.tally: dict[str, float] = {}
        self.rows = 0
        self.right: dict[Any, list[tuple[int, float]]] = {}
        self.squares: dict[Any, list[float]] = {}
        self.classes: dict[Any, tuple[Counter[float], Counter[float]]] = {}
        self.held: dict[Any, tuple[Fact, int]] = {}

    def add(self, **counts: float) -> None:
        """Add to the counts that are told when the pass ends."""
        for name, count in counts.items():
            self.tally[name] = self.tally.get(name, 0) + count

    def lost(self, loss: float) -> None:
        """Note the loss of a batch: the first, the last and the sum of the pass are kept."""
        self.tally.setdefault("first_loss", loss)
        self.tally["last_loss"] = loss
        self.add(losses=1.0, loss_sum=loss)

    def answered(self, line: Any, correct: float) -> None:
        """Count the right answers of the present batch, as one line of the program counts them."""
        self.right.setdefault(line, []).append((self.rows, correct))

    def answered_in_a_square(self, line: Any, equal: float) -> None:
        """Count the equal pairs of the present batch, where one line compares each answer with every label."""
        self.squares.setdefault(line, []).append(equal)

    def compared(self, line: Any, answers: Iterable[float], labels: Iterable[float]) -> None:
        """Count the classes of a batch's answers and of its labels, where one line compares them."""
        called, meant = self.classes.setdefault(line, (Counter(), Counter()))
        called.update(answers)
        meant.update(labels)

    def counts(self) -> dict[str, float]:
        """Return what was counted; right answers only where a line counted every batch once and no other line disagrees.

        `batch_accuracies` is the sum of the accuracies of the single batches: many programs print its mean. `square` counts the
        equal pairs where each answer was compared with every label. `classes_called` is how many classes the answers named,
        `classes_there` how many the labels have, `commonest` how many reviews have the commonest label.
        """
        right = {tuple(answers) for answers in self.right.values() if len(answers) == self.executed}
        counts = {"batches": float(self.executed), **self.tally}
        if len(right) == 1:
            (answers,) = right
            counts["correct"] = sum(correct for _, correct in answers)
            counts["batch_accuracies"] = sum(correct / rows for rows, correct in answers)
        squares = {tuple(equal) for equal in self.squares.values() if len(equal) == self.executed}
        if len(squares) == 1:
            (equal,) = squares
            counts["square"] = sum(equal)
        return counts | self._classes()

    def _classes(self) -> dict[str, float]:
        whole = [one for one in self.classes.values() if one[1].total() == self.tally.get("rows")]
        if len(whole) != 1:
            return {}
        ((called, meant),) = whole
        sizes = {"classes_called": len(called), "classes_there": len(meant), "commonest": max(meant.values())}
        return {name: float(size) for name, size in sizes.items()}

    @property
    def is_pass(self) -> bool:
        """Whether its turns are batches: a loader's, or ones that the program cuts by itself."""
        return self.kind == "batches" and self.settled

    @property
    def stage(self) -> str | None:
        """The stage that a pass over batches was: one that went through to its end, or measured something, evaluates.

        Of one that was left in its first turn, by an exception perhaps, nobody knows what would have followed the loss.
        """
        if not self.is_pass:
            return "train" if self.trained else None
        through = self.called and (self.shortened or self.executed == self.declared)
        several = self.executed > 1
        measured = bool(self.right or self.squares) or ("last_loss" in self.tally and several) or through
        return "train" if self.trained else "evaluate" if measured else None

    @property
    def ended_as(self) -> str:
        """The kind that is told at the end, when it is known what the turns did.

        A pass that was left before it measured anything stays `batches`: its first batch was looked at, or the program stopped.
        """
        if not self.settled:
            return "turns"
        if self.kind != "batches":
            return self.kind
        return {"train": "training", "evaluate": "evaluation"}.get(self.stage or "", "batches")


def settle(loops: Sequence[Turns]) -> list[Turns]:
    """Something was trained: say what each of the running loops is, from the inside out.

    Returns:
        the loops that turned out to be of another kind than was supposed.
    """
    level, changed = 0, []
    for turns in reversed(loops):
        # A loader's pass that is open further out may only have been left open.
        turns.trained |= turns.over is None or turns is loops[-1]
        if not turns.settled:
            own = (turns.counts_up and not turns.by_hand) or not level
            kind = LEVELS[min(level, len(LEVELS) - 1)] if own else "turns"
            if kind != turns.kind:
                changed.append(turns)
            turns.kind, turns.settled = kind, True
        if turns.kind in LEVELS:
            level = max(level, LEVELS.index(turns.kind) + 1)
    return changed[::-1]
