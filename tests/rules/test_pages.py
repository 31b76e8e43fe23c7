"""Every rule's page is true: its bad program is found on the marked lines by this rule alone, its good one is clear."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from forks import Judged

from rnnlab.rules.kit import Rule, catalogue

MARK = "# <- found here"
RULES = pytest.mark.parametrize("rule", catalogue().values(), ids=catalogue())


def blocks(page: str, kind: str) -> list[str]:
    """Return the fenced programs of a page that are marked as this kind."""
    return re.findall(rf"^```python {kind}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


@RULES
def test_page_has_its_parts(rule: Rule) -> None:
    parts = re.split(r"\*\*(What happened|Why it matters|Fix)\.\*\*", rule.page)
    assert parts[0].startswith("# ")
    assert parts[1::2] == ["What happened", "Why it matters", "Fix"]
    assert re.search(r"\d", parts[4]), "'Why it matters' has no number"
    assert len(blocks(rule.page, "bad")) == len(blocks(rule.page, "good")) == 1
    assert MARK in blocks(rule.page, "bad")[0]
    assert MARK not in blocks(rule.page, "good")[0]


Judge = Callable[[str], Judged]


@pytest.fixture
def witnesses(judge_text: Judge, check_text: Judge) -> dict[str, Judge]:
    """The two ways in which a page's program is looked at: it is run, and it is read and its models are tried."""
    return {"a run": judge_text, "the source": check_text}


@RULES
def test_bad_program_is_found_on_the_marked_lines(rule: Rule, witnesses: dict[str, Judge]) -> None:
    (program,) = blocks(rule.page, "bad")
    marked = [i for i, line in enumerate(program.splitlines(), 1) if line.endswith(MARK)]
    seen = {name: judge(program) for name, judge in witnesses.items()}
    found = {name: sorted(judged.lines(rule.name)) for name, judged in seen.items()}
    assert marked in found.values(), {name: judged.why[rule.name] for name, judged in seen.items()}
    for name, judged in seen.items():
        assert found[name] in ([], marked), name
        assert found[name] or judged.status[rule.name] != "clear", f"{name} calls the mistake clear"
        assert {finding.rule for finding in judged.found} <= {rule.name}, (name, judged.found)
        assert {finding.level for finding in judged.found} <= {rule.level}, name
        assert "broke" not in judged.status.values(), (name, judged.why)


@RULES
def test_good_program_is_clear(rule: Rule, witnesses: dict[str, Judge]) -> None:
    (program,) = blocks(rule.page, "good")
    seen = {name: judge(program) for name, judge in witnesses.items()}
    for name, judged in seen.items():
        assert judged.found == [], name
        assert "broke" not in judged.status.values(), (name, judged.why)
    statuses = {name: judged.status[rule.name] for name, judged in seen.items()}
    assert "clear" in statuses.values(), {name: judged.why[rule.name] for name, judged in seen.items()}


def test_a_program_that_crashes_is_shown_with_its_traceback(judge_text: Callable[[str], Judged]) -> None:
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        judge_text("print(1 / 0)")
    with pytest.raises(AssertionError, match="the process ended with 3"):
        judge_text("import os\nos._exit(3)")
