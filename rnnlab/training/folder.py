"""A run's folder: what was set, what happened, the curves, the checkpoint to go on from and the model to use."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from rnnlab.pipeline.cache import remove_unfinished, written_whole

SETTINGS, HISTORY, CURVES, CHECKPOINT, MODEL, RESULT = (
    "settings.json", "history.jsonl", "curves.svg", "checkpoint.pt", "model.pt", "result.json",
)  # fmt: skip


@dataclass(frozen=True)
class EpochRow:
    """What an epoch came to; accuracies from 0 to 1, `loss` per review, `tokens_per_second` real ones, training alone,
    `reviews` those that were seen.

    The training accuracy is counted on the way, while the weights still change. `said` holds what the run noticed in itself,
    `gradients` the length of the gradient at steps of one batch, where the model reads padding.
    """

    epoch: int
    loss: float
    train_accuracy: float
    valid_accuracy: float
    gradient_norm: float
    learning_rate: float
    seconds: float
    valid_seconds: float
    tokens_per_second: float
    reviews: int
    best: bool
    said: list[str] = field(default_factory=list)
    gradients: dict[str, Any] | None = None


class FolderError(Exception):
    """The folder of a run cannot be used; the message is one sentence that says what to do."""


class RunFolder:
    """The files of one run below `path`; every one is whole or not there."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def new(cls, path: Path) -> RunFolder:
        """Make the folder of a new run.

        Raises:
            FolderError: a run is in it already, or it cannot be made.
        """
        folder = cls(path)
        if folder.has_run:
            raise FolderError(f"{path} holds a run already; go on with it by --resume, or choose another --out")
        folder._make()
        return folder

    @classmethod
    def of_run(cls, path: Path) -> RunFolder:
        """Open the folder of a run that is to go on.

        Raises:
            FolderError: no run is in it.
        """
        folder = cls(path)
        if not folder.has_run:
            raise FolderError(f"{path} holds no run to go on with; leave --resume out to begin one there")
        folder._make()
        return folder

    def _make(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for name in (SETTINGS, HISTORY, CURVES, CHECKPOINT, MODEL, RESULT):
                remove_unfinished(self.path / name)
        except OSError as error:
            raise FolderError(f"{self.path} cannot be used: {error.strerror or error}") from None

    @property
    def has_run(self) -> bool:
        """Whether a run has begun here."""
        return any((self.path / name).exists() for name in (CHECKPOINT, MODEL, SETTINGS))

    @property
    def checkpoint(self) -> Path:
        """Where a run goes on from."""
        return self.path / CHECKPOINT

    @property
    def model(self) -> Path:
        """The weights of the best epoch, with all that a prediction needs."""
        return self.path / MODEL

    def write_settings(self, content: dict[str, Any]) -> None:
        """Write what the run was asked to do, and on what machine it runs.

        Raises:
            OSError: the file cannot be written.
        """
        self._write(SETTINGS, json.dumps(content, indent=2, ensure_ascii=False) + "\n")

    def write_history(self, rows: list[dict[str, Any]]) -> None:
        """Write one line for each epoch, and draw them.

        Raises:
            OSError: a file cannot be written.
        """
        self._write(HISTORY, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
        self._write(CURVES, curves(rows))

    def write_result(self, content: dict[str, Any]) -> None:
        """Write what the test set said, once, at the end.

        Raises:
            OSError: the file cannot be written.
        """
        self._write(RESULT, json.dumps(content, indent=2, ensure_ascii=False) + "\n")

    def result(self) -> dict[str, Any] | None:
        """Return what the test set said, if it was asked already."""
        try:
            return json.loads((self.path / RESULT).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def _write(self, name: str, content: str) -> None:
        with written_whole(self.path / name) as unfinished:
            unfinished.write_text(content, encoding="utf-8")


def unused(below: Path) -> Path:
    """Return a folder's name below `below` that tells when the run began."""
    return below / f"{datetime.now():%Y-%m-%d-%H%M%S}"


def as_row(row: EpochRow) -> dict[str, Any]:
    """Return an epoch as a line of history.jsonl."""
    return asdict(row)


# --- curves ----------------------------------------------------------------------------------------------------------

_WIDTH, _HEIGHT, _EDGE = 640, 260, 44
_LINES = (
    ("train_accuracy", "training", "#8c8c8c"),
    ("valid_accuracy", "validation", "#1f6feb"),
    ("loss", "loss", "#d1242f"),
)
_BARS = "▁▂▃▄▅▆▇█"


def curves(rows: list[dict[str, Any]]) -> str:
    """Return the accuracies and the loss of all epochs as an SVG picture; they share one axis, from 0 to 1 or more."""
    top = max([1.0, *(row["loss"] for row in rows)])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
    ]
    for value in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = _y(value, top)
        parts.append(f'<path d="M{_EDGE} {y:.1f}H{_WIDTH - _EDGE}" stroke="#e5e5e5"/>')
        parts.append(f'<text x="{_EDGE - 6}" y="{y + 4:.1f}" text-anchor="end" fill="#555">{value:g}</text>')
    for row in rows:
        x = _x(row["epoch"], len(rows))
        parts.append(f'<text x="{x:.1f}" y="{_HEIGHT - 22}" text-anchor="middle" fill="#555">{row["epoch"]}</text>')
    for n, (key, name, color) in enumerate(_LINES):
        points = [(_x(row["epoch"], len(rows)), _y(row[key], top)) for row in rows]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color}"/>' for x, y in points]
        end = f" {rows[-1][key]:.4f}" if rows else ""
        parts.append(f'<text x="{_EDGE + 150 * n}" y="{_HEIGHT - 6}" fill="{color}">{escape(name)}{end}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _x(epoch: int, epochs: int) -> float:
    return _EDGE + (_WIDTH - 2 * _EDGE) * ((epoch - 1) / (epochs - 1) if epochs > 1 else 0.5)


def _y(value: float, top: float) -> float:
    return 16 + (_HEIGHT - 60) * (1 - min(max(value, 0.0), top) / top)


def drawn(values: list[float], low: float, high: float) -> str:
    """Return numbers as a row of bars for the terminal, `low` the smallest and `high` the tallest."""
    reach = max(high - low, 1e-9)
    return "".join(_BARS[min(7, max(0, int((value - low) / reach * 8)))] for value in values)
