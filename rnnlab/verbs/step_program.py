"""`rnnlab step PROGRAM` and `rnnlab run PROGRAM`: run it, then walk through what it did, or say what was bridged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from rnnlab.facts import Instead
from rnnlab.record import Record
from rnnlab.verbs.program import Ran, run_program
from rnnlab.verbs.travel import look
from rnnlab.views import terminal


def step_program(
    path: Path,
    arguments: Sequence[str] = (),
    *,
    pause: bool,
    save: Path | None = None,
    dry: bool = False,
    lines: bool = False,
    values: bool = False,
    console: Console | None = None,
) -> int:
    """Run a program under observation and step through its record; return the program's exit status.

    Raises:
        ProgramError: there is no such program; the message is one sentence.
        OSError: the record cannot be written.
    """
    console = console or terminal.console()
    ran = run_program(path, arguments, dry=dry, lines=lines, values=values, save=save)
    _say_how_it_ended(ran, console)
    record = Record.load(ran.record)
    look(record, pause=pause, console=console)
    record.close()
    if save is not None:
        console.print(Text(f"the record is kept: rnnlab step {save}", style="dim"))
    return ran.status


def run_bridged(path: Path, arguments: Sequence[str] = (), console: Console | None = None) -> int:
    """Run a program for real, with old libraries bridged to today's, and say at its end what to write today.

    Raises:
        ProgramError: there is no such program; the message is one sentence.
    """
    console = console or terminal.console(stderr=True)
    ran = run_program(path, arguments, watch=False)
    _say_how_it_ended(ran, console)
    record = Record.load(ran.record)
    bridged = list(record.ask(Instead))
    if bridged:
        console.print(Text("\nrnnlab bridged what has changed since this program was written:", style="dim"))
    for one in bridged:
        where = f"{Path(one.place.file).name}:{one.place.line}  " if one.place is not None else ""
        console.print(Text.assemble((f"  {where}", "dim"), (one.what, "bold"), f": {one.done}"))
        if one.today:
            console.print(Text(f"    today: {one.today}", style="dim"))
    record.close()
    return ran.status


def _say_how_it_ended(ran: Ran, console: Console) -> None:
    if ran.sentence:
        console.print(Text(ran.sentence, style="yellow"))
