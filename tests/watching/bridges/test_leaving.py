"""Afterwards nothing of the bridges is left, also after a crash; and who is not watched never meets them."""

from __future__ import annotations

import builtins
import collections
import importlib
import subprocess
import sys
import time
from typing import Any

import numpy
import pandas
import pytest
import spacy
import torch
import torchtext
from torch.optim import lr_scheduler
from torchtext import data, datasets

from rnnlab.watching.bridges import Bridges
from rnnlab.watching.bridges.imports import Imports
from rnnlab.watching.recorder import Recorder
from rnnlab.watching.watch import new_record

OWNERS: tuple[Any, ...] = (
    torch.Tensor, torchtext, torchtext.vocab, data, data.functional, datasets, datasets.IMDB, numpy, pandas, pandas.DataFrame,
    pandas.Series, spacy, collections, time, builtins, lr_scheduler.StepLR, lr_scheduler.ReduceLROnPlateau,
)  # fmt: skip


def surroundings() -> list[dict[str, Any]]:
    """Return everything that the bridges touch."""
    return [dict(vars(owner)) for owner in OWNERS]


@pytest.mark.parametrize("crash", [False, True])
def test_everything_is_as_it_was(crash: bool) -> None:
    before, finders = surroundings(), list(sys.meta_path)
    try:
        with Bridges(Recorder(new_record())):
            importlib.import_module("torchtext.transforms")
            from torchtext.legacy import data as legacy

            assert legacy is data
            assert surroundings() != before
            if crash:
                raise RuntimeError("the learner's program fails")
    except RuntimeError:
        pass
    assert surroundings() == before
    assert sys.meta_path == finders
    assert not [name for name in sys.modules if name.startswith(("torchtext.legacy", "torchtext.transforms"))]
    assert "torchtext.data.field" in sys.modules
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("torchtext.legacy")
    with pytest.raises(IndexError):
        torch.tensor(1.0)[0]


def test_they_can_be_entered_again() -> None:
    for _ in range(2):
        with Bridges(Recorder(new_record())):
            from torchtext.legacy.data import Field

            assert Field is data.Field


def test_a_module_imported_under_the_bridges_keeps_its_own_loader(tmp_path: Any, monkeypatch: Any) -> None:
    (tmp_path / "lonely_module.py").write_text("value = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    imports = Imports()
    imports.after("lonely_module", lambda module, undo: setattr(module, "value", 2))
    with imports:
        import lonely_module  # type: ignore[import-not-found]
    assert lonely_module.value == 2
    assert type(lonely_module.__spec__.loader).__name__ == "SourceFileLoader"
    assert lonely_module.__loader__ is lonely_module.__spec__.loader
    del sys.modules["lonely_module"]


def test_two_sets_of_changes_do_not_run_in_circles(tmp_path: Any, monkeypatch: Any) -> None:
    (tmp_path / "shared_module.py").write_text("seen = []\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    first, second = Imports(), Imports()
    first.after("shared_module", lambda module, undo: module.seen.append("first"))
    second.after("shared_module", lambda module, undo: module.seen.append("second"))
    with first, second:
        import shared_module  # type: ignore[import-not-found]
    assert sorted(shared_module.seen) == ["first", "second"]
    del sys.modules["shared_module"]


def test_a_process_that_is_not_watched_meets_none_of_it() -> None:
    program = (
        "import rnnlab, torch, sys\n"
        "print([m for m in sys.modules if 'bridges' in m], '__getitem__' in vars(torch.Tensor))\n"
        "try:\n    from torchtext.legacy import data\nexcept ImportError:\n    print('missing')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[] False", "missing"]
