"""Draws what a check found in a terminal: each finding at its line with the span underlined, why, the fix, and who saw it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule as Line
from rich.syntax import Syntax
from rich.text import Text

from rnnlab.facts import Place
from rnnlab.record import Record
from rnnlab.report import Outcome, Report
from rnnlab.rules.kit import LEVELS, Finding, Level
from rnnlab.views.findings import LEVEL_STYLES, MARKS, summary

_WITNESS = {"run": "seen in a dry run", "probe": "tried on the model", "source": "read in the source"}
_BEFORE, _AFTER = 1, 1


def check_view(report: Report, level: Level = "habit", *, whole: bool = False) -> RenderableType:
    """Return the findings of one program, the certain ones first, and how much could be judged.

    Args:
        level: the least serious level that is shown.
        whole: also list every rule that is clear, unseen or broken, with the reason.
    """
    parts: list[RenderableType] = []
    for outcome, finding in shown(report, level):
        parts += [finding_at_line(report, outcome, finding), Text("")]
    parts.append(summary(report) if whole else _counts(report))
    return Group(*parts)


def shown(report: Report, level: Level) -> list[tuple[Outcome, Finding]]:
    """Return the findings of at least this level, the certain ones first, each level in the order of the source."""
    found = [pair for pair in report.found() if LEVELS.index(pair[0].level(pair[1])) <= LEVELS.index(level)]
    return sorted(found, key=lambda pair: (LEVELS.index(pair[0].level(pair[1])), *_position(pair[1].place)))


def _position(place: Place | None) -> tuple[str, int, int]:
    return (place.file, place.cell or 0, place.line) if place is not None else ("", 0, 0)


def finding_at_line(report: Report, outcome: Outcome, finding: Finding) -> RenderableType:
    """Return one finding: its level, name and place, the line with the span underlined, the message, and where to read on."""
    level = outcome.level(finding)
    head = Text.assemble(
        (f"{MARKS[level]} {level}", LEVEL_STYLES[level]), "  ", (outcome.rule.name, "bold"),
        (f"  {where(finding.place)}" if finding.place is not None else "", "dim"),
    )  # fmt: skip
    parts: list[RenderableType] = [head]
    if finding.place is not None and (code := excerpt(report.record, finding.place)) is not None:
        parts.append(Padding(code, (0, 0, 0, 2)))
    parts.append(Padding(Text(finding.message), (0, 0, 0, 2)))
    saw = " and ".join(_WITNESS[one] for one in report.seen_by(finding))
    more = f"rnnlab explain {outcome.rule.name}"
    parts.append(Padding(Text(f"{saw + ' · ' if saw else ''}{more}", style="dim"), (0, 0, 0, 2)))
    return Group(*parts)


def where(place: Place) -> str:
    """Return `train.py:13:5`, or `lesson.ipynb, cell 3, line 2`."""
    name = Path(place.file).name
    if place.cell is not None:
        return f"{name}, cell {place.cell}, line {place.line}"
    return f"{name}:{place.line}:{place.column + 1}"


def excerpt(record: Record, place: Place) -> RenderableType | None:
    """Return the line of a place between its neighbours, numbered, with marks under the span; None without the source."""
    lines = record.text_of(place).splitlines()
    if not 0 < place.line <= len(lines):
        return None
    first, last = max(1, place.line - _BEFORE), min(len(lines), place.line + _AFTER)
    margin = min(len(line) - len(line.lstrip()) for line in lines[first - 1 : last] if line.strip())
    width = len(str(last))
    parts: list[RenderableType] = []
    for n in range(first, last + 1):
        own = n == place.line
        text = Syntax("", "python").highlight(lines[n - 1][margin:])
        text.rstrip()
        if not own:
            text.stylize("dim")
        parts.append(Text.assemble((f"{n:>{width}} ", "bold" if own else "dim"), ("│ ", "dim"), text))
        if own and (marks := _underline(lines[n - 1], place)):
            blank = " " * (marks[0] - margin)
            parts.append(Text.assemble((" " * width + " ", ""), ("│ ", "dim"), blank, ("^" * marks[1], "bold red")))
    return Group(*parts)


def _underline(line: str, place: Place) -> tuple[int, int] | None:
    """Return where the marks under a line begin and how many there are; None for a place without columns."""
    if not place.end_column and not place.column:
        return None
    one_line = place.end_line in (0, place.line)
    end = place.end_column if one_line and place.end_column else len(line.rstrip())
    return (place.column, max(1, end - place.column)) if place.column < len(line) else None


def _counts(report: Report) -> RenderableType:
    """Return one line: how many rules found something, are clear, could not look, or failed."""
    counts = Counter(outcome.status for outcome in report.outcomes)
    words = {"found": "found something", "clear": "clear", "unseen": "could not look", "broke": "failed themselves"}
    styles = {"found": "red", "clear": "green", "unseen": "yellow", "broke": "red"}
    parts = [(f"{counts[status]} {word}", styles[status]) for status, word in words.items() if counts[status]]
    text = Text(f"{len(report.outcomes)} rules: ", style="dim")
    for i, (part, style) in enumerate(parts):
        text.append(", " if i else "", style="dim").append(part, style=style)
    return text


def total_view(reports: Sequence[Report], level: Level) -> RenderableType:
    """Return the end of a check of several programs: how many findings of each level in how many of them."""
    found = Counter(outcome.level(finding) for report in reports for outcome, finding in shown(report, level))
    programs = "1 program" if len(reports) == 1 else f"{len(reports):,} programs"
    said = [f"{found[one]:,} {one}{'s' if found[one] != 1 else ''}" for one in LEVELS if found[one]]
    return Group(Line(style="dim"), Text(f"{programs}: {', '.join(said) or 'nothing found'}", style="bold"))
