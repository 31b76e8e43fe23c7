"""What a program sets in its environment before it loads torch holds under observation as well."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rnnlab.verbs.program import run_program
from rnnlab.watching.environment import set_early

THREADS = "OMP_NUM_THREADS"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (f"import os\nos.environ['{THREADS}'] = '3'\nimport torch", "3"),
        (f"from os import environ\nenviron['{THREADS}'] = '3'", "3"),
        (f"import os\nos.environ.setdefault('{THREADS}', '3')", "3"),
        (f"import os, torch\nos.environ['{THREADS}'] = '3'", None),
        (f"import os\nfrom torch import nn\nos.environ['{THREADS}'] = '3'", None),
        (f"import os\nos.environ['{THREADS}'] = str(3)", None),
        (f"import os\nif False:\n    os.environ['{THREADS}'] = '3'", None),
        (f"settings = {{}}\nsettings['{THREADS}'] = '3'", None),
        ("import os\nos.environ['MY_OWN'] = '3'", None),
        ("def broken(:", None),
    ],
)
def test_only_what_holds_when_torch_is_loaded_is_set_early(
    text: str, value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(THREADS, raising=False)
    set_early([text])
    assert os.environ.get(THREADS) == value and "MY_OWN" not in os.environ
    os.environ.pop(THREADS, None)


def test_a_default_leaves_what_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(THREADS, "5")
    set_early([f"import os\nos.environ.setdefault('{THREADS}', '3')"])
    assert os.environ[THREADS] == "5"


def test_a_program_that_asks_for_one_thread_has_one(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(THREADS, raising=False)
    path = tmp_path / "program.py"
    path.write_text(f"import os\nos.environ['{THREADS}'] = '1'\nimport torch\nprint(torch.get_num_threads())")
    run_program(path, save=tmp_path / "run.rnnlab")
    assert capfd.readouterr().out == "1\n"
