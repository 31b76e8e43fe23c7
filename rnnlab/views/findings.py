"""Draws what a report says: findings, outcomes, and the pages of the rules."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.rule import Rule as Line
from rich.text import Text

from rnnlab.errors import Entry
from rnnlab.record import Record
from rnnlab.report import Outcome, Report
from rnnlab.rules.kit import Finding, Level, Rule
from rnnlab.views.peeks import grid, table

LEVEL_STYLES: dict[Level, str] = {"mistake": "bold red", "risk": "bold yellow", "habit": "bold blue"}
MARKS: dict[Level, str] = {"mistake": "✗", "risk": "!", "habit": "·"}


def finding_view(record: Record, outcome: Outcome, finding: Finding) -> RenderableType:
    """Return one finding: its level and name, the line, the message, and how to read more."""
    level = outcome.level(finding)
    title = Text.assemble((f" {MARKS[level]} {level} ", LEVEL_STYLES[level]), (outcome.rule.name, "bold"), " ")
    lines: list[RenderableType] = [Text(finding.message)]
    if finding.place is not None:
        where = Text.assemble(
            (f"{Path(finding.place.file).name}:{finding.place.line}  ", "dim"), record.line(finding.place)
        )
        lines.append(where)
    lines.append(Text(f"more: rnnlab explain {outcome.rule.name}", style="dim"))
    return Panel(
        Group(*lines),
        title=title,
        title_align="left",
        border_style=LEVEL_STYLES[level].removeprefix("bold "),
        box=box.ROUNDED,
    )


def report_view(report: Report) -> RenderableType:
    """Return the end of a walk: the findings in a line each (their stages have shown them whole), then all outcomes."""
    parts: list[RenderableType] = []
    found = report.found()
    if found:
        shown = grid()
        for outcome, finding in found:
            level = outcome.level(finding)
            where = f"{Path(finding.place.file).name}:{finding.place.line}" if finding.place is not None else ""
            marked = Text(f"{MARKS[level]} {level}", style=LEVEL_STYLES[level])
            shown.add_row(
                marked, Text(outcome.rule.name, style="bold"), Text(outcome.rule.stage), Text(where, style="dim")
            )
        word = "finding" if len(found) == 1 else "findings"
        parts += [Line(Text(f" {len(found)} {word} ", style="bold"), style="dim"), shown, Text("")]
    parts.append(summary(report))
    return Group(*parts)


def summary(report: Report) -> RenderableType:
    """Return one line per status, so that nothing unseen passes for clear."""
    styles = {"found": "red", "clear": "green", "unseen": "yellow", "broke": "red"}
    words = {
        "found": "with findings",
        "clear": "clear",
        "unseen": "unseen, so not judged",
        "broke": "failed themselves (not your program's fault)",
    }
    shown = grid()
    for status, word in words.items():
        outcomes = [outcome for outcome in report.outcomes if outcome.status == status]
        for i, outcome in enumerate(outcomes):
            rules = "rule" if len(outcomes) == 1 else "rules"
            head = Text(f"{len(outcomes)} {rules} {word}" if not i else "", style=styles[status])
            shown.add_row(head, Text(f"{outcome.rule.name}  ").append(outcome.why, style="dim"))
    return shown


def page_view(rule: Rule) -> RenderableType:
    """Return a rule's page."""
    from rich.markdown import Markdown  # slow to import, and no other view needs it

    head = Text.assemble((f" {rule.level} ", LEVEL_STYLES[rule.level]), ("stage ", "dim"), rule.stage)
    head.append("  rule ", "dim").append(rule.name)
    page = rule.page.replace("```python bad", "**Found here:**\n\n```python")
    return Group(head, Text(""), Markdown(page.replace("```python good", "**Better:**\n\n```python")))


def error_view(entry: Entry) -> RenderableType:
    """Return what is known of an error that `rnnlab step` explains: what it is, and which exceptions say it."""
    head = Text.assemble((" error ", "bold red"), ("stage ", "dim"), entry.stage, ("  name ", "dim"), entry.name)
    raised = Text(f"Raised as {' or '.join(sorted(entry.errors))}.", style="dim")
    more = Text("rnnlab step PROGRAM.py explains it at your own line, with the sizes that it had there.", style="dim")
    return Group(head, Text(""), Text(entry.page), Text(""), raised, more)


def catalogue_view(rules: Iterable[Rule]) -> RenderableType:
    """Return the list of all mistakes, by stage."""
    shown = table("stage", "level", "name", "what it is")
    for rule in rules:
        shown.add_row(
            rule.stage, Text(rule.level, style=LEVEL_STYLES[rule.level]), Text(rule.name, style="bold"), rule.title
        )
    return shown
