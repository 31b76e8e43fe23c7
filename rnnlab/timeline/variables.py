"""The variables of a function at one moment: what the program had bound, and what it has been seen to use, by then."""

from __future__ import annotations

import ast
import functools
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from rnnlab import sources
from rnnlab.facts import AnyFact, Call, Data, GroupNote, Locals, Named, Note, Scope, TensorNote, ValueNote
from rnnlab.index import CLOSES, NONE, OPENS, names_bound
from rnnlab.timeline.nesting import Nesting


class Variable(NamedTuple):
    """A variable as it was at a position: what it held, the row that shows it, and whether this very row has bound it."""

    name: str
    note: Note | None
    seen: int
    changed: bool


_Kind = tuple[int, int, int]  # a place, and which variables were bound and used there, as the index numbers them
_MUCH = 10_000
_ONE_LINE = 500  # rows between what a line made and what it was then seen to have changed


class Variables:
    """The variables of a record's functions. What is bound and used is read from the index, and decoded where it is shown."""

    def __init__(self, nesting: Nesting) -> None:
        self.nesting, self.record, self.index = nesting, nesting.record, nesting.index
        self.words = list(self.index.bound_words)
        self._seen: dict[int, dict[_Kind, list[int]]] = {}
        self._targets: dict[int, tuple[str, ...]] = {}
        self._functions: dict[int, int] = {}

    def at(self, n: int) -> list[Variable]:
        """Return what the function at a row had bound or used by then, in the order of the first time.

        At a row that enters a function these are still the caller's.
        """
        index, frame, function = self.index, self.index.frames[n], self._function(n)
        latest: dict[str, tuple[int, bool]] = {}
        in_lines: dict[str, int] = {}
        first: dict[str, int] = {}
        locals_code = index.code("kinds", "locals")
        if frame != NONE and self._runs(frame, n):  # what the function was given
            for name in self.words[self.binds[frame]]:
                latest[name], first[name] = (frame, True), frame
        for (_, binds, uses), numbers in self._seen_in(frame).items():
            k = bisect_right(numbers, n)
            if not k or self._function(numbers[0]) != function:
                continue
            # What a row binds comes after what it uses; what enters a function binds inside of it.
            inner = index.flags[numbers[0]] == OPENS
            if index.kinds[numbers[0]] == locals_code:
                for name in self.words[binds]:
                    in_lines[name] = max(in_lines.get(name, NONE), numbers[k - 1])
                    first[name] = min(first.get(name, n), numbers[0])
                continue
            for names, is_bound in ((index.used_words[uses], False), (() if inner else self.words[binds], True)):
                for name in names:
                    latest[name] = max(latest.get(name, (NONE, False)), (numbers[k - 1], is_bound))
                    first[name] = min(first.get(name, n), numbers[0])
        for name, at in in_lines.items():
            # What was watched line by line names the type alone: what the same line was seen to make says more.
            if name not in latest or not (at < latest[name][0] or self._is_one_line(frame, latest[name][0], at)):
                latest[name] = (at, True)
        notes: dict[tuple[int, bool], dict[str, Note]] = {}
        for seen in set(latest.values()):
            named = self.bound(seen[0]) if seen[1] else getattr(self.record.fact(seen[0]), "inputs", ())
            notes[seen] = {item.name: item.note for item in named}
        return [
            Variable(
                name,
                notes[latest[name]].get(name),
                latest[name][0],
                latest[name] == (n, True) or in_lines.get(name) == n,
            )
            for name in sorted(latest, key=first.__getitem__)
        ]

    def _runs(self, frame: int, n: int) -> bool:
        """Say whether a row lies in the very function that was entered, and not in one whose turns were folded into it."""
        place = self.nesting.place(n)
        if place is None:
            return True
        name = _function_at(self.record.text_of(place), place.line)[1]
        return not name or name == self.nesting.label(frame).rpartition(".")[2]

    def _is_one_line(self, frame: int, first: int, last: int) -> bool:
        """Say whether a function was at one line from one row to another; what it called there may lie between."""
        if last - first > _ONE_LINE:
            return False
        index, spots = self.index, self._columns[1]
        lines = {
            (spot.file, spot.cell, spot.line)
            for n in range(first, last + 1)
            if index.frames[n] == frame and (spot := index.spots[spots[n]]) is not None
        }
        return len(lines) == 1

    def bound(self, n: int) -> list[Named]:
        """Return the variables that a row binds, each with what it then held."""
        fact = self.record.fact(n)
        if isinstance(fact, Scope) and fact.phase != "into":
            return bound_to(self._result_names(self._columns[1][n]), fact.output)
        return bound(fact)

    def _seen_in(self, frame: int) -> dict[_Kind, list[int]]:
        """Return where one run of a function bound or used variables, for each place and each list of names.

        Turns of a loop that were folded into their last one stand outside of the function that they ran in: the place tells
        whose variables they bind.
        """
        if frame in self._large:
            return self._large[frame]
        if frame not in self._seen:
            found = self._seen[frame] = {}
            self._gather({frame: found}, frame + 1, self.nesting.end(frame))
        return self._seen[frame]

    @cached_property
    def _large(self) -> dict[int, dict[_Kind, list[int]]]:
        """The same for all functions that hold much of the record, gathered in one pass, so that no single step waits."""
        index = self.index
        opened = [n for n, flag in enumerate(index.flags) if flag == OPENS and index.ends[n] - n > _MUCH]
        large: dict[int, dict[_Kind, list[int]]] = {frame: {} for frame in (NONE, *opened)}
        self._gather(large, 0, self.nesting.length - 1)
        return large

    def _gather(self, wanted: dict[int, dict[_Kind, list[int]]], first: int, last: int) -> None:
        index, part = self.index, slice(first, last + 1)
        binds, spots = self._columns
        columns = (index.frames[part], spots[part], binds[part], index.uses[part])
        for n, (frame, spot, bound, used) in enumerate(zip(*columns, strict=True), first):
            if (bound or used) and (found := wanted.get(frame)) is not None:
                numbers = found.get(kind := (spot, bound, used))
                if numbers is None:
                    found[kind] = [n]
                else:
                    numbers.append(n)

    @property
    def binds(self) -> Sequence[int]:
        """The index's column, and at the end of each function the variables that its result was assigned to."""
        return self._columns[0]

    @cached_property
    def _columns(self) -> tuple[Sequence[int], Sequence[int]]:
        """What each fact binds and where it stands; a function's end has no place of its own, it stands where it began."""
        index = self.index
        ends = [n for n, flag in enumerate(index.flags) if flag == CLOSES]
        if not ends:
            return index.binds, index.places
        binds, spots = array("I", index.binds), array("I", index.places)
        codes = {names: code for code, names in enumerate(self.words)}
        of_spot: dict[int, int] = {}
        openers = self.nesting.openers
        for n in ends:
            spot = spots[n] = spots[n] or index.places[openers.get(n, n)]
            code = of_spot.get(spot)
            if code is None:
                names = names_bound(self._result_names(spot))
                code = of_spot[spot] = codes.setdefault(names, len(self.words))
                if code == len(self.words):
                    self.words.append(names)
            binds[n] = code
        return binds, spots

    def _result_names(self, spot: int) -> tuple[str, ...]:
        """Return what the result of the expression at a place is assigned to."""
        if spot not in self._targets:
            place = self.index.spots[spot]
            self._targets[spot] = sources.binds(self.record.text_of(place), place) if place is not None else ()
        return self._targets[spot]

    def _function(self, n: int) -> int:
        """Return a number that tells apart the functions in the source: the line that the innermost one begins at."""
        spot = self._columns[1][n]
        if not spot:
            place = self.nesting.place(n)
            return _function_at(self.record.text_of(place), place.line)[0] if place is not None else 0
        function = self._functions.get(spot)
        if function is None:
            place = self.index.spots[spot]
            assert place is not None
            function = self._functions[spot] = _function_at(self.record.text_of(place), place.line)[0]
        return function


# --- what a row binds ------------------------------------------------------------------------------------------------


def bound(fact: AnyFact) -> list[Named]:
    """Return the variables that a fact binds, each with what it then held; a tuple is opened as the learner has opened it."""
    if isinstance(fact, Call):
        return bound_to(fact.binds, fact.output)
    if isinstance(fact, Scope):
        return list(fact.inputs) if fact.phase == "into" else []
    if isinstance(fact, Locals):
        return list(fact.changed)
    if isinstance(fact, Data) and fact.name:
        return [Named(name, ValueNote(fact.what, data_text(fact))) for name in names_bound((fact.name,))]
    return []


def bound_to(targets: tuple[str, ...], result: Note | None) -> list[Named]:
    """Pair the targets of an assignment, as they are written, with the parts of its result."""
    if len(targets) == 1:
        return _paired(targets[0], result)
    parts = _parts(result, len(targets))
    return [named for target, part in zip(targets, parts, strict=True) for named in _paired(target, part)]


def _paired(target: str, note: Note | None) -> list[Named]:
    target = target.strip()
    if not target.startswith(("(", "[")):
        return [Named(target.lstrip("*"), note)] if note is not None else []
    targets = _top_level(target[1:-1])
    parts = _parts(note, len(targets))
    return [named for one, part in zip(targets, parts, strict=True) for named in _paired(one, part)]


def _parts(note: Note | None, count: int) -> list[Note | None]:
    """Open what is unpacked into so many variables: a tuple into its items, a tensor along its first axis."""
    if isinstance(note, GroupNote) and len(note.items) == count:
        return [item.note for item in note.items]
    if isinstance(note, TensorNote) and note.shape:
        return [TensorNote(note.shape[1:], note.axes[1:], note.dtype, note.device, note.made_by)] * count
    return [None] * count


def _top_level(text: str) -> list[str]:
    """Split `a, (b, c)` at the commas that stand in no parentheses."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def data_text(fact: Data) -> str:
    """Return a data object in a few words: `vocabulary: 2,002 words`."""
    for key in ("rows", "examples", "words", "classes", "batch_size", "texts", "parameters", "tokens", "batches"):
        if key in fact.counts:
            word = "reviews a batch" if key == "batch_size" else key
            return f"{fact.what}: {fact.counts[key]:,g} {word}"
    return fact.what


@functools.lru_cache(maxsize=64)
def _functions_in(text: str) -> tuple[tuple[int, int, str], ...]:
    """Return the first and last line and the name of every function in a source."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return ()
    return tuple(
        (node.lineno, node.end_lineno or 0, node.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def _function_at(text: str, line: int) -> tuple[int, str]:
    """Return the first line and the name of the innermost function around a line; a `def` line lies outside of its own."""
    return max(((first, name) for first, last, name in _functions_in(text) if first < line <= last), default=(0, ""))
