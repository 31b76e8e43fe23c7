"""Runs a program under the witnesses of a run and judges it, in a fork of this (warm) process.

A fork has torch imported already, so that a program costs milliseconds; where there is no fork, a new process is started.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import runpy
import signal
import subprocess
import sys
import traceback
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LIMIT = 60  # seconds; every program here takes well under one


@dataclass(frozen=True)
class Found:
    """One finding, as plain data."""

    rule: str
    line: int
    level: str
    message: str


@dataclass(frozen=True)
class Judged:
    """What every rule said of one program."""

    status: dict[str, str]
    why: dict[str, str]
    found: list[Found] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, plain: dict[str, Any]) -> Judged:
        """Return it from plain data."""
        return cls(plain["status"], plain["why"], [Found(*found) for found in plain["found"]], plain["said"])

    def lines(self, rule: str) -> list[int]:
        """Return the lines that a rule flagged."""
        return [finding.line for finding in self.found if finding.rule == rule]

    def only(self, rule: str) -> Found:
        """Return the only finding of all rules, which must be this rule's."""
        assert [finding.rule for finding in self.found] == [rule], (self.found, self.why)
        return self.found[0]


def judge_program(path: Path) -> dict[str, Any]:
    """Run a program here, under Watch, and return what the rules say of it as plain data."""
    from rnnlab.report import judge
    from rnnlab.watching.watch import Watch, new_record

    os.environ["RNNLAB_STRICT"] = "1"
    record = new_record()
    with contextlib.redirect_stdout(io.StringIO()), Watch(record).looking():
        runpy.run_path(str(path), run_name="__main__")
    return plain_of(judge(record), record)


def plain_of(report: Any, record: Any) -> dict[str, Any]:
    """Return what the rules say as plain data."""
    from rnnlab.facts import Said

    return {
        "status": {outcome.rule.name: outcome.status for outcome in report.outcomes},
        "why": {outcome.rule.name: outcome.why for outcome in report.outcomes},
        "found": [
            [o.rule.name, finding.place.line if finding.place else 0, o.level(finding), finding.message]
            for o, finding in report.found()
        ],
        "said": [said.text for said in record.ask(Said)],
    }


def judged(path: Path) -> Judged:
    """Judge a program in a process of its own.

    Raises:
        AssertionError: the program (or the process) crashed; the message holds the traceback.
    """
    answer = _in_a_fork(path) if hasattr(os, "fork") else _in_a_process(path)
    plain = json.loads(answer or '{"crash": "the process ended without an answer"}')
    assert "crash" not in plain, plain["crash"]
    return Judged.of(plain)


def _answer(path: Path) -> str:
    os.chdir(path.parent)  # what a program saves stays beside it
    try:
        return json.dumps(judge_program(path))
    except BaseException:
        return json.dumps({"crash": f"{path.read_text(encoding='utf-8')}\n{traceback.format_exc()}"})


def _in_a_fork(path: Path) -> str:
    into, out = os.pipe()
    with warnings.catch_warnings():
        # Python warns of forking beside threads; torch is held to one thread by the fixture.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        status = 1
        try:
            os.close(into)
            signal.alarm(LIMIT)
            with os.fdopen(out, "w", encoding="utf-8") as pipe:
                pipe.write(_answer(path))
            status = 0
        finally:
            os._exit(status)
    os.close(out)
    with os.fdopen(into, encoding="utf-8") as pipe:
        answer = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return answer if code == 0 else json.dumps({"crash": f"the process ended with {code}\n{answer}"})


def _in_a_process(path: Path) -> str:
    command = [sys.executable, str(Path(__file__)), str(path)]
    return subprocess.run(command, check=False, capture_output=True, encoding="utf-8", timeout=LIMIT).stdout


if __name__ == "__main__":
    print(_answer(Path(sys.argv[1]).absolute()))
