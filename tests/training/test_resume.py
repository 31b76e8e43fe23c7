"""A run that was stopped, or killed, ends with the very weights of one that nobody disturbed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from train_runs import SMALL, run, small_run

from rnnlab.training.checkpoint import load_checkpoint
from rnnlab.training.loop import Turn

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
# Dropout and a schedule: random states and the place in the run must come back too.
RECIPES = [{}, {"recipe": "better"}, {"rnn": "gru", "bucketed": False, "loader": "torchtext"}]


def stopped_at(csv, folder, batch: int, epoch: int, **wished):
    """Run until a batch, and stop there as Ctrl-C does."""

    def stop(event):
        if isinstance(event, Turn) and (event.epoch, event.batch) == (epoch, batch - 1):
            training.stop()

    training = small_run(csv, folder, stop, **wished)
    assert training.run() is None
    return load_checkpoint(folder / "checkpoint.pt")


def same(one, other) -> bool:
    moments = [
        torch.equal(value, other.optimizer["state"][n][name])
        for n, state in one.optimizer["state"].items()
        for name, value in state.items()
    ]
    weights = [torch.equal(tensor, other.weights[name]) for name, tensor in one.weights.items()]
    return all(weights) and all(moments) and len(moments) > 0


@pytest.mark.parametrize("wished", RECIPES)
@pytest.mark.parametrize(("epoch", "batch"), [(1, 2), (1, 9), (2, 5)])
def test_a_stopped_run_goes_on_to_the_same_bits(small_csv, tmp_path, wished, epoch, batch):
    small_run(small_csv, tmp_path / "alone", **wished).run()
    kept = stopped_at(small_csv, tmp_path / "stopped", batch, epoch, **wished)
    assert (kept.position.epoch, kept.position.batch) == (epoch, batch)
    # Another run in between draws random numbers of its own.
    torch.rand(7)
    resumed = small_run(small_csv, tmp_path / "stopped", kept=kept, **wished)
    tested = resumed.run()
    one, other = (load_checkpoint(tmp_path / name / "checkpoint.pt") for name in ("alone", "stopped"))
    assert tested is not None and same(one, other)
    for left, right in zip(one.history, other.history, strict=True):
        assert (left["loss"], left["train_accuracy"], left["valid_accuracy"]) == (
            right["loss"], right["train_accuracy"], right["valid_accuracy"],
        )  # fmt: skip


def test_this_comparison_can_fail(small_csv, tmp_path):
    small_run(small_csv, tmp_path / "one", recipe="better").run()
    small_run(small_csv, tmp_path / "other", recipe="better", seed=124).run()
    assert not same(*(load_checkpoint(tmp_path / name / "checkpoint.pt") for name in ("one", "other")))


def test_more_epochs_go_on_where_the_run_ended(small_csv, tmp_path):
    folder = tmp_path / "run"
    assert run("train", "--csv", small_csv, "--out", folder, *SMALL).exit_code == 0
    done = run("train", "--resume", "--out", folder, "--epochs", "3")
    assert done.exit_code == 0 and "epoch 3/3" in done.stdout
    small_run(small_csv, tmp_path / "alone", epochs=3).run()
    assert same(load_checkpoint(folder / "checkpoint.pt"), load_checkpoint(tmp_path / "alone" / "checkpoint.pt"))


def test_a_finished_run_reads_the_test_set_no_second_time(trained, monkeypatch):
    from rnnlab.training.loop import Run

    def reads_it(*_):
        pytest.fail("the test set was read again")

    monkeypatch.setattr(Run, "evaluated", reads_it)
    done = run("train", "--resume", "--out", trained[0])
    assert done.exit_code == 0 and "test " in done.stdout


def test_ctrl_c_ends_it_with_130_and_a_sentence_on_how_to_go_on(tmp_path):
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "rnnlab", "train", "--out", str(folder), "--epochs", "500", "--device", "cpu"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8")
    while child.poll() is None and not (folder / "history.jsonl").exists():
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    printed, _ = child.communicate(timeout=120)
    assert child.returncode == 130 and f"rnnlab train --resume --out {folder}" in printed.replace("\n", " ")
    assert load_checkpoint(folder / "checkpoint.pt").position.epoch >= 2


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_killed_runs_end_with_the_same_weights(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import kill_and_resume

    found = kill_and_resume.killed_and_resumed(tmp_path, kills=3, epochs=3)
    assert (found.unreadable, found.different) == ([], []) and found.moments
