"""Findings and outcomes as plain values, as the formats write them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rnnlab import sources
from rnnlab.facts import Call, Data, Fact, Loop, Probe, Said
from rnnlab.record import Record
from rnnlab.report import Outcome, Report, Status
from rnnlab.rules.kit import Finding, Level
from rnnlab.views.checks import shown


def finding_of(report: Report, outcome: Outcome, finding: Finding) -> dict[str, Any]:
    """Return one finding: rule, level, place, message, who saw it, and the facts that prove it."""
    place = finding.place
    return {
        "rule": outcome.rule.name,
        "stage": outcome.rule.stage,
        "level": outcome.level(finding),
        "file": place.file if place is not None else report.record.header.program,
        "cell": place.cell if place is not None else None,
        "line": place.line if place is not None else None,
        "column": place.column + 1 if place is not None else None,
        "end_line": (place.end_line or place.line) if place is not None else None,
        "end_column": place.end_column + 1 if place is not None and place.end_column else None,
        "message": finding.message,
        "seen_by": list(report.seen_by(finding)),
        "evidence": [evidence_of(report.record, n) for n in finding.evidence if 0 <= n < len(report.record)],
    }


def evidence_of(record: Record, n: int) -> dict[str, Any]:
    """Return one fact in short: its number, who saw it, where, what it is, and the numbers that it holds."""
    fact = record.fact(n)
    place = fact.place
    return {
        "fact": n,
        "seen_by": fact.seen_by,
        "what": _what(fact),
        "line": place.line if place is not None else None,
        "file": place.file if place is not None else None,
        "cell": place.cell if place is not None else None,
        "source": sources.cut(record.text_of(place), place)[:200] if place is not None else "",
        "numbers": _numbers(fact),
    }


def _what(fact: Fact) -> str:
    if isinstance(fact, Call | Data | Probe):
        return fact.what
    return fact.kind if isinstance(fact, Loop) else "said" if isinstance(fact, Said) else type(fact).__name__.lower()


def _numbers(fact: Fact) -> dict[str, Any]:
    if isinstance(fact, Probe):
        return {"given": fact.given, "seen": fact.seen}
    if isinstance(fact, Data):
        return dict(fact.counts)
    return dict(fact.values) if isinstance(fact, Call) else {}


def all_findings(reports: Sequence[Report], level: Level) -> list[dict[str, Any]]:
    """Return the findings of several programs, one program after another."""
    return [finding_of(report, outcome, one) for report in reports for outcome, one in shown(report, level)]


def outcomes_of(reports: Sequence[Report]) -> list[dict[str, Any]]:
    """Return one outcome for each rule over all programs: clear only where it is in every program that it speaks of."""
    by_name: dict[str, list[Outcome]] = {}
    for report in reports:
        for outcome in report.outcomes:
            by_name.setdefault(outcome.rule.name, []).append(outcome)
    return [{"rule": name, **_together(outcomes)} for name, outcomes in by_name.items()]


def _together(outcomes: list[Outcome]) -> dict[str, Any]:
    speaking = [outcome for outcome in outcomes if outcome.applies] or outcomes
    statuses: tuple[Status, ...] = ("found", "broke", "unseen", "clear")
    status = next(one for one in statuses if any(outcome.status == one for outcome in speaking))
    why = _first(outcome.why for outcome in speaking if outcome.status == status)
    return {"status": status, "stage": outcomes[0].rule.stage, "level": outcomes[0].rule.level, "why": why}


def _first(words: Iterable[str]) -> str:
    return next((word for word in words if word), "")
