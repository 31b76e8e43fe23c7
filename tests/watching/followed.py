"""Runs a program, given as text, in this process with its functions and loops seen, and reads what was told."""

from __future__ import annotations

import contextlib
import sys
import textwrap
from pathlib import Path
from typing import Any

from rnnlab.facts import Fact, Instead, Loop, Scope
from rnnlab.record import Record
from rnnlab.watching.flow import Flow
from rnnlab.watching.importing import OwnModules, own_texts
from rnnlab.watching.lines import Lines
from rnnlab.watching.shortening import LIMITS
from rnnlab.watching.watch import Watch, new_record

# What most programs here begin with: a tiny model, a loader of 12 batches, and a step of training.
TRAINING = """
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    torch.manual_seed(1)
    X, Y = torch.arange(72.0).view(24, 3) / 72, torch.arange(24) % 2
    loader = DataLoader(TensorDataset(X, Y), batch_size=2)
    model = nn.Linear(3, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    turns = []

    def step(x, y):
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()
"""


def follow(
    folder: Path, text: str, *, dry: bool = False, lines: bool = False, **modules: str
) -> tuple[Record, dict[str, Any]]:
    """Run a program and return its record and its variables; `modules` are files beside it."""
    for name, module in modules.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(module), encoding="utf-8")
    path = folder / "program.py"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    watch = Watch(new_record())
    watch.recorder.limits = dict(LIMITS) if dry else {}
    flow = Flow(watch.recorder, own_texts([path.read_text(encoding="utf-8")], folder))
    variables: dict[str, Any] = {"__name__": "__main__"}
    code = flow.compile(path.read_text(encoding="utf-8"), str(path))
    sys.path.insert(0, str(folder))
    try:
        with contextlib.ExitStack() as stack:
            stack.enter_context(watch.looking())
            stack.enter_context(flow.watching())
            stack.enter_context(OwnModules(flow, watch.recorder.places))
            if lines:
                stack.enter_context(Lines(watch.recorder).watching())
            exec(code, variables)
    finally:
        sys.path.remove(str(folder))
        for name in modules:
            sys.modules.pop(name, None)
    return watch.record, variables


def line_of(fact: Fact) -> int:
    return fact.place.line if fact.place is not None else 0


def scopes(record: Record) -> list[tuple[str, str, int]]:
    """Return (function, phase, times) of every scope that is no model's."""
    return [(s.function, s.phase, s.times) for s in record.ask(Scope) if not s.function.endswith(".forward")]


def ended(record: Record) -> list[tuple[str, int | None, int | None]]:
    """Return (kind, declared, executed) of every loop, in the order in which they ended."""
    return [(loop.kind, loop.declared, loop.executed) for loop in record.ask(Loop) if loop.executed is not None]


def shortened(record: Record) -> list[str]:
    return [fact.what for fact in record.ask(Instead) if fact.kind == "shortened"]
