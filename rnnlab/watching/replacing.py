"""Replaces functions and methods while a recording runs, and puts them back afterwards, also after a crash."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

from rnnlab.watching.places import Places

Function = Callable[..., Any]


@contextlib.contextmanager
def replaced(owner: Any, name: str, new: Any) -> Iterator[None]:
    """Replace an attribute for a while."""
    original = vars(owner)[name]
    setattr(owner, name, new)
    try:
        yield
    finally:
        setattr(owner, name, original)


class Replacements:
    """Methods that are replaced in their classes, functions in their modules and wherever the learner imported them by name.

    The learner's modules are looked through once for all that was added before `spread`, as a recording replaces dozens.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._waiting: dict[int, Function] = {}  # by the identity of the original
        self._attributes: list[tuple[Any, str, Any]] = []
        # What was changed where: the namespace, the name in it, what stood there and what stands there now.
        self._changed: list[tuple[dict[str, Any], str, Any, Function]] = []

    def attribute(self, owner: Any, name: str, new: Any) -> None:
        """Replace an attribute of a class."""
        self._attributes.append((owner, name, vars(owner)[name]))
        setattr(owner, name, new)

    def add(self, owner: Any, new: dict[str, Function]) -> None:
        """Replace functions in their module; the learner's modules follow with `spread`.

        Args:
            new: the replacements, by the functions' names in `owner`.
        """
        for name, function in new.items():
            self._waiting[id(vars(owner)[name])] = function
            self._change(vars(owner), name, function)

    def spread(self) -> None:
        """Replace what was added since the last time wherever the learner's modules hold it."""
        for namespace, word, value in self._held_by_learner(self._waiting):
            self._change(namespace, word, self._waiting[id(value)])
        self._waiting.clear()

    def _change(self, namespace: dict[str, Any], word: str, new: Function) -> None:
        self._changed.append((namespace, word, namespace[word], new))
        namespace[word] = new

    def put_back(self) -> None:
        """Put every original back, a function where its replacement still stands."""
        for owner, name, original in reversed(self._attributes):
            setattr(owner, name, original)
        self._attributes.clear()
        originals = {id(new): original for _, _, original, new in self._changed}
        for namespace, word, original, new in reversed(self._changed):
            if namespace.get(word) is new:
                namespace[word] = original
        # A module that was imported while the recording ran holds the replacement under its own name.
        for namespace, word, value in self._held_by_learner(originals):
            namespace[word] = originals[id(value)]
        self._changed.clear()

    def _held_by_learner(self, wanted: dict[int, Any]) -> list[tuple[dict[str, Any], str, Any]]:
        """Return where the learner's modules hold things, by the things' identities: namespace, name and thing."""
        if not wanted:
            return []
        namespaces = [vars(module) for module in _learner_modules(self._places)]
        return [
            (names, word, value) for names in namespaces for word, value in names.copy().items() if id(value) in wanted
        ]


# Names of modules that are nobody's but a library's: asked once, as a program has more than a thousand of them.
_of_libraries: set[str] = set()
# The modules of a learner's that were found last, and what `sys.modules` looked like then.
_found: dict[tuple[Any, ...], tuple[tuple[Any, ...], list[Any]]] = {}


def _learner_modules(places: Places) -> list[Any]:
    last = next(reversed(sys.modules))
    state = len(sys.modules), last, id(sys.modules[last]), id(sys.modules.get("__main__"))
    known = _found.get(places.also)
    if known is None or known[0] != state:
        known = _found[places.also] = state, _looked_for(places)
    return known[1]


def _looked_for(places: Places) -> list[Any]:
    mine = []
    for name in sys.modules.keys() - _of_libraries:
        module = sys.modules.get(name)
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and places.kind(file) == "learner":
            mine.append(module)
        elif not name.startswith(("rnnlab", "__main__")):
            _of_libraries.add(name)
    return mine
