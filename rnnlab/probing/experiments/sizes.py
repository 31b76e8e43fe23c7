"""Batches of one and of odd sizes, and texts of one word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rnnlab.facts import Probe
from rnnlab.probing.copies import in_silence
from rnnlab.probing.experiments.subject import Subject, said
from rnnlab.probing.experiments.telling import told
from rnnlab.probing.experiments.texts import texts

_BATCHES = (1, 2, 3, 5)


def batch_sizes(subject: Subject) -> Iterator[Probe]:
    """Give batches of 1, 2, 3 and 5 texts.

    Fact `batch size` for each: given `batch`, `seq_len` and `works_with`, the only batch size that the model takes (None
    where it takes others); seen `ran`, `shape` and `expected` of the answer, or `error` and `line`.
    """
    if subject.form.axes == ("seq_len",):
        return
    for batch in _BATCHES:
        yield _tried(subject, "batch size", batch, subject.seq_len(7))


def sequence_of_one(subject: Subject) -> Iterator[Probe]:
    """Give texts of a single word. Fact `one word`, as `batch size`."""
    yield _tried(subject, "one word", subject.batch(3), 1)


def _tried(subject: Subject, what: str, batch: int, seq_len: int) -> Probe:
    seen: dict[str, Any] = {}
    line = None
    try:
        with in_silence():
            given_texts = texts(subject.form, [seq_len] * batch, subject.seed)
            shape = list(subject.picked(subject.raw(subject.fresh(), given_texts, seq_len)).shape)
        seen = {"ran": True, "shape": shape, "expected": subject.expected(batch, seq_len)}
    except Exception as error:
        line = subject.line_of(error)
        seen = {"ran": False, "error": said(error), "line": line}
    return told(subject, what, {"batch": batch, "seq_len": seq_len, "works_with": subject.form.batch}, seen, line)
