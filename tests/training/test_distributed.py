"""Two processes on one machine train the model that one process trains."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from train_runs import SMALL, small_run

from rnnlab.training.checkpoint import load_checkpoint, load_model
from rnnlab.training.distributed import joined


def launched(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Train with two processes on gloo, as torchrun starts them."""
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
        "-m",
        "rnnlab",
        "train",
    ]
    done = subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, encoding="utf-8", check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done


@pytest.fixture(scope="module")
def both(small_csv, tmp_path_factory):
    """The folder of a run with two processes, that of a run with one, and what the two printed."""
    folder = tmp_path_factory.mktemp("processes")
    done = launched("--csv", small_csv, "--out", folder / "two", *SMALL)
    one = small_run(small_csv, folder / "one")
    one.run()
    return folder / "two", folder / "one", done.stdout, one


def rows(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "history.jsonl").read_text(encoding="utf-8").splitlines()]


def test_every_review_is_seen_once_an_epoch(both):
    two, _, _, run = both
    assert [row["reviews"] for row in rows(two)] == [len(run.prepared.train)] * 2


def test_the_history_is_that_of_one_process(both):
    two, one, _, _ = both
    for left, right in zip(rows(two), rows(one), strict=True):
        assert left["loss"] == pytest.approx(right["loss"], rel=1e-4)
        assert left["train_accuracy"] == pytest.approx(right["train_accuracy"], abs=0.01)
        assert left["gradient_norm"] == pytest.approx(right["gradient_norm"], rel=1e-2)
    weights, alone = (load_checkpoint(folder / "checkpoint.pt").weights for folder in (two, one))
    for name, tensor in weights.items():
        assert torch.allclose(tensor, alone[name], atol=5e-3), name


def test_the_counts_of_the_test_set_are_exact(both):
    two, _, _, run = both
    result = json.loads((two / "result.json").read_text(encoding="utf-8"))
    run.steps.model.load_state_dict(load_model(two / "model.pt").weights)
    assert run.evaluated(run.prepared.test).confusion == tuple(map(tuple, result["confusion"]))


def test_only_one_of_them_speaks(both):
    assert both[2].count("epoch 2/2") == 1 and both[2].count("read once") == 1


def test_two_processes_go_on_with_their_own_random_states(small_csv, tmp_path):
    launched("--csv", small_csv, "--out", tmp_path / "alone", *SMALL, "--dropout", "0.3", "--epochs", "2")
    launched("--csv", small_csv, "--out", tmp_path / "stopped", *SMALL, "--dropout", "0.3", "--epochs", "1")
    launched("--resume", "--out", tmp_path / "stopped", "--epochs", "2")
    one, other = (load_checkpoint(tmp_path / name / "checkpoint.pt") for name in ("alone", "stopped"))
    assert len(one.random) == 2 and not torch.equal(one.random[0]["cpu"], one.random[1]["cpu"])
    assert all(torch.equal(tensor, other.weights[name]) for name, tensor in one.weights.items())


def test_a_process_without_a_review_takes_part_and_changes_nothing(small_csv, tmp_path):
    run = small_run(small_csv, tmp_path / "run")
    batch = next(iter(run.batches.epoch(1)))
    nobody = replace(
        batch, text=batch.text[:, :0], lengths=batch.lengths[:0], label=batch.label[:0], rows=batch.rows[:0]
    )
    step = run.steps.take(nobody, 0.005)
    assert float(step.losses.sum()) == 0 and int(step.correct) == 0 and float(step.norm) == 0
    assert all(float(parameter.grad.abs().max()) == 0 for parameter in run.steps.model.parameters())


def test_one_process_alone_joins_nobody(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with joined("cpu") as processes:
        assert (processes.rank, processes.ranks, processes.first) == (0, 1, True)
        assert processes.sums([1.0, 2.0]) == [1.0, 2.0] and processes.gathered("a") == ["a"]
        assert not torch.distributed.is_initialized()
