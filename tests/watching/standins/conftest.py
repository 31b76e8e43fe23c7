"""Runs a few lines as a learner's program in a dry run: in an empty folder, with stand-ins for what is not there."""

from __future__ import annotations

import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from rnnlab.facts import Instead
from rnnlab.watching.bridges import Bridges
from rnnlab.watching.recorder import Recorder
from rnnlab.watching.standins import StandIns, has_made_up, is_stand_in
from rnnlab.watching.watch import new_record


class Ran(NamedTuple):
    """The names that a program has made, and what was told of it."""

    names: dict[str, Any]
    told: list[Instead]

    def of(self, what: str) -> list[Instead]:
        """Return what was told of things whose name holds these words."""
        return [fact for fact in self.told if what in fact.what]


@pytest.fixture
def run_dry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Ran]:
    """Run a program dry in a folder of its own, and see that nothing is left there, nor in the temporary folder."""
    here, temporary = tmp_path / "here", tmp_path / "temporary"
    here.mkdir()
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.chdir(here)

    def run(source: str) -> Ran:
        path = tmp_path / "program.py"
        text = textwrap.dedent(source)
        path.write_text(text, encoding="utf-8")
        recorder = Recorder(new_record())
        names: dict[str, Any] = {"__name__": "__main__", "is_stand_in": is_stand_in, "has_made_up": has_made_up}
        before = sorted(here.rglob("*"))
        with Bridges(recorder), StandIns(recorder, [text]):
            exec(compile(text, str(path), "exec"), names)
        assert sorted(here.rglob("*")) == before, "a dry run has left something in the learner's folder"
        assert not list(temporary.glob("rnnlab-*"))
        facts = map(recorder.record.fact, range(len(recorder.record)))
        return Ran(names, [fact for fact in facts if isinstance(fact, Instead)])

    return run
