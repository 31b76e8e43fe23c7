"""Which files and objects are stand-ins: whoever describes data asks here."""

from __future__ import annotations

import contextlib
import os
import weakref
from typing import Any

_PATHS: set[str] = set()
_OBJECTS: dict[int, weakref.ref[Any]] = {}
_MADE_UP: list[str] = []


def flag(thing: Any) -> Any:
    """Remember that a file (by its path) or an object was made up, and return it."""
    if isinstance(thing, str | os.PathLike):
        _PATHS.add(os.path.abspath(os.fspath(thing)))  # noqa: PTH100 (links are not followed)
        return thing
    # Lists and tuples have no weak references: they cannot be told apart from others later.
    with contextlib.suppress(TypeError):
        _OBJECTS[id(thing)] = weakref.ref(thing)
    return thing


def is_stand_in(thing: Any) -> bool:
    """Say whether a path or an object is a stand-in for something that was not there.

    An object is known by identity: what was made from it is found by its parents.
    """
    if isinstance(thing, str | os.PathLike):
        path = os.path.abspath(os.fspath(thing))  # noqa: PTH100 (links are not followed)
        return path in _PATHS or any(path.startswith(folder + os.sep) for folder in _PATHS)
    known = _OBJECTS.get(id(thing))
    return known is not None and known() is thing


def note_made_up(what: str) -> None:
    """Remember that the program was given data that were made up."""
    _MADE_UP.append(what)


def has_made_up() -> bool:
    """Say whether the program was given any data that were made up: what has no known parents may rest on them."""
    return bool(_MADE_UP)


def forget() -> None:
    """Forget everything (a run has ended)."""
    _MADE_UP.clear()
    _PATHS.clear()
    _OBJECTS.clear()
