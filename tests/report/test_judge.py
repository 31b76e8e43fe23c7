"""One outcome per rule: found, clear, unseen or broke."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from rnnlab.facts import Call, Data, Loop
from rnnlab.record import Record
from rnnlab.report import Outcome, Report, judge
from rnnlab.rules.kit import LEVELS, Check, Finding, Level, Rule, Unseen, catalogue


def made(name: str, check: Check, level: Level = "mistake", stage: str = "split", needs: tuple[str, ...] = ()) -> Rule:
    return Rule(name, stage, level, needs, "# A page", check)


def finding(message: str, level: Level | None = None) -> Check:
    def check(record: Record) -> Iterator[Finding]:
        yield Finding(None, message, (), level)

    return check


def nothing(record: Record) -> Iterator[Finding]:
    return iter(())


def broken(record: Record) -> Iterator[Finding]:
    yield Finding(None, "half way")
    raise KeyError("examples")


def not_looking(record: Record) -> Iterator[Finding]:
    raise Unseen("nobody could look")
    yield


def record_of(*facts: Any) -> Record:
    record = Record()
    for fact in facts:
        record.add(fact)
    return record


@pytest.mark.parametrize(
    ("check", "status", "why"),
    [
        (finding("x"), "found", ""),
        (nothing, "clear", ""),
        (not_looking, "unseen", "nobody could look"),
        (broken, "broke", "KeyError: 'examples'"),
    ],
)
def test_four_outcomes(check: Check, status: str, why: str) -> None:
    outcome = judge(Record(), [made("a_rule", check)]).of("a_rule")
    assert (outcome.status, outcome.why) == (status, why)
    assert bool(outcome.findings) is (status == "found")


def test_what_was_found_stands_where_the_rest_could_not_be_seen() -> None:
    def half(record: Record) -> Iterator[Finding]:
        yield Finding(None, "certain")
        raise Unseen("the rest is hidden")

    outcome = judge(Record(), [made("a_rule", half)]).of("a_rule")
    assert (outcome.status, outcome.why, len(outcome.findings)) == ("found", "the rest is hidden", 1)


def test_a_broken_rule_harms_no_other() -> None:
    report = judge(Record(), [made("one", broken), made("two", finding("x")), made("three", nothing)])
    assert [outcome.status for outcome in report.outcomes] == ["broke", "found", "clear"]


def test_a_rule_is_not_asked_without_what_it_needs() -> None:
    rule = made("a_rule", broken, needs=("vocabulary", "lstm"))
    assert judge(Record(), [rule]).of("a_rule").why == "the program showed no vocabulary and no lstm"
    half = record_of(Data(what="vocabulary", id=1))
    assert judge(half, [rule]).of("a_rule").why == "the program showed no lstm"
    whole = record_of(Data(what="vocabulary", id=1), Call(what="lstm"))
    assert judge(whole, [rule]).of("a_rule").status == "broke"


def test_stand_ins_are_not_judged() -> None:
    record = record_of(Data(what="vocabulary", id=1, stand_in=True))
    outcome = judge(record, [made("a_rule", finding("x"), needs=("vocabulary",))]).of("a_rule")
    assert (outcome.status, outcome.why) == ("unseen", "the program showed stand-ins alone for its vocabulary")


def pointing_at(*evidence: int) -> Check:
    """A check that finds something and proves it by these facts."""

    def check(record: Record) -> Iterator[Finding]:
        for n in evidence:
            yield Finding(None, f"by fact {n}", (n,))

    return check


def judging(check: Check, **declared: Any) -> Rule:
    return dataclasses.replace(made("a_rule", check, needs=("split",)), **declared)


def test_a_finding_that_rests_on_a_stand_in_is_none() -> None:
    record = record_of(Data(what="split", id=1), Data(what="split", id=2, stand_in=True))
    half = judge(record, [judging(pointing_at(0, 1))]).of("a_rule")
    assert (half.status, [finding.message for finding in half.findings]) == ("found", ["by fact 0"])
    none = judge(record, [judging(pointing_at(1))]).of("a_rule")
    assert (none.status, none.findings) == ("unseen", ()) and "stand-in data" in none.why
    assert judge(record, [judging(nothing)]).of("a_rule").status == "unseen"


def test_a_rule_about_the_program_itself_judges_stand_ins_too() -> None:
    record = record_of(Data(what="split", id=1, stand_in=True))
    assert judge(record, [judging(pointing_at(0), real_data=False)]).of("a_rule").status == "found"
    assert judge(record, [judging(nothing, real_data=False)]).of("a_rule").status == "clear"


def test_what_a_shortened_loop_counted_is_no_count_of_a_whole_pass() -> None:
    record = record_of(
        Data(what="split", id=1),
        Loop(kind="evaluation", index=3, executed=3, shortened=True),
        Data(what="evaluation pass", id=2, counts={"rows": 6.0}),
    )
    for check in (pointing_at(2), pointing_at(1), nothing):
        assert judge(record, [judging(check, whole_loops=True)]).of("a_rule").status == "unseen"
    assert judge(record, [judging(pointing_at(0), whole_loops=True)]).of("a_rule").status == "found"
    assert judge(record, [judging(nothing)]).of("a_rule").status == "clear"


def test_each_rule_says_what_it_judges_by() -> None:
    rules = catalogue()
    by_the_program_alone = {name for name, one in rules.items() if not one.real_data}
    assert by_the_program_alone >= {
        "three_way_split_read_in_the_wrong_order",
        "vocabulary_saw_the_test_set",
        "different_tokenizer_at_prediction",
    }
    assert rules["same_review_in_two_splits"].real_data and rules["html_breaks_in_the_vocabulary"].real_data
    assert rules["training_accuracy_called_test_accuracy"].whole_loops


def test_an_empty_record_shows_nothing_to_any_rule() -> None:
    assert {outcome.status for outcome in judge(Record()).outcomes} == {"unseen"}
    assert [outcome.rule.name for outcome in judge(Record()).outcomes] == list(catalogue())


@pytest.mark.parametrize("own", LEVELS)
@pytest.mark.parametrize("wished", [None, *LEVELS])
def test_a_finding_may_lower_the_level_and_never_raise_it(own: Level, wished: Level | None) -> None:
    (outcome,) = judge(Record(), [made("a_rule", finding("x", wished), own)]).outcomes
    level = outcome.level(outcome.findings[0])
    assert LEVELS.index(level) == max(LEVELS.index(own), LEVELS.index(wished or own))


def test_certain_findings_come_first() -> None:
    rules = [
        made("a", finding("only time"), "habit"),
        made("b", finding("likely"), "risk"),
        made("c", finding("lowered", "habit")),
        made("d", finding("certain"), stage="vocab"),
    ]
    report = judge(Record(), rules)
    assert [finding.message for _, finding in report.found()] == ["certain", "likely", "only time", "lowered"]
    assert [finding.message for _, finding in report.found("vocab")] == ["certain"]


def test_a_report_is_plain() -> None:
    rule = made("a_rule", nothing)
    assert Report(Record(), (Outcome(rule, "clear"),)).of("a_rule").rule is rule
    with pytest.raises(StopIteration):
        judge(Record(), [rule]).of("another_rule")
