"""Line by line: which variables changed, without running anything of the learner's."""

from __future__ import annotations

import sys
from pathlib import Path

from followed import follow, line_of

from rnnlab.facts import Gap, Locals
from rnnlab.record import Record
from rnnlab.watching.lines import Lines
from rnnlab.watching.watch import Watch, new_record


def changes(record: Record) -> list[tuple[int, str, str, int]]:
    """Return (line, variable, text, times) of every change."""
    return [
        (line_of(fact), item.name, item.note.text, fact.times)  # type: ignore[union-attr]
        for fact in record.ask(Locals)
        for item in fact.changed
    ]


def test_each_line_tells_what_it_changed(tmp_path: Path) -> None:
    program = """
        import torch
        name = "a review"
        sizes = [1, 2]
        def longer(text):
            words = text.split()
            vector = torch.zeros(3)
            return len(words)
        count = longer(name)
        sizes.append(3)
    """
    record, _ = follow(tmp_path, program, lines=True)
    assert changes(record) == [
        (3, "name", "'a review'", 1),
        (4, "sizes", "2 items", 1),
        (6, "words", "2 items", 1),
        (9, "count", "2", 1),
        (10, "sizes", "3 items", 1),
    ]
    assert [fact.function for fact in record.ask(Locals)] == ["", "", "longer", "", ""]


def test_a_loop_tells_its_first_different_changes_and_its_last(tmp_path: Path) -> None:
    record, _ = follow(tmp_path, "total = 0\nfor i in range(1000):\n    total += i\n", lines=True)
    mine = [change for change in changes(record) if change[1] == "total"]
    assert [text for _, _, text, _ in mine] == ["0", "1", "3", "6", "10", "15", "499500"]
    assert mine[-1][3] == 994 and len(record) < 20


def test_nothing_of_the_learners_is_asked_for_its_words(tmp_path: Path) -> None:
    program = """
        class Loud(dict):
            def __repr__(self): raise RuntimeError("asked")
            __len__ = __eq__ = __repr__
        loud = Loud()
        long = "x" * 1000
        huge = 10 ** 5000
    """
    record, _ = follow(tmp_path, program, lines=True)
    told = {name: text for _, name, text, _ in changes(record)}
    assert told["loud"] == "" and len(told["long"]) < 100 and told["huge"] == "16610 bits"


def test_the_tracer_that_was_there_stays() -> None:
    def tracer(*_: object) -> None:
        return None

    recorder, before = Watch(new_record()).recorder, sys.gettrace()
    sys.settrace(tracer)
    try:
        with Lines(recorder).watching():
            kept = sys.gettrace()
    finally:
        sys.settrace(before)
    assert kept is tracer
    gap = recorder.record.first(Gap)
    assert gap is not None and "debugger" in gap.why


def test_the_tracer_is_taken_away_again(tmp_path: Path) -> None:
    before = sys.gettrace()
    follow(tmp_path, "x = 1", lines=True)
    assert sys.gettrace() is before
