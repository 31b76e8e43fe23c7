"""The range of a model's answers: probabilities, their logarithms or logits, and over which axis they sum to one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from rnnlab.facts import Probe
from rnnlab.probing.copies import in_silence
from rnnlab.probing.experiments.subject import Subject
from rnnlab.probing.experiments.telling import told
from rnnlab.probing.experiments.texts import texts

_WIDTHS = (0.5, 1.5, 3.0)


def output_range(subject: Subject) -> Iterator[Probe]:
    """Look at the answers under several drawings of the weights, some of them wide.

    Fact `range`: given `shape` (the answer's axes), `drawings`; seen `min` and `max`; `sums` and `sums_of_exp`: for each axis
    the largest distance from one of a sum along it; `classes`, the size of the last axis that is no axis of the input.
    """
    answers = [_answer(subject.drawn(subject.seed + i, width)) for i, width in enumerate(_WIDTHS)]
    axes = subject.form.output
    seen: dict[str, Any] = {
        "min": min(float(a.min()) for a in answers),
        "max": max(float(a.max()) for a in answers),
        "sums": {axes[d]: _off(answers, d, exp=False) for d in _along(axes)},
        "sums_of_exp": {axes[d]: _off(answers, d, exp=True) for d in _along(axes)},
        "classes": next((int(name) for name in reversed(axes) if name.isdigit()), 1),
    }
    yield told(subject, "range", {"shape": list(axes), "drawings": len(answers)}, seen)


def _answer(subject: Subject) -> Tensor:
    batch, seq_len = subject.batch(5), subject.seq_len(7)
    given = texts(subject.form, [seq_len] * batch, subject.seed)
    with in_silence(), torch.no_grad():
        answer = subject.picked(subject.raw(subject.fresh(), given, seq_len)).double()
    expected = subject.expected(batch, seq_len)
    return answer if list(answer.shape) == expected else answer.reshape(expected)


def _along(axes: tuple[str, ...]) -> range:
    return range(len(axes))


def _off(answers: list[Tensor], dim: int, *, exp: bool) -> float:
    """Return how far the sums along an axis are from one at most; an axis of one has no sum."""
    if all(answer.shape[dim] < 2 for answer in answers):
        return float("inf")
    return max(float(((a.exp() if exp else a).sum(dim) - 1).abs().max()) for a in answers)
