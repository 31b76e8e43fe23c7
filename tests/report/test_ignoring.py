"""A comment in the source leaves a finding out, on its own line or alone on the line above, by name or altogether."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rnnlab.facts import Place
from rnnlab.record import Record
from rnnlab.report import judge
from rnnlab.report.ignoring import without_ignored
from rnnlab.rules.kit import Finding, Rule


def left(text: str, first: int = 2, last: int = 0) -> int:
    """Return how many findings of `a_mistake` at a line are left."""
    record = Record()
    record.add_source("p.py", text)

    def check(record: Record) -> Iterator[Finding]:
        yield Finding(Place("p.py", first, 0, last), "x")

    rule = Rule("a_mistake", "rnn", "mistake", (), "# A mistake", check)
    report = without_ignored(judge(record, [rule]))
    assert (report.of("a_mistake").status == "found") == bool(report.found())
    return len(report.found())


@pytest.mark.parametrize(
    "comment",
    [
        "# rnnlab: ignore[a_mistake]",
        "# rnnlab: ignore[a_mistake] on purpose: the lecture's first model",
        "# rnnlab: ignore[other, a_mistake]",
        "# rnnlab: ignore",
        "#rnnlab:ignore[a_mistake]",
        "# noqa  # rnnlab: ignore[a_mistake]",
    ],
)
def test_a_comment_on_the_line_or_alone_above_it(comment: str) -> None:
    assert left(f"a\nb  {comment}\nc") == 0
    assert left(f"{comment}\nb\nc") == 0
    assert left(f"a\nb(\n  x  {comment}\n)", 2, 4) == 0


@pytest.mark.parametrize("comment", ["# rnnlab: ignore[other]", "# ignore[a_mistake]", "# rnnlab: ignored", ""])
def test_any_other_comment_leaves_the_finding(comment: str) -> None:
    assert left(f"a\nb  {comment}\nc") == 1


def test_a_comment_behind_other_code_speaks_of_its_own_line_alone() -> None:
    assert left("a  # rnnlab: ignore[a_mistake]\nb\nc") == 1
    assert left("a\nb\nc  # rnnlab: ignore[a_mistake]") == 1


def test_a_long_block_is_ignored_at_its_first_line_alone() -> None:
    text = "\n".join(["a", *["b"] * 20, "c  # rnnlab: ignore", *["d"] * 5])
    assert left(text, 2, 25) == 1
