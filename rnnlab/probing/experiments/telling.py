"""Makes the facts of the experiments: one form for all, with the class' place and rounded numbers."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from rnnlab.facts import Place, Probe
from rnnlab.probing.experiments.subject import Subject


def told(subject: Subject, what: str, given: dict[str, Any], seen: dict[str, Any], line: int | None = None) -> Probe:
    """Return a fact: the model's name is always given, and a line of its code is its place where one is known."""
    place = subject.place
    if place is not None and line is not None:
        place = Place(place.file, line, cell=place.cell)
    elif place is not None and line is None:
        place = msgspec.structs.replace(place)
    given = {"model": subject.name, "seed": subject.seed, **given}
    return Probe(seen_by="probe", place=place, what=what, given=plain(given), seen=plain(seen), certain=True)


def plain(value: Any) -> Any:
    """Return plain data that JSON can hold, with numbers rounded to five digits."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.5g}") if math.isfinite(value) else str(value)
    return value
