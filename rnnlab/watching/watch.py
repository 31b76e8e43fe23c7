"""Watches a stretch of program and writes what it sees into a record: the three witnesses of a run, switched on together."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rnnlab.facts import Crash, Place
from rnnlab.record import Header, Record, versions
from rnnlab.watching.places import Places
from rnnlab.watching.recorder import Recorder

_PACKAGES = ("rnnlab", "torch", "torchtext", "spacy", "pandas")


def new_record(path: str | Path | None = None, **header: Any) -> Record:
    """Begin a record that names the versions it was made with; it is written to `path` as it grows, if one is given."""
    return Record(Header(versions=versions(*_PACKAGES), **header), path)


def new_recorder(record: Record, also: Iterable[Path] = ()) -> Recorder:
    """Begin recording; files under `also` count as the learner's own."""
    return Recorder(record, Places(also))


@contextlib.contextmanager
def watching(recorder: Recorder) -> Iterator[Recorder]:
    """Watch everything that runs inside: torch calls, data libraries, printed text, and a crash, which goes on its way.

    The program computes what it would compute alone: nothing random is drawn, and every hook is removed afterwards.
    """
    from rnnlab.watching.calls import Calls
    from rnnlab.watching.libraries import Libraries

    libraries = Libraries(recorder)
    try:
        with libraries, Calls(recorder, libraries.describer):
            yield recorder
    except BaseException as error:
        _tell_crash(recorder, error)
        raise
    finally:
        recorder.flush()


def _tell_crash(recorder: Recorder, error: BaseException) -> None:
    if isinstance(error, KeyboardInterrupt | GeneratorExit | SystemExit):
        return
    mine = [
        Place(frame.f_code.co_filename, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if recorder.places.kind(frame.f_code.co_filename) == "learner"
    ]
    place = mine[-1] if mine else None
    recorder.tell(Crash(place=place, error=type(error).__name__, message=str(error)[:2000]))
