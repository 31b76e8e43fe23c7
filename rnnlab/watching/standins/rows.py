"""Made-up reviews for a dry run: short, of two kinds, and marked so that one can tell later which rows were seen.

Words stand apart by spaces and nothing else needs quoting, so that every way of cutting a line or a text works on them.
Nothing here draws from the program's random numbers.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Mapping
from typing import NamedTuple

ROWS = 400
_GOOD = ("great", "wonderful", "brilliant", "moving", "funny", "charming", "superb", "enjoyable", "clever", "touching")
_BAD = ("terrible", "boring", "awful", "dull", "clumsy", "tedious", "weak", "painful", "stupid", "predictable")
_THINGS = (
    "movie",
    "film",
    "story",
    "plot",
    "cast",
    "ending",
    "music",
    "acting",
    "script",
    "director",
    "camera",
    "scene",
)
_GOOD_ENDS = ("I loved it", "I would watch it again", "go and see it", "the best of the year", "I laughed a lot")
_BAD_ENDS = ("I hated it", "I left before the end", "do not watch it", "the worst of the year", "I fell asleep")
_DIGITS = "abcfhkmpqv"
_GIVEN: dict[str, str] = {}
_FILLERS = ("and", "but then", "while", "because", "so that", "although")


class Review(NamedTuple):
    """One made-up review; `kind` is 0 for the negative and 1 for the positive ones."""

    text: str
    kind: int


def vocabulary() -> list[str]:
    """Return the words that the reviews are made of, marks left out, each once."""
    sentences = (*_GOOD, *_BAD, *_THINGS, *_GOOD_ENDS, *_BAD_ENDS, *_FILLERS, "The this was really and very . !")
    return list(dict.fromkeys(word for sentence in sentences for word in sentence.split()))


def group_mark(group: str) -> str:
    """Return the word that stands in every row of a file or split: `markedtrain`."""
    letters = "".join(letter for letter in group.lower() if letter.isascii() and letter.isalpha())
    return f"marked{letters or 'rows'}"


def row_mark(group: str, row: int) -> str:
    """Return the word that stands in one row only; letters alone, so that cleaning keeps it whole.

    No stemmer takes its last letters for an ending.
    """
    letters = ""
    for _ in range(3):
        row, digit = divmod(row, len(_DIGITS))
        letters = _DIGITS[digit] + letters
    return f"{group_mark(group)}x{letters}"


def marks_given() -> Mapping[str, str]:
    """Return the group of each row's own word that any made-up review holds so far."""
    return _GIVEN


def forget_marks() -> None:
    """Forget which words were given out (a run has ended)."""
    _GIVEN.clear()


def reviews(group: str, count: int = ROWS, times: int = 1) -> list[Review]:
    """Return `count` reviews, as many of each kind, in a mixed order that is the same each time.

    Args:
        group: the file or split that they are for; other groups get other reviews.
        times: how often each row's own mark stands in it, so that it passes a vocabulary's `min_freq`.
    """
    dice = random.Random(zlib.crc32(group.encode()))
    kinds = [row % 2 for row in range(count)]
    dice.shuffle(kinds)
    _GIVEN.update((row_mark(group, row), group) for row in range(count))
    return [Review(_text(dice, group, row, kind, times), kind) for row, kind in enumerate(kinds)]


def _text(dice: random.Random, group: str, row: int, kind: int, times: int) -> str:
    words = _GOOD if kind else _BAD
    # In front, where no shortened review loses it; what is left of its number stands at the end.
    parts = [row_mark(group, row)]
    for _ in range(dice.randint(1, 3)):
        first, second = dice.sample(_THINGS, 2)
        parts.append(f"The {first} was really {dice.choice(words)} {dice.choice(_FILLERS)} this {second} was very")
        parts.append(f"{dice.choice(words)} .")
    parts.append(f"{dice.choice(_GOOD_ENDS if kind else _BAD_ENDS)} {group_mark(group)}")
    return " ".join([*parts, *[row_mark(group, row)] * (times - 1), "!" if kind else "."])
