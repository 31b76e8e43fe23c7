"""Where a row stands: its place in the source, and the functions and loops around it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from rnnlab import sources
from rnnlab.facts import AnyFact, Place
from rnnlab.index import CLOSES, LOOP, NONE
from rnnlab.record import Record
from rnnlab.stages import STAGE_NAMES

_LONGEST_SPAN = 12  # a longer expression is the definition of a function


class Around(NamedTuple):
    """One function or loop around a position."""

    n: int
    label: str


class Nesting:
    """A record's facts as they stand one inside another; read from the index, without decoding them."""

    def __init__(self, record: Record) -> None:
        self.record, self.index, self.length = record, record.index, len(record)

    def fact(self, n: int) -> AnyFact:
        """Return the fact of a row."""
        return self.record.fact(n)

    def end(self, n: int) -> int:
        """The last fact of what a fact opens; never beyond the moment that the record ends at."""
        return min(max(self.index.ends[n], n), self.length - 1)

    def parent(self, n: int) -> int:
        """Return the fact that encloses a fact, `NONE` where none does."""
        around = self.index.parents[n]
        return around if around < n else NONE

    def source(self, spot: int) -> str:
        """Return the source at the place of this number; of a loop or a function its first line."""
        place = self.index.spots[spot]
        if place is None:
            return ""
        if spot in self._blocks:
            return self.record.line(place)
        return sources.cut(self.record.text_of(place), place)

    @cached_property
    def _blocks(self) -> set[int]:
        index = self.index
        return {index.places[n] for n, flag in enumerate(index.flags) if flag & LOOP and index.places[n]}

    def span(self, n: int) -> Place | None:
        """Return the part of the source that a row speaks of: its place, and of a loop or a whole function the first line."""
        place = self.place(n)
        if place is not None and (self.index.flags[n] & LOOP or place.end_line - place.line > _LONGEST_SPAN):
            return Place(place.file, place.line, cell=place.cell)
        return place

    # --- where ---------------------------------------------------------------------------------------------------

    def place(self, n: int) -> Place | None:
        """Return the place of a row; what has none of its own (a function's end) stands where it began."""
        own = self._spot(n)
        if own is not None:
            return own
        if self.index.flags[n] & CLOSES:
            opener = self.opener(n)
            return self.place(opener) if opener is not None else None
        around = self.parent(n)
        return self.place(around) if around != NONE else None

    def _spot(self, n: int) -> Place | None:
        return self.index.spots[self.index.places[n]]

    def opener(self, n: int) -> int | None:
        """Return the row at which began what ends at a row; None where it ends nothing."""
        return self.openers.get(n) if self.index.flags[n] & CLOSES else None

    @cached_property
    def openers(self) -> dict[int, int]:
        """The fact that began what each closing fact ends."""
        # What was never closed may end at the same fact as what was: it lies further out, so the later one counts.
        return {end: n for n, end in enumerate(self.index.ends) if end != NONE}

    def stage(self, n: int) -> str | None:
        """Return the stage of a row, or of what encloses it."""
        while n != NONE:
            stage = self.index.stage_words[self.index.stages[n]]
            if stage:
                return stage
            n = self.parent(n)
        return None

    def stages(self) -> list[str]:
        """Return the stages that the record has, in their order."""
        return [name for name in STAGE_NAMES if name in self.index.stage_words]

    def depth(self, n: int) -> int:
        """Return how many functions and loops are around a row."""
        return sum(1 for _ in self._outwards(n))

    def stack(self, n: int) -> list[Around]:
        """Return the functions and loops around a row, from the outermost inwards."""
        return [Around(k, self.label(k)) for k in reversed(list(self._outwards(n)))]

    def _outwards(self, n: int) -> Iterator[int]:
        while (n := self.parent(n)) != NONE:
            yield n

    def label(self, n: int) -> str:
        """Return a short name for what begins at a row: `train`, `RNN.forward`, `epochs`."""
        # A loop may have been told anew since: the index holds its latest name.
        return self.index.name_words[self.index.names[n]]
