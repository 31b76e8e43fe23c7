"""Which call of which function a fact lies in."""

from __future__ import annotations

from collections.abc import Iterator

from rnnlab.facts import Fact, Scope
from rnnlab.record import Record


def around(record: Record, fact: Fact) -> Iterator[Scope]:
    """Return the calls of functions that a fact lies in, the innermost first."""
    inside = fact.inside
    while inside is not None:
        scope = record.fact(inside)
        if isinstance(scope, Scope):
            yield scope
        inside = scope.inside


def is_in(record: Record, fact: Fact, home: Scope | None, file: str) -> bool:
    """Say whether a fact lies in a call of a function, however deep; without one, in what a file does by itself."""
    if home is not None:
        return any(scope.n == home.n for scope in around(record, fact))
    outermost = list(around(record, fact))[-1:]
    place = outermost[0].place if outermost else fact.place
    return place is not None and place.file == file
