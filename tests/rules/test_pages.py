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


@RULES
def test_bad_program_is_found_on_the_marked_lines(rule: Rule, judge_text: Callable[[str], Judged]) -> None:
    (program,) = blocks(rule.page, "bad")
    marked = [i for i, line in enumerate(program.splitlines(), 1) if line.endswith(MARK)]
    judged = judge_text(program)
    assert judged.lines(rule.name) == marked, judged.why[rule.name]
    assert {finding.rule for finding in judged.found} == {rule.name}
    assert {finding.level for finding in judged.found} == {rule.level}
    assert "broke" not in judged.status.values(), judged.why


@RULES
def test_good_program_is_clear(rule: Rule, judge_text: Callable[[str], Judged]) -> None:
    (program,) = blocks(rule.page, "good")
    judged = judge_text(program)
    assert judged.found == []
    assert judged.status[rule.name] == "clear", judged.why[rule.name]
    assert "broke" not in judged.status.values(), judged.why


def test_a_program_that_crashes_is_shown_with_its_traceback(judge_text: Callable[[str], Judged]) -> None:
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        judge_text("print(1 / 0)")
    with pytest.raises(AssertionError, match="the process ended with 3"):
        judge_text("import os\nos._exit(3)")
