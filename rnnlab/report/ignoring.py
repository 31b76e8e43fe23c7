"""Leaves out what the learner has seen and wants: `# rnnlab: ignore[padding_read_as_last_step] the lecture's first model`."""

from __future__ import annotations

import functools
import re
from dataclasses import replace

from rnnlab.record import Record
from rnnlab.report import Outcome, Report
from rnnlab.rules.kit import Finding

_COMMENT = re.compile(r"#\s*rnnlab:\s*ignore\b(?:\[(?P<names>[\w\s,]*)\])?(?P<reason>.*)", re.IGNORECASE)


def without_ignored(report: Report) -> Report:
    """Return a report without the findings that a comment on their own line (or alone on the line above) asks to leave out.

    Without names in brackets the comment speaks of every mistake on that line.
    """
    return Report(report.record, tuple(_kept(report.record, outcome) for outcome in report.outcomes))


def _kept(record: Record, outcome: Outcome) -> Outcome:
    findings = tuple(one for one in outcome.findings if not is_ignored(record, outcome.rule.name, one))
    if len(findings) == len(outcome.findings):
        return outcome
    why = "what was found is ignored by a comment in the source"
    return replace(outcome, findings=findings, status="found" if findings else "clear", why="" if findings else why)


def is_ignored(record: Record, name: str, finding: Finding) -> bool:
    """Say whether a comment in the source asks to leave a finding out."""
    place = finding.place
    if place is None:
        return False
    comments = _ignored_lines(record.text_of(place))
    lines = range(place.line, max(place.line, place.end_line) + 1) if place.end_line - place.line < 10 else [place.line]
    return any(line in comments and (not comments[line] or name in comments[line]) for line in lines)


@functools.lru_cache(maxsize=64)
def _ignored_lines(text: str) -> dict[int, frozenset[str]]:
    """Return the lines that comments speak of, with the names that they name (none: all)."""
    found: dict[int, frozenset[str]] = {}
    lines = text.splitlines()
    for n, line in enumerate(lines, 1):
        comment = _COMMENT.search(line)
        if comment is None:
            continue
        names = frozenset(re.findall(r"\w+", comment["names"] or ""))
        found[n] = names
        if line.lstrip().startswith("#"):  # alone on its line: it speaks of the next one
            found[n + 1] = names
    return found
