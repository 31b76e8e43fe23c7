"""The warm process in whose forks the programs of these tests run."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from forks import Judged, judged, plain_of

from rnnlab.jail import Jail
from rnnlab.probing.asking import MODULES
from rnnlab.report import judge
from rnnlab.verbs.check import add_probes, read_program


@pytest.fixture(scope="session")
def warm() -> None:
    """Import once what every program imports; one thread of torch, so that forks are safe."""
    import torch
    import torchtext.data  # noqa: F401

    import rnnlab.report
    import rnnlab.watching.calls
    import rnnlab.watching.watch  # noqa: F401
    from rnnlab.rules.kit import catalogue

    catalogue()
    torch.set_num_threads(1)
    # The first optimizer of a process imports half of torch.
    torch.optim.Adam([torch.zeros(1, requires_grad=True)]).step()


@pytest.fixture
def judge_text(warm: None, tmp_path: Path) -> Callable[[str], Judged]:
    """Return a function that runs a program, given as text, and returns what the rules say of it."""

    def run(text: str) -> Judged:
        path = tmp_path / "program.py"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return judged(path)

    return run


@pytest.fixture(scope="session")
def jail() -> Iterator[Jail]:
    """The warm process in which the models of the programs are tried."""
    with Jail(MODULES) as warm:
        yield warm


@pytest.fixture
def check_text(jail: Jail, tmp_path: Path) -> Callable[[str], Judged]:
    """Return a function that reads a program, given as text, tries its models, runs nothing, and returns what the rules say."""

    def read(text: str) -> Judged:
        path = tmp_path / "program.py"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        record = read_program(path)
        add_probes(record, jail)
        return Judged.of(plain_of(judge(record), record))

    return read
