"""Small runs for the tests: through the command line, or as an object that can be looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from typer.testing import CliRunner

from rnnlab import cli

SMALL = ["--emb", "8", "--hid", "8", "--vocabulary", "300", "--batch", "16", "--epochs", "2", "--device", "cpu"]


def run(*arguments: str | Path) -> Any:
    """Run a command in this process; nothing but an exit may leave it."""
    done = CliRunner().invoke(cli.app, [str(one) for one in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def refused(*arguments: str | Path) -> str:
    """The sentence on stderr with which a command is refused."""
    done = run(*arguments)
    assert done.exit_code == 2, done.output
    assert done.stderr.startswith("rnnlab: ") and done.stderr.count("\n") == 1 and done.stderr.endswith(".\n")
    return done.stderr


def small_run(
    csv: Path, folder: Path, show: Any = lambda _: None, kept: Any = None, every: float = 1e9, **wished: Any
) -> Any:
    """Return a run of small widths that has not begun."""
    from rnnlab.training.distributed import Processes
    from rnnlab.training.folder import RunFolder
    from rnnlab.training.ids import prepare
    from rnnlab.training.loop import Plan, Run
    from rnnlab.training.recipes import chosen

    widths = {"emb": 8, "hid": 8, "vocabulary": 300, "batch": 16, "epochs": 2, "device": "cpu"}
    recipe = wished.pop("recipe", "lecture")
    settings = chosen(recipe, False, **{**widths, **wished})
    source = {"csv": str(csv), "text": "review", "label": "sentiment", "limit": None}
    prepared = prepare(csv, "review", "sentiment", None, settings, lambda *_: None)
    where = RunFolder.of_run(folder) if kept is not None else RunFolder.new(folder)
    return Run(Plan(settings, source, every), prepared, where, Processes(0, 1, torch.device("cpu")), show, kept)
