"""Describes an exception at the learner's line: what the operation was given, by name, with axes and sizes."""

from __future__ import annotations

import traceback
from typing import Any, NamedTuple

from rnnlab.facts import Crash, Named, Place
from rnnlab.operations import Operation
from rnnlab.watching.recorder import Recorder


class Failed(NamedTuple):
    """An operation that raised, with what it was given; `inputs` was noted before the call."""

    operation: Operation
    place: Place
    inputs: tuple[Named, ...]
    args: Any
    kwargs: dict[str, Any]
    module: Any = None


def crash_of(recorder: Recorder, error: BaseException) -> Crash:
    """Return the fact of an exception that left the program."""
    mine = [
        Place(frame.f_code.co_filename, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if recorder.places.kind(frame.f_code.co_filename) == "learner"
    ]
    return Crash(place=mine[-1] if mine else None, error=type(error).__name__, message=str(error)[:2000])
