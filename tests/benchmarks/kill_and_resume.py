"""Kill a training with SIGKILL at random moments, go on with --resume each time, and compare with one that nobody disturbed.

    python tests/benchmarks/kill_and_resume.py [--kills 20] [--seed 0]

Each kill falls at a random moment of a training that writes a checkpoint after every batch, so that many fall into the writing
itself. After each one the checkpoint must be readable and whole; at the end every weight, every moment of the optimizer and the
history must be those of the undisturbed run, to the last bit. The built-in reviews are used: no file, no network.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from rnnlab.training.checkpoint import load_checkpoint, load_model

# Dropout and a schedule as well: the random states and the place in the run have to come back too.
TRAIN = [
    "--recipe",
    "better",
    "--emb",
    "16",
    "--hid",
    "16",
    "--batch",
    "32",
    "--checkpoint-seconds",
    "0",
    "--device",
    "cpu",
]
_CLOCKS = {"seconds", "valid_seconds", "tokens_per_second"}


@dataclass(frozen=True)
class Killed:
    """What the kills came to: `moments` in epochs done, `unreadable` checkpoints, and names of what differs at the end."""

    moments: list[float]
    unreadable: list[str]
    different: list[str]


def command(folder: Path, epochs: int, resume: bool) -> list[str]:
    """Return the command that begins a run in a folder, or goes on with it."""
    how = ["--resume", "--epochs", str(epochs)] if resume else ["--epochs", str(epochs), *TRAIN]
    return [sys.executable, "-m", "rnnlab", "train", "--out", str(folder), *how]


def killed_and_resumed(folder: Path, kills: int, epochs: int, seed: int = 0, show: Any = lambda _: None) -> Killed:
    """Train twice in `folder`, once left alone and once killed `kills` times, and compare."""
    alone, disturbed = folder / "alone", folder / "disturbed"
    # The time that a run trains, shared among the kills with some room: most often all of them come before its end.
    reach = 1.6 * _left_alone(command(alone, epochs, False), alone) / (kills + 1)
    chance = random.Random(seed)
    moments: list[float] = []
    unreadable: list[str] = []
    while len(moments) < kills:
        if not _killed(
            command(disturbed, epochs, (disturbed / "checkpoint.pt").exists()), disturbed, chance.uniform(0, reach)
        ):
            break
        try:
            place = load_checkpoint(disturbed / "checkpoint.pt").position
            moments.append(place.epoch - 1 + place.batch / 1000)
        except Exception as error:
            unreadable.append(str(error))
            break
        show(f"kill {len(moments)} of {kills}: its checkpoint is whole, at epoch {place.epoch}, batch {place.batch}")
    subprocess.run(command(disturbed, epochs, True), check=True, stdout=subprocess.DEVNULL)
    return Killed(moments, unreadable, differences(alone, disturbed))


def _left_alone(wish: list[str], folder: Path) -> float:
    """Train to the end; return the seconds from the first checkpoint on."""
    child = subprocess.Popen(wish, stdout=subprocess.DEVNULL)
    while child.poll() is None and not (folder / "checkpoint.pt").exists():
        time.sleep(0.01)
    began = time.perf_counter()
    if child.wait() != 0:
        raise RuntimeError(f"training ended with exit code {child.returncode}")
    return time.perf_counter() - began


def _killed(wish: list[str], folder: Path, seconds: float) -> bool:
    """Start a training and kill it some seconds after its first checkpoint; False if it came to its end before."""
    checkpoint = folder / "checkpoint.pt"
    before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
    child = subprocess.Popen(wish, stdout=subprocess.DEVNULL)
    try:
        while child.poll() is None and not (checkpoint.exists() and checkpoint.stat().st_mtime_ns != before):
            time.sleep(0.01)
        time.sleep(seconds)
        ended = child.poll()
    finally:
        child.kill()
        child.wait()
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
    parser.add_argument("--epochs", type=int, default=20)
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
