"""Parameters that nothing reaches: dead ones, and those that an optimizer would never see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from rnnlab.facts import Probe
from rnnlab.probing.copies import in_silence
from rnnlab.probing.experiments.seeing import weighted
from rnnlab.probing.experiments.subject import Subject, hooked
from rnnlab.probing.experiments.telling import told
from rnnlab.probing.experiments.texts import texts

_DRAWINGS = 3


def parameters(subject: Subject) -> Iterator[Probe]:
    """Go backwards from the answers to every parameter, under three drawings of the weights.

    Fact `parameters`: seen `count`; `dead` (names of those that no gradient ever reached), `frozen` (those that need none),
    `outside` (layers with weights that ran and are not among the model's modules: they stand in a plain list, say).
    """
    alive: set[str] = set()
    outside: dict[str, None] = {}
    for i in range(_DRAWINGS):
        drawn = subject.drawn(subject.seed + i, 1.0)
        alive |= _reached(drawn, outside)
    names = [name for name, p in subject.model.named_parameters() if p.requires_grad]
    frozen = [name for name, p in subject.model.named_parameters() if not p.requires_grad]
    seen = {
        "count": len(names) + len(frozen),
        "dead": [name for name in names if name not in alive],
        "frozen": frozen,
        "outside": list(outside),
    }
    yield told(subject, "parameters", {"drawings": _DRAWINGS}, seen)


def _reached(subject: Subject, outside: dict[str, None]) -> set[str]:
    """Return the names of the parameters that a gradient reached, and note the layers outside the model."""
    model = subject.fresh()
    inside = {id(module) for module in model.modules()}

    def note(module: nn.Module, inputs: Any, output: Any) -> None:
        if id(module) not in inside and next(module.parameters(recurse=False), None) is not None:
            outside[f"{type(module).__name__} in line {subject.line() or '?'}"] = None

    seq_len = subject.seq_len(7)
    batch = texts(subject.form, [seq_len] * subject.batch(4), subject.seed)
    named = {name: p for name, p in model.named_parameters() if p.requires_grad}
    with hooked([nn.modules.module.register_module_forward_hook(note)]), in_silence(), torch.enable_grad():
        total = weighted(subject.rows(subject.raw(model, batch, seq_len), len(batch), seq_len)).square().sum()
        if not named or not total.requires_grad:
            return set()
        grads = torch.autograd.grad(total, list(named.values()), allow_unused=True)
    return {name for name, grad in zip(named, grads, strict=True) if grad is not None and bool((grad != 0).any())}
