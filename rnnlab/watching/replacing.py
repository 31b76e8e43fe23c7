"""Replaces functions and methods while a recording runs, and puts them back afterwards, also after a crash."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

from rnnlab.watching.places import Places


@contextlib.contextmanager
def replaced(owner: Any, name: str, new: Any) -> Iterator[None]:
    """Replace an attribute for a while."""
    original = vars(owner)[name]
    setattr(owner, name, new)
    try:
        yield
    finally:
        setattr(owner, name, original)


@contextlib.contextmanager
def replaced_everywhere(owner: Any, new: dict[str, Callable[..., Any]], places: Places) -> Iterator[None]:
    """Replace functions in their module and in every module of the learner's that imported one of them by name.

    Args:
        new: the replacements, by the functions' names in `owner`.
    """
    instead = {id(getattr(owner, name)): function for name, function in new.items()}
    changed: list[tuple[dict[str, Any], str, Any]] = []
    for module in [owner, *_learner_modules(places)]:
        for word, value in list(vars(module).items()):
            if id(value) in instead:
                changed.append((vars(module), word, value))
                vars(module)[word] = instead[id(value)]
    originals = {id(instead[id(value)]): value for _, _, value in changed}
    try:
        yield
    finally:
        for namespace, word, value in changed:
            if namespace.get(word) is instead[id(value)]:
                namespace[word] = value
        # A module that was imported while the recording ran holds the replacement under its own name.
        for module in _learner_modules(places):
            for word, value in list(vars(module).items()):
                if id(value) in originals:
                    vars(module)[word] = originals[id(value)]


# Names of modules that are nobody's but a library's: asked once, as a program has more than a thousand of them.
_of_libraries: set[str] = set()


def _learner_modules(places: Places) -> list[Any]:
    # Asked dozens of times in a row when a recording begins and ends.
    if places.own_modules is not None and places.own_modules[0] == len(sys.modules):
        return places.own_modules[1]
    mine = []
    for name, module in [pair for pair in sys.modules.items() if pair[0] not in _of_libraries]:
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and places.kind(file) == "learner":
            mine.append(module)
        elif not name.startswith(("rnnlab", "__main__")):
            _of_libraries.add(name)
    places.own_modules = len(sys.modules), mine
    return mine
