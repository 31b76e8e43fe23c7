"""Replays a record, stage by stage, without running anything: torch is not imported."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from rich.console import Console
from rich.text import Text

from rnnlab.facts import Call, Data, Fact, Scope
from rnnlab.record import Record
from rnnlab.report import judge
from rnnlab.stages import RUNS, STAGES, Stage
from rnnlab.verbs.stepper import Quit, Stepper
from rnnlab.views import findings, terminal
from rnnlab.views.crashes import crash_view

# What the header of a walk's record calls its program: such a record is shown stage by stage.
REFERENCE = "the reference pipeline"


def step_record(
    record: Record,
    *,
    pause: bool,
    quiz: bool = False,
    console: Console | None = None,
    read: Callable[[str], str] = input,
) -> None:
    """Show the stages that a record has, one after another, then its crash, if any, and all findings."""
    console = console or terminal.console()
    stepper = Stepper(record, console, pause, quiz, read)
    stages = stages_of(record)
    if not stages:
        console.print(
            Text("this record holds no stage: the program ended, or the file was cut, before the first one", "yellow")
        )
        return
    with contextlib.suppress(Quit):
        for i, stage in enumerate(stages):
            stepper.reached(stage, last=i == len(stages) - 1)
        if (crash := crash_view(record)) is not None:
            console.print(crash)
        console.print(findings.report_view(judge(record)))
    goodbye(stepper, console)


def stages_of(record: Record) -> list[Stage]:
    """Return the stages of which a record holds anything."""
    seen = {fact.stage for kind in (Scope, Data, Call) for fact in record.ask(kind) if not _is_borrowed(record, fact)}
    return [stage for stage in STAGES if stage.name in seen]


def _is_borrowed(record: Record, fact: Fact) -> bool:
    """Say whether a fact of one run belongs to another: the validation split is evaluated inside of training."""
    if fact.stage not in RUNS or isinstance(fact, Scope):
        return False
    return any(record.fact(n).stage in RUNS - {fact.stage} for n in record.enclosing(fact))


def goodbye(stepper: Stepper, console: Console) -> None:
    """Print the quiz's score, if one was asked."""
    if score := stepper.score():
        console.print(Text(score, style="bold magenta"))
