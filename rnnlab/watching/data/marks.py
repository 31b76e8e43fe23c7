"""Follows the words that mark made-up reviews: which rows a split holds, and the words of which rows a vocabulary knows.

A word that stands in one review alone gets into a vocabulary by way of this review only, in whatever style it was built: a
Field, a Counter, a Keras tokenizer, a dict that grew in a loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import FrameType, ModuleType
from typing import Any

from rnnlab.facts import Place
from rnnlab.watching.data import rows
from rnnlab.watching.describing import Describer
from rnnlab.watching.standins.rows import forget_marks, marks_given

# Words that stand in most made-up reviews, as they are and as stemmers leave them.
_USUAL = ("movie", "movi", "film", "story", "stori", "plot", "really", "realli", "great", "boring", "bore", "scene", "music", "cast")
_ENOUGH = 3
_FEWEST = 20  # words of a vocabulary
_DEEPEST = 2
_MOST = 400  # attributes and variables that are looked through in one place


class Marks:
    """The witness of marked words; where no review was made up there are none."""

    def __init__(self, describer: Describer) -> None:
        self.describer = describer
        self._rows: dict[int, frozenset[str]] = {}
        self._seen: dict[int, tuple[int, str, Place | None, frozenset[str]]] = {}
        describer.rows_told = self._hold

    # --- rows ----------------------------------------------------------------------------------------------------

    def _hold(self, number: int, texts: Iterable[Any]) -> None:
        """Note which marked rows a data object holds."""
        given = marks_given()
        if given and number not in self._rows:
            own = {mark for text in texts if (mark := _mark_of(text, given))}
            if own:
                self._rows[number] = frozenset(own)

    # --- vocabularies --------------------------------------------------------------------------------------------

    def look_through(self, frame: FrameType) -> None:
        """A function of the learner's ends: look for vocabularies among its variables, and what its object holds."""
        if marks_given():
            self._look(frame.f_locals, lambda name: self.describer.recorder.places.assignment(frame, name))

    def finish(self, modules: Iterable[ModuleType]) -> None:
        """The program ends: look through the variables of its modules, and tell of each vocabulary that was seen."""
        try:
            for module in modules if marks_given() else ():
                self._look(vars(module), lambda name: None)
            for number, name, place, words in self._seen.values():
                self._tell(number, name, place, words)
        finally:
            self._seen.clear()
            forget_marks()

    def _look(self, variables: Mapping[str, Any], place: Any) -> None:
        for name, thing in list(variables.items())[:_MOST]:
            if name.startswith("__"):
                continue
            for path, words in _vocabularies(thing, name, _DEEPEST):
                marks = frozenset(words)
                known = self.describer.identities.known(thing)
                at = place(name)
                earlier = self._seen.get(id(thing))
                # One that grew since is the same vocabulary, at the line that was named first.
                self._seen[id(thing)] = known or 0, path, earlier[2] if earlier else at, marks

    def _tell(self, number: int, name: str, place: Place | None, marks: frozenset[str]) -> None:
        given = marks_given()
        groups: dict[str, list[int]] = {}
        for mark, group in given.items():
            counts = groups.setdefault(group, [0, 0])
            counts[0] += mark in marks
            counts[1] += 1
        held = [
            {"of": one, "rows": len(own), "known": len(own & marks), "alone": len(self._alone(one) & marks), "own": len(self._alone(one))}
            for one, own in self._rows.items()
        ]  # fmt: skip
        samples = {"vocabulary": number, "files": [[group, *counts] for group, counts in groups.items()], "rows": held}
        self.describer.tell_data(
            place, "marked words", self.describer.recorder.new_id(), name, (), {"words": float(len(marks))}, samples
        )

    def _alone(self, number: int) -> frozenset[str]:
        """Return the rows of a data object that stand in no other one but those that hold all of its rows."""
        own = self._rows[number]
        others = [theirs for other, theirs in self._rows.items() if other != number and not own <= theirs and not theirs <= own]
        return own.difference(*others)


def _mark_of(text: Any, given: Mapping[str, str]) -> str:
    words = text.split() if isinstance(text, str) else text
    return next((word for word in words if isinstance(word, str) and word.lower() in given), "").lower()


def texts_of(thing: Any) -> Iterator[str]:
    """Return the texts of a table: all of its cells that are text."""
    for column in rows.columns(thing).values():
        yield from (cell for cell in column if isinstance(cell, str))


# --- what is a vocabulary --------------------------------------------------------------------------------------------


def _vocabularies(thing: Any, name: str, depth: int) -> Iterator[tuple[str, list[str]]]:
    """Return the marked words of a numbering of words: a dict, a list, or one inside an object that has numbered them."""
    words = _words_of(thing)
    if words is not None:
        if sum(word in words for word in _USUAL) >= _ENOUGH:
            given = marks_given()
            yield name, [word for word in words if word in given]
        return
    held = getattr(thing, "__dict__", None)
    if depth and isinstance(held, dict) and not isinstance(thing, ModuleType | type) and len(held) <= _MOST:
        for attribute, one in list(held.items()):
            yield from _vocabularies(one, f"{name}.{attribute}", depth - 1)


def _words_of(thing: Any) -> Mapping[str, Any] | set[str] | None:
    """Return the words that something numbers; None for anything else, such as counts of words and reviews."""
    if type(thing).__name__ == "Vocab" and callable(getattr(type(thing), "get_itos", None)):
        return set(thing.get_itos())
    if isinstance(thing, dict) and len(thing) >= _FEWEST:
        numbers = list(thing.values())[:200]
        is_numbering = all(_is_number(one) for one in numbers) and len(set(map(int, numbers))) == len(numbers)
        return thing if is_numbering and isinstance(next(iter(thing)), str) else None
    if type(thing) is list and len(thing) >= _FEWEST and isinstance(thing[0], str) and isinstance(thing[-1], str):
        if any(" " in word for word in thing[:50] if isinstance(word, str)):
            return None
        words = {word for word in thing if isinstance(word, str)}
        return words if len(words) == len(thing) else None
    return None


def _is_number(one: Any) -> bool:
    return isinstance(one, int) or (type(one).__module__ == "numpy" and hasattr(one, "__index__"))
