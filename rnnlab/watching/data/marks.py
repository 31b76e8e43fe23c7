"""Follows the words that mark made-up reviews: which rows a split holds, and the words of which rows a vocabulary knows.

A word that stands in one review alone gets into a vocabulary by way of this review only, in whatever style it was built: a
Field, a Counter, a Keras tokenizer, a dict that grew in a loop.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from types import FrameType, ModuleType
from typing import Any

from rnnlab.facts import Place
from rnnlab.sources import assigned_at
from rnnlab.watching.describing import Describer
from rnnlab.watching.standins.rows import forget_marks, marks_given

# Words that stand in most made-up reviews, as they are and as stemmers leave them.
_USUAL = (
    "movie",
    "movi",
    "film",
    "story",
    "stori",
    "plot",
    "really",
    "realli",
    "great",
    "boring",
    "bore",
    "scene",
    "music",
    "cast",
)
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
                self._look(vars(module), functools.partial(self._assigned, module))
            for number, name, place, words in self._seen.values():
                self._tell(number, name, place, words)
            self._tell_common_rows()
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

    def _assigned(self, module: ModuleType, name: str) -> Place | None:
        """Return where a variable of a module was assigned last."""
        places, file = self.describer.recorder.places, str(getattr(module, "__file__", ""))
        # The cells of a notebook are texts of their own, and share one module.
        for key in [file, *(key for key in places.texts if ".ipynb#" in key)]:
            if key and (line := assigned_at(places.text(key), name, 1, 10**9)):
                return places.line(key, line)
        return None

    def _tell(self, number: int, name: str, place: Place | None, marks: frozenset[str]) -> None:
        given = marks_given()
        groups: dict[str, list[int]] = {}
        for mark, group in given.items():
            counts = groups.setdefault(group, [0, 0])
            counts[0] += mark in marks
            counts[1] += 1
        held = []
        for one, own in self._rows.items():
            alone = self._alone(one)
            row = {
                "of": one,
                "rows": len(own),
                "known": len(own & marks),
                "alone": len(alone & marks),
                "own": len(alone),
            }
            held.append(row)
        samples = {"vocabulary": number, "files": [[group, *counts] for group, counts in groups.items()], "rows": held}
        self.describer.tell_data(
            place, "marked words", self.describer.recorder.new_id(), name, (), {"words": float(len(marks))}, samples
        )

    def _tell_common_rows(self) -> None:
        """Tell which data objects have marked rows in common, whatever was done to their texts."""
        numbers = list(self._rows)
        pairs = [(a, b, len(self._rows[a] & self._rows[b])) for i, b in enumerate(numbers) for a in numbers[:i]]
        common = [[a, b, both] for a, b, both in pairs if both]
        if self._rows:
            sizes = [[number, len(own)] for number, own in self._rows.items()]
            samples = {"rows": sizes, "common": common}
            self.describer.tell_data(None, "marked rows", self.describer.recorder.new_id(), samples=samples)

    def _alone(self, number: int) -> frozenset[str]:
        """Return the rows of a data object that stand in no other one but those that hold all of its rows."""
        own = self._rows[number]
        others = [
            theirs
            for other, theirs in self._rows.items()
            if other != number and not own <= theirs and not theirs <= own
        ]
        return own.difference(*others)


def _mark_of(text: Any, given: Mapping[str, str]) -> str:
    words = text.split() if isinstance(text, str) else text
    return next((word for word in words if isinstance(word, str) and word.lower() in given), "").lower()


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


def _words_of(thing: Any) -> set[str] | None:
    """Return the words that something numbers; None for anything else, such as counts of words and reviews."""
    if type(thing).__name__ == "Vocab" and callable(getattr(type(thing), "get_itos", None)):
        return set(thing.get_itos())
    if isinstance(thing, dict) and len(thing) >= _FEWEST:
        items = list(thing.items())
        if not (isinstance(items[0][0], str) and all(_is_number(number) for _, number in items[:200])):
            return None
        # Words that were only asked for may have been taken in with the number of the unknown word.
        times = Counter(number for _, number in items)
        words = {word for word, number in items if times[number] == 1}
        return words if 2 * len(words) > len(items) else None
    if type(thing) is list and len(thing) >= _FEWEST and isinstance(thing[0], str) and isinstance(thing[-1], str):
        if any(" " in word for word in thing[:50] if isinstance(word, str)):
            return None
        words = {word for word in thing if isinstance(word, str)}
        return words if len(words) == len(thing) else None
    return None


def _is_number(one: Any) -> bool:
    return isinstance(one, int) or (type(one).__module__ == "numpy" and hasattr(one, "__index__"))
