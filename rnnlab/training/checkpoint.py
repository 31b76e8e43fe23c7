"""What a run must not lose, in one file that is whole or not there, and that is read without unpickling anything."""

from __future__ import annotations

import pickle
import zipfile
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rnnlab.pipeline.cache import written_whole
from rnnlab.training.recipes import RunSettings, as_data, from_data

_VERSION = 1
_CHECKPOINT, _MODEL = "rnnlab checkpoint", "rnnlab model"


class CheckpointError(Exception):
    """A checkpoint or a model cannot be used; the message is one sentence that says what to do."""


@dataclass(frozen=True)
class Language:
    """What numbers mean: words[i] is the word with index i, labels[j] the name of class j, and how texts are cut.

    `tokenizer` names the tokenizer, its version and its options; `key` is that of the token cache the model learnt from.
    """

    words: list[str]
    labels: list[str]
    tokenizer: dict[str, Any]
    key: str


@dataclass
class Position:
    """How far a run has come: `batch` batches of epoch `epoch` (from 1) are done; sums over their reviews.

    `seconds` is the time spent in this epoch so far, `tokens` the real tokens read.
    """

    epoch: int = 1
    batch: int = 0
    loss: float = 0.0
    correct: float = 0.0
    rows: float = 0.0
    tokens: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True)
class Best:
    """The epoch with the highest validation accuracy so far, and its weights."""

    epoch: int
    valid_accuracy: float
    weights: dict[str, Tensor]


@dataclass(frozen=True)
class Checkpoint:
    """A run, as it stood between two batches.

    `source` says where the reviews come from; `random` holds the states of each process's generators.
    """

    settings: RunSettings
    source: dict[str, Any]
    language: Language
    weights: dict[str, Tensor]
    optimizer: dict[str, Any]
    scaler: dict[str, Any]
    random: list[dict[str, Tensor]]
    position: Position
    history: list[dict[str, Any]] = field(default_factory=list)
    best: Best | None = None


@dataclass(frozen=True)
class Kept:
    """A trained model on disk: its weights and what is needed to use them."""

    settings: RunSettings
    language: Language
    weights: dict[str, Tensor]
    epoch: int
    valid_accuracy: float


# --- writing ---------------------------------------------------------------------------------------------------------


def save_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint whole: what was at `path` stays until the new one is on the disk.

    Raises:
        CheckpointError: a weight is not finite, and the older checkpoint is worth more.
        OSError: the disk is full, or the file cannot be written.
    """
    if (name := not_finite(checkpoint.weights)) is not None:
        raise CheckpointError(f"the weights of {name} are no longer finite numbers; the last checkpoint is kept")
    # Field by field: asdict would copy every tensor.
    content = {one.name: getattr(checkpoint, one.name) for one in fields(checkpoint)}
    content["settings"] = as_data(checkpoint.settings)
    content["language"] = asdict(checkpoint.language)
    content["position"] = asdict(checkpoint.position)
    content["best"] = checkpoint.best and {one.name: getattr(checkpoint.best, one.name) for one in fields(Best)}
    _write({"format": _CHECKPOINT, "version": _VERSION, **content}, path)


def save_model(kept: Kept, path: Path) -> None:
    """Write a trained model whole.

    Raises:
        OSError: the disk is full, or the file cannot be written.
    """
    content = {one.name: getattr(kept, one.name) for one in fields(kept)}
    content["settings"] = as_data(kept.settings)
    content["language"] = asdict(kept.language)
    _write({"format": _MODEL, "version": _VERSION, **content}, path)


def _write(content: dict[str, Any], path: Path) -> None:
    with written_whole(path) as unfinished:
        try:
            with unfinished.open("wb") as file:
                torch.save(content, file)
        except (OSError, RuntimeError) as error:
            # torch's own writer says "unexpected pos 704 vs 598" and keeps the disk's answer behind it.
            reason = error if isinstance(error, OSError) else error.__context__
            if not isinstance(reason, OSError):
                raise
            raise OSError(reason.errno, reason.strerror or "it cannot be written", str(path)) from None


def not_finite(weights: dict[str, Tensor]) -> str | None:
    """Return the name of the first tensor that holds an infinite number or none at all, if there is one."""
    return next((name for name, tensor in weights.items() if not bool(torch.isfinite(tensor).all())), None)


# --- reading ---------------------------------------------------------------------------------------------------------


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint onto the CPU.

    Raises:
        CheckpointError: there is none, it is damaged, or it is none of ours.
    """
    content = _read(path, _CHECKPOINT)
    content["language"] = Language(**content["language"])
    content["position"] = Position(**content["position"])
    content["best"] = content["best"] and Best(**content["best"])
    return Checkpoint(**content)


def load_model(path: Path) -> Kept:
    """Read a trained model onto the CPU.

    Raises:
        CheckpointError: there is none, it is damaged, or it is none of ours.
    """
    content = _read(path, _MODEL)
    content["language"] = Language(**content["language"])
    return Kept(**content)


def _read(path: Path, kind: str) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            _check_whole(file, path)
            content = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"there is no {path}; give the folder that `rnnlab train` wrote with --out") from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}") from None
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, ValueError) as error:
        raise CheckpointError(f"{path} is damaged or is no file of rnnlab's ({_first_line(error)})") from None
    if not isinstance(content, dict) or content.pop("format", None) != kind:
        raise CheckpointError(f"{path} is no {kind.removeprefix('rnnlab ')} of rnnlab's")
    if content.pop("version") > _VERSION:
        raise CheckpointError(f"{path} was written by a newer rnnlab; update this one")
    try:
        content["settings"] = from_data(content["settings"])
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"{path}: {error}") from None
    return content


def _check_whole(file: Any, path: Path) -> None:
    """Compare every part with its checksum: torch reads tensors without looking at it."""
    try:
        with zipfile.ZipFile(file) as archive:
            damaged = archive.testzip()
    except zipfile.BadZipFile as error:
        raise CheckpointError(f"{path} is damaged or is no file of rnnlab's ({error})") from None
    if damaged is not None:
        raise CheckpointError(f"{path} is damaged: the checksum of {damaged} does not fit")
    file.seek(0)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)[:100]


# --- random numbers --------------------------------------------------------------------------------------------------


def random_states(device: torch.device) -> dict[str, Tensor]:
    """Return the states of the generators that training draws from."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def set_random_states(states: dict[str, Tensor], device: torch.device) -> None:
    """Go on drawing where `random_states` was asked."""
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)
