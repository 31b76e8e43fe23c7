"""State that a model carries from one call to the next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from rnnlab.facts import Probe
from rnnlab.probing.copies import in_silence
from rnnlab.probing.experiments.seeing import weighted
from rnnlab.probing.experiments.subject import Subject, difference, said, spread
from rnnlab.probing.experiments.telling import told
from rnnlab.probing.experiments.texts import texts


def state(subject: Subject) -> Iterator[Probe]:
    """Ask one copy twice, with other texts in between, and go backwards after each of two calls.

    Fact `state`: seen `ran` (whether a second call worked; else `error` and `line`), `largest_change` between the first
    answer and the second, `spread`, and `backward`: "" or the error of going backwards twice, which a state that is kept
    in the graph raises.
    """
    seq_len = subject.seq_len(7)
    first, second = (texts(subject.form, [seq_len] * subject.batch(4), subject.seed + i) for i in (0, 1))
    model = subject.fresh()
    seen: dict[str, Any] = {"ran": True}
    line = None
    try:
        before = subject.answer(first, model=model)
        subject.answer(second, model=model)
        seen |= {"largest_change": difference(before, subject.answer(first, model=model)), "spread": spread(before)}
    except Exception as error:
        line = subject.line_of(error)
        seen = {"ran": False, "error": said(error), "line": line}
    seen["backward"] = _backward_twice(subject, first, seq_len)
    yield told(subject, "state", {"calls": 3}, seen, line)


def _backward_twice(subject: Subject, batch: list, seq_len: int) -> str:
    """Go backwards after each of two calls of one copy; return the error of the second, "" without one."""
    model = subject.fresh()
    leaves = [p for p in model.parameters() if p.requires_grad]
    for turn in range(2):
        try:
            with in_silence(), torch.enable_grad():
                number = weighted(subject.rows(subject.raw(model, batch, seq_len), len(batch), seq_len)).sum()
                if not number.requires_grad:
                    return ""
                torch.autograd.grad(number, leaves, allow_unused=True)
        except Exception as error:
            return said(error) if turn else ""
    return ""
