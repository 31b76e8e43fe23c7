"""`rnnlab check`: checks what the command line names, prints it, and says by its exit code whether anything was found."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from rnnlab.jail import Jail
from rnnlab.record import Record, RecordError, is_record
from rnnlab.report import judge
from rnnlab.report.ignoring import without_ignored
from rnnlab.verbs.check import Checked, check_program, check_programs, warm_jail
from rnnlab.verbs.choices import Choices, chosen
from rnnlab.verbs.programs import NothingToCheckError, programs_in
from rnnlab.views import checks, terminal
from rnnlab.views.formats import formatted

_NOTHING, _FOUND, _NOT_LOOKED = 0, 1, 2


@dataclass(frozen=True)
class Wished:
    """What the command line asks for: paths, choices that override pyproject.toml, the format, and how much is said."""

    paths: tuple[Path, ...]
    choices: dict[str, Any]
    output: str = "text"
    whole: bool = False
    debug: bool = False


def check_command(wished: Wished, console: Console | None = None) -> int:
    """Check what was named, print it, and return the exit code: 0 nothing found, 1 findings, 2 could not look.

    Raises:
        NothingToCheckError: a path holds no program.
        ChoiceError: something asked for does not exist.
    """
    console = console or terminal.console()
    done: list[Checked] = []
    level = "habit"
    for path in wished.paths:
        choices = chosen(path, **wished.choices)
        level = choices.level
        for checked in _checked(path, choices):
            done.append(checked)
            if wished.output == "text":
                _print(checked, choices, wished, console, alone=len(wished.paths) == 1 and path.is_file())
    reports = [one.report for one in done]
    if wished.output != "text":
        sys.stdout.write(formatted(wished.output, reports, level) + "\n")
    elif len(done) > 1:
        console.print(checks.total_view(reports, level))
    if any(checks.shown(report, level) for report in reports):
        return _FOUND
    return _NOTHING if done and all(one.could_look for one in done) else _NOT_LOOKED


def _checked(path: Path, choices: Choices) -> Iterator[Checked]:
    """Check a record, or the programs at a path; those of a folder on all cores."""
    if path.is_file() and is_record(path):
        try:
            yield Checked(without_ignored(judge(Record.load(path), choices.rules())))
        except RecordError as error:
            raise NothingToCheckError(str(error)) from error
        return
    programs = programs_in(path, choices.exclude)
    if len(programs) == 1:
        yield from check_programs(programs, choices)
        return
    with ProcessPoolExecutor(min(len(programs), os.cpu_count() or 1)) as pool:
        yield from pool.map(_check_one, programs, [choices] * len(programs))


_jails: list[Jail] = []


def _check_one(path: Path, choices: Choices) -> Checked:
    """Check a program in a worker process, which keeps one warm jail for all that it is given."""
    if not choices.reading and not _jails:
        _jails.append(warm_jail())
    return check_program(path, choices.rules(), None if choices.reading else _jails[0])


def _print(checked: Checked, choices: Choices, wished: Wished, console: Console, *, alone: bool) -> None:
    report = checked.report
    found = checks.shown(report, choices.level)
    if not alone and not found and not wished.whole and checked.could_look:
        return
    name = report.record.header.program or "the record"
    console.print(Text(name, style="bold underline"))
    for trouble in checked.troubles:
        console.print(Text(f"  {trouble}", style="yellow"))
    console.print(checks.check_view(report, choices.level, whole=wished.whole))
    if not checked.could_look:
        console.print(Text("nothing could be judged: no rule came to an answer", style="yellow"))
    if wished.debug:
        _print_debug(checked, console)
    console.print()


def _print_debug(checked: Checked, console: Console) -> None:
    said = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in checked.seconds.items())
    console.print(Text(f"took: {said}", style="dim"))
    for one in checked.disagreements:
        where = f" {checks.where(one.finding.place)}" if one.finding.place is not None else ""
        console.print(Text(f"not believed: {one.rule}{where}: {one.finding.message}", style="dim"))
        console.print(Text(f"  {one.believed} looked and saw nothing", style="dim"))


def keep_checking(wished: Wished, console: Console | None = None) -> int:
    """Check, and check again whenever a program below the paths is saved, until Ctrl-C."""
    from watchfiles import PythonFilter, watch

    console = console or terminal.console()
    status = check_command(wished, console)
    folders = sorted({path if path.is_dir() else path.parent for path in wished.paths})
    only = PythonFilter(extra_extensions=(".ipynb",))
    for changed in watch(*folders, watch_filter=only, raise_interrupt=False):
        names = ", ".join(sorted({Path(name).name for _, name in changed}))
        console.print(Text(f"\n{names} was saved", style="dim"))
        status = check_command(wished, console)
    return status
