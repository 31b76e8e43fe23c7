"""Kill a training with SIGKILL at random moments, go on with --resume each time, and compare with one that nobody disturbed.

    python tests/benchmarks/kill_and_resume.py [--kills 20] [--seed 0]

Each kill falls at a random moment of a training that writes a checkpoint after every batch, so that many fall into the writing
itself. After each one the checkpoint must be readable and whole; at the end every weight, every moment of the optimizer and the
history must be those of the undisturbed run, to the last bit. The built-in reviews are used: no file, no network.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from rnnlab.training.checkpoint import load_checkpoint, load_model

# Dropout and a schedule as well: the random states and the place in the run have to come back too.
TRAIN = "--recipe better --emb 16 --hid 16 --batch 32 --device cpu".split()
_CLOCKS = {"seconds", "valid_seconds", "tokens_per_second"}


@dataclass(frozen=True)
class Killed:
    """What the kills came to: `moments` in epochs done, `unreadable` checkpoints, and names of what differs at the end."""

    moments: list[float]
    unreadable: list[str]
    different: list[str]


def started(folder: Path, epochs: int, resume: bool) -> Any:
    """Start `rnnlab train` in a folder, from the beginning or to go on, in a process of its own."""
    how = ["--epochs", str(epochs), "--checkpoint-seconds", "0", *(["--resume"] if resume else TRAIN)]
    child = _PROCESSES.Process(target=_train, args=(["train", "--out", str(folder), *how],))
    child.start()
    return child


# Each process comes from a warm one, which has only imported: on a busy machine starting Python and torch takes a minute.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["rnnlab.cli", "rnnlab.verbs.train", "rnnlab.pipeline.reviews"])


def _train(arguments: list[str]) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    from rnnlab.cli import app

    app(arguments)


def killed_and_resumed(folder: Path, kills: int, epochs: int, seed: int = 0, show: Any = lambda _: None) -> Killed:
    """Train in `folder`, once left alone and then killed `kills` times in one run or more, and compare each with the first."""
    alone = folder / "alone"
    # The time that a run trains, shared among the kills with some room: most often all of them come before its end.
    reach = 1.6 * _left_alone(alone, epochs) / (kills + 1)
    chance = random.Random(seed)
    found = Killed([], [], [])
    runs = 0
    while len(found.moments) < kills and not found.unreadable:
        runs += 1
        disturbed = folder / f"disturbed-{runs}"
        while len(found.moments) < kills and _killed(disturbed, epochs, chance.uniform(0, reach)):
            try:
                place = load_checkpoint(disturbed / "checkpoint.pt").position
            except Exception as error:
                found.unreadable.append(str(error))
                break
            found.moments.append(place.epoch - 1 + place.batch / 1000)
            show(
                f"kill {len(found.moments)} of {kills}: run {runs}, its checkpoint is whole, at epoch {place.epoch}, "
                f"batch {place.batch}"
            )
        else:
            _to_the_end(disturbed, epochs)
            found.different.extend(f"run {runs}: {name}" for name in differences(alone, disturbed))
            show(f"run {runs} has come to its end: {len(found.different)} differences so far")
    return found


def _to_the_end(folder: Path, epochs: int) -> None:
    last = started(folder, epochs, True)
    last.join()
    if last.exitcode != 0:
        raise RuntimeError(f"the last run ended with exit code {last.exitcode}")


def _left_alone(folder: Path, epochs: int) -> float:
    """Train to the end; return the seconds from the first checkpoint on."""
    child = started(folder, epochs, False)
    while child.is_alive() and not (folder / "checkpoint.pt").exists():
        time.sleep(0.01)
    began = time.perf_counter()
    child.join()
    if child.exitcode != 0:
        raise RuntimeError(f"training ended with exit code {child.exitcode}")
    return time.perf_counter() - began


def _killed(folder: Path, epochs: int, seconds: float) -> bool:
    """Begin or go on, and kill it some seconds after its first new checkpoint; False if it came to its end before."""
    checkpoint = folder / "checkpoint.pt"
    before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
    child = started(folder, epochs, checkpoint.exists())
    try:
        while child.is_alive() and not (checkpoint.exists() and checkpoint.stat().st_mtime_ns != before):
            time.sleep(0.01)
        time.sleep(seconds)
        ended = child.exitcode
    finally:
        child.kill()
        child.join()
    if ended not in {None, 0}:
        raise RuntimeError(f"training ended by itself with exit code {ended}")
    return ended is None


def differences(alone: Path, disturbed: Path) -> list[str]:
    """Return the names of everything that two finished runs do not share bit by bit."""
    one, other = (load_checkpoint(folder / "checkpoint.pt") for folder in (alone, disturbed))
    pairs = {f"weights {name}": (tensor, other.weights[name]) for name, tensor in one.weights.items()}
    for n, moments in one.optimizer["state"].items():
        pairs |= {
            f"optimizer {n} {name}": (value, other.optimizer["state"][n][name]) for name, value in moments.items()
        }
    pairs["random state"] = one.random[0]["cpu"], other.random[0]["cpu"]
    best, again = (load_model(folder / "model.pt") for folder in (alone, disturbed))
    pairs |= {f"best {name}": (tensor, again.weights[name]) for name, tensor in best.weights.items()}
    found = [name for name, (left, right) in pairs.items() if not torch.equal(left, right)]
    histories = [_history(folder) for folder in (alone, disturbed)]
    found += ["history"] if histories[0] != histories[1] else []
    results = [json.loads((folder / "result.json").read_text(encoding="utf-8")) for folder in (alone, disturbed)]
    return found + (["result"] if results[0] != results[1] else [])


def _history(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "history.jsonl").read_text(encoding="utf-8").splitlines()
    return [{name: value for name, value in json.loads(line).items() if name not in _CLOCKS} for line in lines]


def main() -> None:
    """Kill, resume, compare, and print the figure last."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    wish = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rnnlab-kill-") as folder:
        found = killed_and_resumed(
            Path(folder), wish.kills, wish.epochs, wish.seed, lambda text: print(text, flush=True)
        )
    print(f"differences from the undisturbed run: {', '.join(found.different) or 'none'}")
    print(f"unreadable checkpoints: {len(found.unreadable)} {found.unreadable or ''}")
    print(f"killed at {len(found.moments)} moments; same weights: {'no' if found.different else 'yes'}")
    if found.different or found.unreadable or len(found.moments) < wish.kills:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
