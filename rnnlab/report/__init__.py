"""Judges a record: one outcome per rule. `found`, `clear`, `unseen` (nobody could look) or `broke` (the rule failed)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from rnnlab.facts import WITNESSES, Call, Data, Fact, Loop, Witness
from rnnlab.record import Record
from rnnlab.rules.kit import LEVELS, Finding, Level, Rule, Unseen, catalogue

Status = Literal["found", "clear", "unseen", "broke"]


@dataclass(frozen=True)
class Outcome:
    """What one rule says of one record; `why` says why it is unseen or how it broke.

    `missing` names what the rule needs and the program never showed.
    """

    rule: Rule
    status: Status
    findings: tuple[Finding, ...] = ()
    why: str = ""
    missing: tuple[str, ...] = ()

    @property
    def applies(self) -> bool:
        """Whether the program showed what the rule judges at all."""
        return not self.missing

    def level(self, finding: Finding) -> Level:
        """Return a finding's level: the rule's own, or the lower one that the finding asks for."""
        wished: Level = finding.level or self.rule.level
        return LEVELS[max(LEVELS.index(wished), LEVELS.index(self.rule.level))]


@dataclass(frozen=True, repr=False)
class Report:
    """All outcomes of a record, in the order of the stages."""

    record: Record
    outcomes: tuple[Outcome, ...]

    def __str__(self) -> str:
        """What was found in a line or two each, then what is clear, unseen and broken, with the reasons."""
        lines = []
        for outcome, finding in self.found():
            place = f" ({finding.place.file}:{finding.place.line})" if finding.place is not None else ""
            lines.append(f"{outcome.level(finding)}: {outcome.rule.name}{place}\n    {finding.message}")
        for status in ("clear", "unseen", "broke"):
            for outcome in self.outcomes:
                if outcome.status == status:
                    lines.append(f"{status}: {outcome.rule.name}" + (f" ({outcome.why})" if outcome.why else ""))
        return "\n".join(lines)

    __repr__ = __str__

    def found(self, stage: str | None = None) -> list[tuple[Outcome, Finding]]:
        """Return the findings, those of one stage if one is named, certain ones first."""
        found = [
            (outcome, finding)
            for outcome in self.outcomes
            for finding in outcome.findings
            if stage is None or outcome.rule.stage == stage
        ]
        return sorted(found, key=lambda pair: LEVELS.index(pair[0].level(pair[1])))

    def seen_by(self, finding: Finding) -> tuple[Witness, ...]:
        """Return the witnesses that saw a finding, the most certain first."""
        saw = {self.record.fact(n).seen_by for n in finding.evidence if 0 <= n < len(self.record)}
        return tuple(witness for witness in WITNESSES if witness in saw)

    def of(self, name: str) -> Outcome:
        """Return the outcome of the rule of this name."""
        return next(outcome for outcome in self.outcomes if outcome.rule.name == name)


def judge(record: Record, rules: Iterable[Rule] | None = None) -> Report:
    """Ask every rule about a record; a rule that fails is reported as broken and harms no other."""
    if not isinstance(record, Record):
        raise TypeError(f"judge() takes a Record, as rnnlab.trace and inspectors.record() give it, not {record!r:.60}")
    chosen = list(catalogue().values()) if rules is None else list(rules)
    stand_ins, counted_short = _stand_ins(record), _counted_short(record)
    outcomes = []
    for rule in chosen:
        doubtful = (stand_ins if rule.real_data else set()) | (counted_short if rule.whole_loops else set())
        outcomes.append(_judge(rule, record, doubtful))
    return Report(record, tuple(outcomes))


def _judge(rule: Rule, record: Record, doubtful: set[int]) -> Outcome:
    """Ask one rule; a finding whose evidence is doubtful (a stand-in, a shortened loop) is none."""
    findings: list[Finding] = []
    try:
        missing = [need for need in rule.needs if not _is_there(rule, record, need)]
        if missing:
            made_up = [need for need in missing if any(_seen(record, need))]
            nothing = f"the program showed no {' and no '.join(missing)}"
            why = f"the program showed stand-ins alone for its {' and its '.join(made_up)}" if made_up else nothing
            return Outcome(rule, "unseen", why=why, missing=() if made_up else tuple(missing))
        for finding in rule.check(record):
            if doubtful.isdisjoint(finding.evidence):
                findings.append(finding)  # one by one: what was found stands, even if the rest could not be seen
    except Unseen as unseen:
        return Outcome(rule, "found" if findings else "unseen", tuple(findings), why=str(unseen))
    except Exception as error:
        return Outcome(rule, "broke", why=f"{type(error).__name__}: {error}")
    if not findings and doubtful:
        return Outcome(
            rule, "unseen", why="what it judges rests on stand-in data or on a loop that a dry run shortened"
        )
    return Outcome(rule, "found" if findings else "clear", tuple(findings))


def _is_there(rule: Rule, record: Record, need: str) -> bool:
    """Say whether a record shows what a rule needs: the source itself, or a fact of this name."""
    if need == "source":
        return bool(record.sources)
    return any(_counts_for(rule, fact) for fact in _seen(record, need))


def _seen(record: Record, need: str) -> Iterable[Fact]:
    yield from record.ask(Data, what=need)
    yield from record.ask(Call, what=need)
    if need == "metric":  # a run counts right answers, and holds what is printed against them
        yield from record.ask(Data, where=lambda fact: fact.seen_by == "run" and fact.what.endswith(" pass"))
    if need == "vocabulary":  # one of the program's own making, known by the words of made-up reviews that it numbers
        yield from record.ask(Data, what="marked words")


def _counts_for(rule: Rule, fact: Fact) -> bool:
    """A stand-in has no values or counts worth judging."""
    return not (rule.real_data and getattr(fact, "stand_in", False))


def _stand_ins(record: Record) -> set[int]:
    return {fact.n for fact in record.ask(Data, where=lambda fact: fact.stand_in)}


def _counted_short(record: Record) -> set[int]:
    """The loops that a dry run shortened, and what was counted in them, which is told right after a loop's end."""
    shortened = {loop.n for loop in record.ask(Loop, where=lambda loop: loop.shortened)}
    return shortened | {n + 1 for n in shortened}
