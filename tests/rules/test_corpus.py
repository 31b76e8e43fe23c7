"""The catalogue over a corpus of whole programs: silent on clean ones, and it finds what is marked in broken ones."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent
sys.path.insert(0, str(TESTS / "benchmarks"))

from check import CORPUS, Place, Seen, labels_of, look, programs_of  # noqa: E402

# The held-out programs are measured by the benchmark alone: rules are not tuned on them.
CLEAN = programs_of(CORPUS / "clean")
BROKEN = [*programs_of(CORPUS / "broken_data"), *programs_of(CORPUS / "broken_training")]


@cache
def seen(program: Path) -> Seen:
    """Return what reading alone sees in a program."""
    return look(program, labels_of(program, program.parent, None), reading=True)


def unmarked(program: Path) -> list[Place]:
    """Return the findings called mistakes that no mark speaks of."""
    told = seen(program)
    return [p for p in told.found if p.level == "mistake" and not any(label.fits(p) for label in told.labels)]


@pytest.mark.parametrize("program", CLEAN, ids=lambda path: path.name)
def test_a_clean_program_has_no_mistake_and_breaks_no_rule(program: Path) -> None:
    assert unmarked(program) == []
    assert seen(program).broke == {}


def test_what_is_called_a_mistake_in_broken_programs_is_one() -> None:
    found = [p for program in BROKEN for p in seen(program).found if p.level == "mistake"]
    wrong = [f"{program.name}: {place}" for program in BROKEN for place in unmarked(program)]
    assert len(wrong) <= 0.03 * len(found), wrong


def test_no_rule_breaks_on_a_broken_program() -> None:
    assert {program.name: seen(program).broke for program in BROKEN if seen(program).broke} == {}


@pytest.mark.parametrize(("rule", "least"), [("gradients_not_zeroed", 0.8), ("softmax_before_cross_entropy", 0.8)])
def test_frequent_mistakes_are_found_in_the_source(rule: str, least: float) -> None:
    labels = [(program, label) for program in BROKEN for label in seen(program).labels if label.rule == rule]
    hit = [label for program, label in labels if any(label.fits(place) for place in seen(program).found)]
    assert len(labels) >= 4 and len(hit) >= least * len(labels)
