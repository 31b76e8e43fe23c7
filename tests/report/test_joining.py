"""Two witnesses of one program: what they agree on is one finding, where they differ the more certain one is believed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rnnlab.facts import Call, Data, GroupNote, Loop, Named, Place, Scope, TensorNote, Witness, makers
from rnnlab.record import Header, Record
from rnnlab.report import Report, judge
from rnnlab.report.joining import joined
from rnnlab.rules.kit import Finding, Level, Rule, Unseen

LINE, OTHER = Place("p.py", 3, 4, 3, 9), Place("p.py", 5)


def rule_of(finding_lines: dict[Witness, list[tuple[Place, Level | None]] | str]) -> Rule:
    """Return a rule that finds these lines in a record of a witness; a text says why it could not look."""

    def check(record: Record) -> Iterator[Finding]:
        witness = record.fact(0).seen_by
        said = finding_lines[witness]
        if said == "broke":
            raise ValueError("half way")
        if isinstance(said, str):
            raise Unseen(said)
        for place, level in said:
            yield Finding(place, f"the {witness} says so", (0 if place == LINE else 1,), level)

    return Rule("a_mistake", "rnn", "mistake", (), "# A mistake", check)


def reports(rule: Rule) -> tuple[Report, Report]:
    made = []
    for witness in ("run", "source"):
        record = Record(Header(program="p.py"))
        record.add_source("p.py", "line\n" * 6)
        record.add(Call(place=LINE, what="lstm", seen_by=witness))
        record.add(Call(place=OTHER, what="linear", seen_by=witness))
        made.append(judge(record, [rule]))
    return made[0], made[1]


def test_one_line_seen_by_two_is_one_finding_with_both_pieces_of_evidence() -> None:
    report, denied = joined(*reports(rule_of({"run": [(LINE, None)], "source": [(LINE, "risk"), (OTHER, "risk")]})))
    first, second = (finding for _, finding in report.found())
    assert first.message == "the run says so" and first.evidence == (0, 2) and first.level is None
    assert report.seen_by(first) == ("run", "source") and report.seen_by(second) == ("source",)
    assert second.place == OTHER and denied == ()


def test_the_more_serious_level_stands() -> None:
    report, _ = joined(*reports(rule_of({"run": [(LINE, "habit")], "source": [(LINE, "risk")]})))
    ((outcome, finding),) = report.found()
    assert outcome.level(finding) == "risk"


def test_a_run_that_looked_and_saw_nothing_wins_over_the_source_and_the_disagreement_is_kept() -> None:
    report, (denied,) = joined(*reports(rule_of({"run": [], "source": [(LINE, None)]})))
    assert report.of("a_mistake").status == "clear" and report.found() == []
    assert denied.rule == "a_mistake" and denied.finding.place == LINE and denied.finding.evidence == (2,)


@pytest.mark.parametrize(
    ("run", "source", "status", "why"),
    [
        ("stand-ins", [(LINE, None)], "found", ""),
        ("stand-ins", [], "clear", ""),
        ([(LINE, None)], [], "found", ""),
        ([], "not followed", "clear", ""),
        ("stand-ins", "not followed", "unseen", "stand-ins"),
        ("broke", [(LINE, None)], "found", ""),
        ("broke", [], "broke", "ValueError: half way"),
    ],
)
def test_whoever_could_look_answers(run: object, source: object, status: str, why: str) -> None:
    report, _ = joined(*reports(rule_of({"run": run, "source": source})))  # type: ignore[dict-item]
    outcome = report.of("a_mistake")
    assert (outcome.status, outcome.why) == (status, why)


def test_numbers_of_the_second_record_move_together() -> None:
    rule = rule_of({"run": [], "source": []})
    first, second = Record(), Record()
    for _ in range(3):
        first.add(Call(what="lstm"))
    second.add(Scope(function="forward", inputs=(Named("x", TensorNote((2,), made_by=(0,))),)))
    output = GroupNote("tuple", (Named("", TensorNote((2,), made_by=(1,))),))
    second.add(Call(what="lstm", inside=0, output=output))
    second.add(Data(what="loader", id=1, made_from=(7,)))
    second.add(Loop(kind="training", over=1))
    both = joined(judge(first, [rule]), judge(second, [rule]))[0].record
    scope, call, data, loop = (both.fact(n) for n in range(3, 7))
    assert isinstance(scope, Scope) and makers(scope.inputs[0].note) == {3}
    assert isinstance(call, Call) and call.inside == 3 and makers(call.output) == {4}
    assert isinstance(data, Data) and isinstance(loop, Loop) and data.id == loop.over and data.made_from != (7,)
