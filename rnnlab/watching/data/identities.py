"""Knows data objects again: tables, lists, arrays and datasets, and what was made from what."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

from rnnlab.watching.data.rows import count, parts_of
from rnnlab.watching.recorder import Recorder


class Identities:
    """The numbers of data objects; those of lists too, which cannot be referred to weakly."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self._lists: dict[int, tuple[tuple[int, ...], int]] = {}
        self._same: dict[int, tuple[weakref.ref[Any], int]] = {}
        self._from: dict[int, tuple[Any, int, bool]] = {}
        self._crowded = 1_000

    def number(self, thing: Any) -> int:
        """Return the identity of a thing; the same thing always has the same one."""
        known = self.known(thing)
        if known is not None:
            return known
        if isinstance(thing, list | tuple | dict):
            number = self.recorder.new_id()
            self._lists[id(thing)] = _print_of(thing), number
            return number
        return self.recorder.id_of(thing)

    def known(self, thing: Any) -> int | None:
        """Return the identity of a thing that was told of, or None."""
        if isinstance(thing, list | tuple | dict):
            mark, number = self._lists.get(id(thing), ((), 0))
            return number if mark and mark == _print_of(thing) else None
        same = self._same.get(id(thing))
        if same is not None and same[0]() is thing:
            return same[1]
        return self.recorder.id_of(thing) if self.recorder.knows(thing) else None

    def call(self, thing: Any, number: int) -> None:
        """Give a thing the identity of another: two columns of one split, say."""
        if isinstance(thing, list | tuple | dict):
            self._lists[id(thing)] = _print_of(thing), number
            return
        try:
            self._same[id(thing)] = weakref.ref(thing), number
        except TypeError:
            return  # what cannot be referred to is not known again

    def derive(self, child: Any, parent: Any) -> None:
        """Remember that a thing was made from another; nothing is told, and neither is kept alive."""
        ancestor = self.ancestor(parent)
        if ancestor is None or child is parent:
            return
        same = self.origin(parent) is not None and count(child) == count(parent)
        if len(self._from) >= self._crowded:
            alive = {key: one for key, one in self._from.items() if isinstance(one[0], tuple) or one[0]() is not None}
            self._from, self._crowded = alive, 2 * len(alive) + 1_000
        if isinstance(child, list | tuple):
            self._from[id(child)] = _print_of(child), ancestor, same
            return
        try:
            self._from[id(child)] = weakref.ref(child), ancestor, same
        except TypeError:
            return

    def origin(self, thing: Any) -> int | None:
        """Return the identity of a thing, or of the known one whose very rows it holds; None where there is none."""
        known = self.known(thing)
        if known is not None:
            return known
        number, same = self._derived(thing)
        return number if same else None

    def ancestor(self, thing: Any) -> int | None:
        """Return the identity of a thing, or of the known one that it was made from, be it a part of its rows."""
        known = self.known(thing)
        return known if known is not None else self._derived(thing)[0]

    def derived_from(self, thing: Any) -> int | None:
        """Return the identity of the known thing that a thing was made from, whether or not it is known itself."""
        return self._derived(thing)[0]

    def _derived(self, thing: Any) -> tuple[int | None, bool]:
        mark, number, same = self._from.get(id(thing), (None, 0, False))
        if mark is None:
            return None, False
        alive = mark == _print_of(thing) if isinstance(mark, tuple) else mark() is thing
        return (number, same) if alive else (None, False)

    def origins(self, thing: Any) -> list[int]:
        """Return the known things whose rows an iterator, a generator or a dataset goes over, found among what it holds."""
        return list(dict.fromkeys(n for part in self.behind(thing) if (n := self.origin(part)) is not None))

    def behind(self, thing: Any, depth: int = 4) -> list[Any]:
        """Return what is known, or was made from something known, among what a thing holds: the nearest of each branch."""
        found: list[Any] = []
        seen: set[int] = set()
        waiting: list[tuple[Any, int]] = [(thing, 0)]
        while waiting:
            one, level = waiting.pop(0)
            if id(one) in seen:
                continue
            seen.add(id(one))
            if self.ancestor(one) is not None:
                found.append(one)
            elif level < depth:
                waiting.extend((part, level + 1) for part in _worth_following(one))
        return found


def _worth_following(thing: Any) -> Iterator[Any]:
    return (part for part in parts_of(thing) if not isinstance(part, str | int | float | type | None))


def _print_of(thing: Any) -> tuple[int, ...]:
    """What tells a list from another one that lies at the same address later."""
    if isinstance(thing, dict):
        return len(thing), *(id(key) for key in list(thing)[:2])
    return (len(thing), id(thing[0]), id(thing[len(thing) // 2]), id(thing[-1])) if thing else (0,)
