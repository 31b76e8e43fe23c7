"""Runs a few lines as a learner's old program, with the bridges under it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from rnnlab.facts import Instead
from rnnlab.watching.bridges import Bridges
from rnnlab.watching.recorder import Recorder
from rnnlab.watching.watch import new_record


class Ran(NamedTuple):
    """The names that a program has made, and what was told of it."""

    names: dict[str, Any]
    told: list[Instead]

    def lines(self, what: str) -> list[int]:
        """Return the lines at which something was told whose name holds these words."""
        return [fact.place.line for fact in self.told if what in fact.what and fact.place is not None]


def told_by(recorder: Recorder) -> list[Instead]:
    """Return what a recorder was told to have been done instead."""
    return [fact for fact in map(recorder.record.fact, range(len(recorder.record))) if isinstance(fact, Instead)]


@pytest.fixture
def run_old(tmp_path: Path) -> Callable[[str], Ran]:
    """Run a program as the learner's own file; what it imports and patches is gone afterwards."""

    def run(source: str) -> Ran:
        path = tmp_path / "old.py"
        path.write_text(textwrap.dedent(source), encoding="utf-8")
        recorder, names = Recorder(new_record()), {"__name__": "__main__", "folder": str(tmp_path)}
        with Bridges(recorder):
            exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), names)
        return Ran(names, told_by(recorder))

    return run
