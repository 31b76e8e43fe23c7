"""Ctrl-C and worse during `rnnlab step`, in real child processes: what was learnt and seen is kept, and no traceback shows."""

from __future__ import annotations

import contextlib
import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rnnlab.facts import Call, Data, Scope
from rnnlab.pipeline.reviews import reviews
from rnnlab.record import Record, RecordError
from rnnlab.stages import STAGE_NAMES

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent to POSIX processes")

SMALL = ["--emb", "4", "--hid", "4", "--vocabulary", "200", "--batch", "8"]
LONG = ["--epochs", "200", *SMALL]
PATIENCE = 120  # seconds until a walk that does not move is given up


def step(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "rnnlab", "step", *map(str, arguments)]


@contextlib.contextmanager
def walking(csv: Path, record: Path, cache: Path, *more: str) -> Iterator[subprocess.Popen]:
    """A walk in a process group of its own, as a terminal would start it; it is killed in the end if it still runs."""
    command = step("--csv", csv, "--save", record, *LONG, *more)
    env = {**os.environ, "RNNLAB_CACHE": str(cache), "PYTHONIOENCODING": "utf-8"}
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=env,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_until(seen: Callable[[Record], object], path: Path, process: subprocess.Popen) -> None:
    """Wait for a growing record to show something."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        assert process.poll() is None, f"the walk has ended by itself: {process.communicate()}"
        with contextlib.suppress(RecordError):
            if seen(Record.load(path)):
                return
        time.sleep(0.05)
    pytest.fail("the walk did not get there")


def is_training(record: Record) -> bool:
    """Whether the optimizer has moved the weights."""
    return record.first(Call, what="optimizer_step") is not None


def has_entered(stage: str) -> Callable[[Record], bool]:
    return lambda record: record.first(Scope, stage=stage) is not None


def stages_shown(output: str) -> list[str]:
    return [name for n, name in enumerate(STAGE_NAMES, 1) if f" {n} of 13 {name} " in output]


def replayed(record: Path) -> str:
    done = subprocess.run(
        step(record, "--no-pause"),
        check=False,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture(scope="module")
def a_csv(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("interrupted") / "small.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("review", "sentiment"), *reviews()[:200]])
    return path


@pytest.fixture(scope="module")
def large_csv(tmp_path_factory) -> Path:
    """Enough characters that tokenizing is shared among processes."""
    path = tmp_path_factory.mktemp("interrupted") / "large.csv"
    texts = [(f"{i} {text} " * 8, label) for i, (text, label) in enumerate(reviews() * 5)]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("review", "sentiment"), *texts])
    return path


def test_ctrl_c_in_training_stops_it_and_the_walk_goes_on_with_what_was_learnt(a_csv, tmp_path):
    path = tmp_path / "walk.rnnlab"
    with walking(a_csv, path, tmp_path / "cache") as process:
        wait_until(is_training, path, process)
        time.sleep(0.5)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
    assert stages_shown(out) == list(STAGE_NAMES)
    assert "by Ctrl-C (batch " in " ".join(out.replace("│", " ").split())

    record = Record.load(path)
    history = record.last(Data, what="history")
    assert history is not None and history.samples["stopped"].startswith("by Ctrl-C")
    assert history.counts["epochs"] < 200 and sum(one["batches"] for one in history.samples["epochs"]) > 0
    evaluation, prediction = record.last(Data, what="evaluation"), record.last(Data, what="prediction")
    assert evaluation is not None and evaluation.counts["rows"] == 40
    assert prediction is not None and sum(prediction.samples["probabilities"].values()) == pytest.approx(1.0)
    assert [fact.n for fact in record] == list(range(len(record)))


def test_ctrl_c_after_training_was_stopped_ends_the_walk_and_keeps_its_record(a_csv, tmp_path):
    path = tmp_path / "walk.rnnlab"
    with walking(a_csv, path, tmp_path / "cache", "--pause") as process:
        process.stdin.write("\n" * 10)
        process.stdin.flush()
        wait_until(is_training, path, process)
        for _ in range(3):
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.01)
        wait_until(lambda record: record.first(Data, what="history") is not None, path, process)
        # It draws the panel of training, and waits there. More of them than one make no difference.
        time.sleep(0.5)
        for _ in range(3):
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.01)
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (130, "")
    assert stages_shown(out)[:10] == list(STAGE_NAMES[:10]) and "evaluate" not in stages_shown(out)
    assert " ".join(out.split()).endswith(f"stopped; what was seen so far is kept: rnnlab step {path}")
    record = Record.load(path)
    assert record.first(Data, what="history") is not None and record.first(Data, what="evaluation") is None
    assert stages_shown(replayed(path)) == list(STAGE_NAMES[:11])


def test_ctrl_c_while_processes_tokenize_ends_the_walk_in_one_sentence(large_csv, tmp_path):
    path = tmp_path / "walk.rnnlab"
    with walking(large_csv, path, tmp_path / "cache") as process:
        wait_until(has_entered("tokenize"), path, process)
        time.sleep(1)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "Traceback" not in out + err and err == ""
    assert stages_shown(out) == ["load"]
    assert " ".join(out.split()).endswith(f"stopped; what was seen so far is kept: rnnlab step {path}")
    record = Record.load(path)
    assert record.first(Data, what="table") is not None and record.first(Data, what="tokens") is None
    assert not list((tmp_path / "cache" / "tokens").glob("*")), "half the tokens are no entry of the cache"
    assert stages_shown(replayed(path)) == ["load", "tokenize"]


def test_a_killed_walk_leaves_a_record_that_is_replayed_up_to_there(a_csv, tmp_path):
    path = tmp_path / "walk.rnnlab"
    with walking(a_csv, path, tmp_path / "cache") as process:
        wait_until(is_training, path, process)
        process.kill()
        process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGKILL
    record = Record.load(path)
    assert record.first(Call, what="optimizer_step") is not None
    assert record.first(Data, what="evaluation") is None
    assert stages_shown(replayed(path)) == list(STAGE_NAMES[:11])
