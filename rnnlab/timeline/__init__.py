"""Walking through a record in time: forwards, backwards, into, out of and over what the program did, with no torch.

A position is the number of a fact that a learner can stand on. All walking is done by the record's index; only what is shown
is decoded.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from rnnlab.facts import Named, Place
from rnnlab.index import CLOSES, HIDDEN, NONE, OPENS
from rnnlab.record import Record
from rnnlab.stages import STAGE_NAMES, STAGES
from rnnlab.timeline.nesting import Around, Nesting
from rnnlab.timeline.variables import Variable, Variables, bound

__all__ = ["Around", "Judged", "Move", "Timeline", "Variable", "bound"]


class Move(NamedTuple):
    """Where a step has led, and what there is to say of it: "" where it led where it was meant to lead."""

    n: int
    said: str = ""


class Found(Protocol):
    """What a finding says of its place (see `rnnlab.rules.kit.Finding`)."""

    @property
    def place(self) -> Place | None: ...
    @property
    def evidence(self) -> tuple[int, ...]: ...


class Judged(Protocol):
    """A report (see `rnnlab.report.Report`)."""

    def found(self) -> Sequence[tuple[Any, Found]]: ...


class Timeline(Nesting):
    """The rows of a record and the ways between them.

    Every method that moves takes the row to start from and returns a `Move`; at an end it stays and says so.
    """

    def __init__(self, record: Record) -> None:
        super().__init__(record)
        flags = self.index.flags
        has_hidden = any(flag & HIDDEN for flag in set(flags.tobytes()))
        self.rows: Sequence[int] = (
            array("q", (n for n in range(self.length) if not flags[n] & HIDDEN)) if has_hidden else range(self.length)
        )
        self._variables = Variables(self)

    def __len__(self) -> int:
        return len(self.rows)

    def row(self, n: int) -> int:
        """Return the place of a row among all rows, counted from 0."""
        return bisect_left(self.rows, n)

    def nearest(self, n: int) -> int:
        """Return the row at a fact's number, or the next one, or the last.

        Raises:
            IndexError: the record has no row at all.
        """
        return self.rows[min(self.row(n), len(self.rows) - 1)]

    # --- steps ---------------------------------------------------------------------------------------------------

    def first(self) -> int:
        """Return the first row."""
        return self.rows[0]

    def last(self) -> int:
        """Return the last row."""
        return self.rows[-1]

    def next(self, n: int) -> Move:
        """Go to the row after this one, into whatever begins here."""
        k = bisect_right(self.rows, n)
        return Move(self.rows[k]) if k < len(self.rows) else Move(n, self._at_the_end())

    def back(self, n: int) -> Move:
        """Go to the row before this one."""
        k = bisect_left(self.rows, n)
        return Move(self.rows[k - 1]) if k > 0 else Move(n, "this is the first row")

    def into(self, n: int) -> Move:
        """Enter the function or loop that begins here."""
        inner = self.next(n).n
        if not self.index.flags[n] & OPENS or inner == n or inner > self.end(n):
            return Move(n, "nothing begins at this row that could be entered; n goes to the next row")
        if inner == self.end(n) and self.index.flags[inner] & CLOSES:
            return Move(n, "nothing was recorded inside; n goes to the next row")
        return Move(inner)

    def over(self, n: int) -> Move:
        """Skip what is inside: go to the end of what begins here, or to the next row."""
        if not self.index.flags[n] & OPENS:
            return self.next(n)
        end = self.end(n)
        if end > n and self.index.flags[end] & CLOSES:
            return Move(self.nearest(end))
        return self._after(n, end)

    def out(self, n: int) -> Move:
        """Leave the function or loop around this row."""
        around = self.parent(n)
        if around == NONE:
            return Move(n, "no function or loop of yours is around this row")
        end = self.end(around)
        return Move(self.nearest(end)) if self.index.flags[end] & CLOSES and end > n else self._after(n, end)

    def _after(self, n: int, end: int) -> Move:
        k = bisect_right(self.rows, end)
        return Move(self.rows[k]) if k < len(self.rows) else Move(self.last(), self._at_the_end())

    def _at_the_end(self) -> str:
        cut = "" if self.record.is_complete else "; the record was cut here, so the program may have gone on"
        return f"this is the last row{cut}"

    # --- jumps ---------------------------------------------------------------------------------------------------

    def to_line(self, n: int, line: int, file: str | None = None) -> Move:
        """Go to the next row that touches a line, or to the first one of all if none follows.

        Args:
            file: a file's name or the end of its path; the present row's file without it.
        """
        here = self.place(n)
        if file is None and here is None:
            return Move(n, "this row stands in no file; name one, such as train.py:12")
        files = {spot.file for spot in self.index.spots if spot is not None and _is_file(spot, file, here)}
        if not files:
            return Move(n, f"no row stands in a file called {file}")
        # In a notebook a line number belongs to the cell at hand.
        cell = here.cell if here is not None and file is None else None
        spots = self._spots(lambda spot: spot.file in files and (cell is None or spot.cell == cell))
        around = {code: spot for code, spot in spots.items() if spot.line <= line <= max(spot.line, spot.end_line)}
        # A loop or a function spans all its lines: what begins at the line, or spans the fewest, is meant.
        least = min(((line - spot.line, spot.end_line - spot.line) for spot in around.values()), default=None)
        wished = {code for code, spot in around.items() if line - spot.line == (least or (0, 0))[0]}
        name = Path(next(iter(files))).name
        if not wished:
            near = min((spot.line for spot in spots.values()), key=lambda other: abs(other - line))
            return Move(n, f"nothing was seen at line {line} of {name}; the nearest line with a row is {near}")
        return self._jump(n, self.index.places, wished, f"line {line} of {name}")

    def to_text(self, n: int, text: str) -> Move:
        """Go to the next row whose source holds a text, in capitals or not."""
        wanted = text.casefold()
        spots = {code for code in self._spots(lambda _: True) if wanted in self.source(code).casefold()}
        if not spots:
            return Move(n, f"the source of no row holds '{text}'")
        return self._jump(n, self.index.places, spots, f"a row with '{text}'")

    def to_change(self, n: int, variable: str, *, back: bool = False) -> Move:
        """Go to the next row that binds a variable, or to the one before."""
        binds = self._variables.binds
        wished = {code for code, names in enumerate(self._variables.words) if variable in names}
        if not wished:
            known = ", ".join(dict.fromkeys(variable.name for variable in self.variables(n))) or "none"
            return Move(n, f"no row binds a variable called '{variable}'; here there are: {known}")
        found = self._search(n, binds, wished, back)
        if found is None:
            when = "before" if back else "after"
            return Move(n, f"'{variable}' is not bound again {when} this row")
        return Move(found)

    def to_stage(self, name: str) -> Move:
        """Go to the first row of a stage; its number, or the beginning of its name, is enough.

        Raises:
            KeyError: there is no such stage; the message lists them.
        """
        name = name.strip().lower()
        names = [STAGES[int(name) - 1].name] if name.isdecimal() and 0 < int(name) <= len(STAGES) else []
        names = names or [stage for stage in STAGE_NAMES if stage == name] or [
            stage for stage in STAGE_NAMES if name and stage.startswith(name)
        ]  # fmt: skip
        if len(names) != 1:
            raise KeyError(f"there is no stage '{name}'; there are: {', '.join(STAGE_NAMES)}")
        code = self.index.code("stages", names[0])
        found = self._search(-1, self.index.stages, {code}, False) if code is not None else None
        if found is None:
            return Move(
                NONE, f"this program showed nothing of the stage {names[0]}; it has: {', '.join(self.stages())}"
            )
        return Move(found)

    def to_finding(self, n: int, report: Judged, *, back: bool = False) -> Move:
        """Go to the next row that a finding speaks of, or to the one before."""
        rows = sorted(self.findings(report))
        if not rows:
            return Move(n, "there are no findings that belong to a row")
        k = bisect_left(rows, n) - 1 if back else bisect_right(rows, n)
        if 0 <= k < len(rows):
            return Move(rows[k])
        return Move(n, f"there are no findings {'before' if back else 'after'} this row")

    def findings(self, report: Judged) -> dict[int, list[tuple[Any, Found]]]:
        """Return the findings by the row that they belong to: evidence at the finding's own place, or the first of it."""
        by_row: dict[int, list[tuple[Any, Found]]] = {}
        for outcome, finding in report.found():
            if (n := self._row_of(finding)) is not None:
                by_row.setdefault(n, []).append((outcome, finding))
        return by_row

    def _row_of(self, finding: Found) -> int | None:
        seen = [n for n in finding.evidence if 0 <= n < self.length]
        place = finding.place
        if place is not None:
            there = [n for n in seen if (at := self._spot(n)) and (at.file, at.line) == (place.file, place.line)]
            if there:
                return self.nearest(there[0])
            spots = self._spots(lambda spot: (spot.file, spot.line) == (place.file, place.line))
            if spots and not seen:
                return self._search(-1, self.index.places, set(spots), False)
        return self.nearest(seen[0]) if seen and len(self) else None

    def _spots(self, test: Callable[[Place], bool]) -> dict[int, Place]:
        return {code: spot for code, spot in enumerate(self.index.spots) if spot is not None and test(spot)}

    def _jump(self, n: int, column: Sequence[int], wished: set[int], what: str) -> Move:
        """Go to the next row whose entry is one of these, and to the first of all if none follows."""
        found = self._search(n, column, wished, False)
        if found is not None:
            return Move(found)
        found = self._search(-1, column, wished, False)
        if found is None:  # seen after the moment that this record ends at
            return Move(n, f"{what} was not reached yet")
        return Move(found, f"{what} comes here alone" if found == n else f"went back: {what} does not come again")

    def _search(self, n: int, column: Sequence[int], wished: set[int], back: bool) -> int | None:
        if back:
            k = bisect_left(self.rows, n) - 1
            numbers: Iterable[int] = reversed(self.rows[: k + 1])
        else:
            numbers = self.rows[bisect_right(self.rows, n) :]
        return next((number for number in numbers if column[number] in wished), None)

    # --- variables -----------------------------------------------------------------------------------------------

    def variables(self, n: int) -> list[Variable]:
        """Return the variables of the function at a row, as they are after it; see `Variables.at`."""
        return self._variables.at(n)

    def bound(self, n: int) -> list[Named]:
        """Return the variables that a row binds, each with what it then holds."""
        return self._variables.bound(n)

    @cached_property
    def crash(self) -> int | None:
        """The row of the program's crash, if it had one."""
        code = self.index.code("kinds", "crash")
        return None if code is None else self._search(self.length, self.index.kinds, {code}, True)


def _is_file(spot: Place, file: str | None, here: Place | None) -> bool:
    if file is None:
        return here is not None and spot.file == here.file
    return (
        spot.file == file
        or Path(spot.file).as_posix().endswith(f"/{Path(file).as_posix()}")
        or spot.file.endswith(file)
    )
