"""Assertions about axes, and the pytest plugin in a real pytest of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

import rnnlab
from rnnlab.record import Record


class Classifier(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.rnn, self.fc = nn.Embedding(9, 4), nn.LSTM(4, 5), nn.Linear(5, 2)

    def forward(self, text: torch.Tensor) -> torch.Tensor:
        output, (hidden, cell) = self.rnn(self.embedding(text))  # noqa: RUF059
        logits = self.fc(hidden[-1])
        return logits  # noqa: RET504


@pytest.fixture(scope="module")
def trace() -> Record:
    return rnnlab.trace(Classifier(), torch.ones(3, 2, dtype=torch.long))


@pytest.mark.parametrize(
    ("name", "axes"),
    [
        ("logits", "batch classes"),
        ("logits", "batch, classes"),
        ("output", "batch classes"),
        ("hidden", "layers batch hid"),
        ("hidden", "... hid"),
        ("cell", "_ batch _"),
        ("cell", "..."),
    ],
)
def test_axes_as_they_are(trace: Record, name: str, axes: str) -> None:
    rnnlab.assert_axes(trace, name, axes)


@pytest.mark.parametrize("axes", ["classes batch", "batch", "batch classes _", "batch ... hid", ""])
def test_other_axes_fail_and_the_message_shows_the_trace(trace: Record, axes: str) -> None:
    with pytest.raises(AssertionError) as caught:
        rnnlab.assert_axes(trace, "logits", axes)
    said = str(caught.value)
    assert said.startswith(f"'logits' has the axes (batch, classes), not ({axes})")
    assert "logits = self.fc(hidden[-1])" in said and "hidden (layers=1, batch=2, hid=5)" in said.replace(
        "(1", "(layers=1"
    )


def test_a_name_that_nobody_bound_is_said_with_those_that_there_are(trace: Record) -> None:
    with pytest.raises(AssertionError, match="no variable 'logit' was seen; there are output, hidden, cell, logits"):
        rnnlab.assert_axes(trace, "logit", "batch classes")


def test_the_plugin_fails_where_something_is_found_and_shows_it_at_its_line(tmp_path: Path) -> None:
    bad = """
        from torchtext.data import Dataset, Field
        TEXT = Field()
        train, test = Dataset([], [("text", TEXT)]).split(0.8)
        TEXT.build_vocab(train, test)
    """
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")  # whatever lies in the folders above
    (tmp_path / "train.py").write_text("\n".join(line.strip() for line in bad.strip().splitlines()), encoding="utf-8")
    (tmp_path / "test_it.py").write_text(
        "def test_found(rnnlab_check):\n    rnnlab_check('train.py', level='risk', reading=True)\n"
        "def test_left_out(rnnlab_check):\n"
        "    rnnlab_check('train.py', ignore=('vocabulary_saw_the_test_set',), reading=True)\n"
        "def test_traced(rnnlab_trace):\n    assert callable(rnnlab_trace)\n",
        encoding="utf-8",
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "test_it.py",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert "1 failed, 2 passed" in done.stdout, done.stdout + done.stderr
    assert "vocabulary_saw_the_test_set" in done.stdout and "TEXT.build_vocab(train, test)" in done.stdout


def test_the_plugin_imports_nothing_heavy() -> None:
    program = (
        "import sys, rnnlab.verbs.pytest_plugin; print([m for m in ('torch', 'pandas', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
