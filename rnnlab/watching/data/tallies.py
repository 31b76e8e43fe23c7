"""Counts what a program does over and over (cutting texts, opening files) and tells of it once, with the sums."""

from __future__ import annotations

from typing import Any

from rnnlab.facts import Place
from rnnlab.watching.describing import Describer


class Tally:
    """The sums of one line's calls."""

    __slots__ = ("counts", "name", "number", "place", "samples", "told", "what")

    def __init__(self, what: str, place: Place, number: int, name: str, samples: dict[str, Any]) -> None:
        self.what, self.place, self.number, self.name = what, place, number, name
        self.samples = samples
        self.counts: dict[str, float] = {}
        self.told: dict[str, float] = {}


class Tallies:
    """All sums of a recording; what was counted is told before the next data object is, and again at the end if it grew."""

    def __init__(self, describer: Describer) -> None:
        self.describer = describer
        self._by_line: dict[Any, Tally] = {}
        self._is_telling = False
        describer.before_telling = self.tell

    def of(self, what: str, place: Place) -> Tally | None:
        """Return the sums of a line, if it has any yet."""
        return self._by_line.get((what, place))

    def begin(self, what: str, place: Place, name: str = "", samples: dict[str, Any] | None = None) -> Tally:
        """Begin the sums of a line; `samples` is of its first call."""
        tally = Tally(what, place, self.describer.recorder.new_id(), name, samples or {})
        self._by_line[what, place] = tally
        return tally

    def tell(self, grown: bool = False) -> None:
        """Tell of what was not told yet; at the end (`grown`) also of what was told with smaller sums."""
        if self._is_telling:
            return
        self._is_telling = True
        try:
            for tally in self._by_line.values():
                if not tally.told or (grown and tally.told != tally.counts):
                    tally.told = dict(tally.counts)
                    self.describer.tell_data(
                        tally.place, tally.what, tally.number, tally.name, counts=tally.told, samples=tally.samples
                    )
        finally:
            self._is_telling = False
