"""A report as a check makes it, with a finding of each level, for the tests of the views."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rnnlab.facts import Call, Place, Probe
from rnnlab.record import Header, Record
from rnnlab.report import Report, judge
from rnnlab.rules.kit import Check, Finding, Level, Rule, Unseen

TRAIN = """import torch

def forward(self, text):
    output, (hidden, cell) = self.rnn(self.embedding(text))
    return torch.softmax(self.fc(hidden[-1]), 0)

# Überprüfung
loss = criterion(model(text), label)
"""


def _rule(name: str, check: Check, level: Level = "mistake", stage: str = "rnn", needs: tuple[str, ...] = ()) -> Rule:
    page = f"# {name.replace('_', ' ').capitalize()}\n\n**What happened.** x\n\n**Why it matters.** 1\n\n**Fix.** y"
    return Rule(name, stage, level, needs, page, check, real_data=False)


def report_of(file: str = "train.py", text: str = TRAIN, words: str = "it reads <pad> | 50 %\nand more") -> Report:
    """Return a report of four rules that found something, one that is clear, one unseen, one broken."""
    record = Record(Header(program=file))
    record.add_source(file, text)
    rnn = Place(file, 4, 29, 4, 59)
    record.add(Call(place=rnn, what="lstm", seen_by="source"))
    record.add(Probe(place=rnn, what="padding", seen_by="probe", given={"pads": 6}, seen={"largest difference": 0.12}))
    record.add(Call(place=rnn, what="lstm"))

    def padded(record: Record) -> Iterator[Finding]:
        yield Finding(rnn, words, (0, 1, 2))

    def over_batch(record: Record) -> Iterator[Finding]:
        yield Finding(Place(file, 5, 11, 5, 48), "softmax over the batch", (0,))

    def whole_line(record: Record) -> Iterator[Finding]:
        yield Finding(Place(file, 8), "a whole line", (0,), "habit")

    def nowhere(record: Record) -> Iterator[Finding]:
        yield Finding(None, "about the whole program")

    def clear(record: Record) -> Iterator[Finding]:
        return iter(())

    def unseen(record: Record) -> Iterator[Finding]:
        raise Unseen("nobody & <could> look")
        yield

    def broken(record: Record) -> Iterator[Finding]:
        raise KeyError("examples")
        yield

    rules = [
        _rule("padding_read", padded),
        _rule("over_the_batch", over_batch, stage="head"),
        _rule("a_line", whole_line, "risk", "loss"),
        _rule("a_program", nowhere, "risk", "train"),
        _rule("a_clear_one", clear, stage="train"),
        _rule("an_unseen_one", unseen, stage="train"),
        _rule("without_a_vocabulary", clear, stage="vocab", needs=("vocabulary",)),
        _rule("a_broken_one", broken, stage="train"),
    ]
    return judge(record, rules)


HERE = Path(__file__).parent
