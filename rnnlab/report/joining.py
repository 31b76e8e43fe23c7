"""Joins what several witnesses say of one program: their records into one, their reports into one.

Two that agree are one finding with the evidence of both. Where they disagree, a run that was whole wins over the source, a dry
run only where nothing stood in for what the rule judges (then the rule had an answer of its own); what was said and not
believed is kept as a `Disagreement`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from rnnlab.facts import Call, Crash, Data, Fact, GroupNote, Loop, Named, PackedNote, Place, Scope, TensorNote
from rnnlab.record import Record
from rnnlab.report import Outcome, Report
from rnnlab.rules.kit import LEVELS, Finding, Level


@dataclass(frozen=True)
class Disagreement:
    """A finding of one witness that another one, who looked as well, did not see."""

    rule: str
    finding: Finding
    believed: str


def joined(run: Report, source: Report) -> tuple[Report, tuple[Disagreement, ...]]:
    """Return one report of a program that ran (whole or dry) and whose source was read (and its model probed)."""
    record, offset = _one_record(run.record, source.record)
    outcomes: list[Outcome] = []
    disagreements: list[Disagreement] = []
    for ours in run.outcomes:
        theirs = _moved(source.of(ours.rule.name), offset)
        outcome, denied = _agreed(ours, theirs, record)
        outcomes.append(outcome)
        disagreements += [Disagreement(ours.rule.name, one, "the run") for one in denied]
    return Report(record, tuple(outcomes)), tuple(disagreements)


def side_by_side(reports: Sequence[Report]) -> Report:
    """Return one report of several programs: a rule has found what it found in any of them.

    It is clear where it is in every program that it speaks of.
    """
    first, *others = reports
    record, outcomes = first.record, list(first.outcomes)
    for other in others:
        record, offset = _one_record(record, other.record)
        outcomes = [_both(one, _moved(other.of(one.rule.name), offset)) for one in outcomes]
    return Report(record, tuple(outcomes))


_WORST = ("found", "broke", "unseen", "clear")


def _both(one: Outcome, other: Outcome) -> Outcome:
    speaking = [outcome for outcome in (one, other) if outcome.applies] or [one, other]
    worst = min(speaking, key=lambda outcome: _WORST.index(outcome.status))
    findings = [*one.findings]
    findings += [finding for finding in other.findings if _line(finding) not in {_line(known) for known in findings}]
    return replace(worst, findings=tuple(findings))


def _agreed(run: Outcome, source: Outcome, record: Record) -> tuple[Outcome, list[Finding]]:
    """Return what is said in the end, and the findings that were not believed."""
    if run.status == "broke" or source.status == "broke":
        broke, other = (run, source) if run.status == "broke" else (source, run)
        return (other if other.status == "found" else broke), []
    if run.status == "clear" and source.status == "found":
        return run, list(source.findings)
    if "found" in (run.status, source.status):
        findings = _united(run.findings, source.findings, record)
        return replace(run, status="found", findings=findings, why="", missing=()), []
    if "clear" in (run.status, source.status):
        return (run if run.status == "clear" else source), []
    # Nobody could look: the reason of whoever met what the rule is about.
    return (run if run.applies or not source.applies else source), []


def _united(run: Sequence[Finding], source: Sequence[Finding], record: Record) -> tuple[Finding, ...]:
    """Return all findings, one for each thing that was done; the run has measured, so its words stand.

    The source may name another line for it: where a layer was made, not where it was called.
    """
    found = list(run)
    for other in source:
        same = next((i for i, one in enumerate(found) if _is_same(one, other, record)), None)
        if same is None:
            found.append(other)
        else:
            level = _higher(found[same].level, other.level)
            evidence = (*found[same].evidence, *other.evidence)
            proof = record.fact(evidence[0]) if found[same].evidence else None
            if isinstance(proof, Data) and proof.what == "marked words":
                message = f"{other.message} A dry run agrees: {found[same].message}"
                found[same] = Finding(other.place, message, evidence, level)
            else:
                found[same] = replace(found[same], evidence=evidence, level=level)
    return tuple(found)


def _is_same(one: Finding, other: Finding, record: Record) -> bool:
    if _line(one) == _line(other):
        return True
    first, second = (record.fact(f.evidence[0]) if f.evidence else None for f in (one, other))
    if isinstance(first, Data) and first.what == "marked words":
        # The marks prove what was built and do not show the line.
        return one.place is None or other.place is None or _file(one.place) == _file(other.place)
    return first is not None and second is not None and first.place is not None and first.place == second.place


def _file(place: Place) -> str:
    """Return a place's file in full: the source may have been read under a path from the present folder."""
    return os.path.abspath(place.file)  # noqa: PTH100  # links stay


def _line(finding: Finding) -> Any:
    place = finding.place
    return None if place is None else (_file(place), place.cell, place.line)


def _higher(one: Level | None, other: Level | None) -> Level | None:
    """Return the more serious of two levels; None is the rule's own, which is the most serious."""
    if one is None or other is None:
        return None
    return one if LEVELS.index(one) <= LEVELS.index(other) else other


def _moved(outcome: Outcome, offset: int) -> Outcome:
    findings = tuple(replace(one, evidence=tuple(n + offset for n in one.evidence)) for one in outcome.findings)
    return replace(outcome, findings=findings)


# --- records -------------------------------------------------------------------------------------------------------


def _one_record(first: Record, second: Record) -> tuple[Record, int]:
    """Return a record with the facts of both, and by how much the numbers of the second have moved."""
    both = Record(first.header)
    for record in (first, second):
        for file, text in record.sources.items():
            both.add_source(file, text)
    for fact in first:
        both.add(fact)
    offset = len(both)
    for fact in second:
        both.add(_renumbered(fact, offset))
    return both, offset


def _renumbered(fact: Fact, offset: int) -> Fact:
    changed: dict[str, Any] = {"inside": None if fact.inside is None else fact.inside + offset}
    if isinstance(fact, Call | Scope | Crash):
        changed["inputs"] = tuple(_note_moved(item, offset) for item in fact.inputs)
    if isinstance(fact, Call | Scope) and fact.output is not None:
        changed["output"] = _note_moved(Named("", fact.output), offset).note
    if isinstance(fact, Data):
        changed |= {"id": fact.id + offset, "made_from": tuple(one + offset for one in fact.made_from)}
    if isinstance(fact, Loop) and fact.over is not None:
        changed["over"] = fact.over + offset
    return msgspec.structs.replace(fact, **changed)


def _note_moved(item: Named, offset: int) -> Named:
    note: Any = item.note
    if isinstance(note, GroupNote):
        note = msgspec.structs.replace(note, items=tuple(_note_moved(one, offset) for one in note.items))
    elif isinstance(note, TensorNote | PackedNote):
        note = msgspec.structs.replace(note, made_by=tuple(n + offset for n in note.made_by))
    return Named(item.name, note)
