"""What the tests of training share: a finished run."""

from __future__ import annotations

from pathlib import Path

import pytest
from train_runs import SMALL, run


@pytest.fixture(scope="session")
def trained(small_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a finished run of two small epochs, and what it printed."""
    folder = tmp_path_factory.mktemp("runs") / "finished"
    done = run("train", "--csv", small_csv, "--out", folder, *SMALL)
    assert (done.exit_code, done.stderr) == (0, "")
    return folder, done.stdout
