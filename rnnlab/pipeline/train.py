"""Stage 11: adjust the weights, batch by batch, and look at the validation split after each epoch."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from rnnlab.pipeline.batch import Loaders
from rnnlab.pipeline.evaluate import evaluate


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to: mean loss and accuracy on the training split, accuracy on validation, gradient norm."""

    epoch: int
    loss: float
    train_accuracy: float
    valid_accuracy: float
    gradient_norm: float
    seconds: float


@dataclass(frozen=True)
class Turn:
    """How far training has come; one is shown after every batch."""

    epoch: int
    epochs: int
    batch: int
    batches: int
    loss: float
    accuracy: float
    gradient_norm: float


@dataclass
class History:
    """The epochs of a training run; `interrupted` says that it was stopped by Ctrl-C."""

    epochs: list[Epoch] = field(default_factory=list)
    planned: int = 0
    interrupted: bool = False
    stopped_at: str = ""

    def described(self) -> tuple[str, dict[str, float], dict[str, Any]]:
        """Return this history as counts and samples of a fact."""
        counts = {
            "epochs": float(len(self.epochs)),
            "planned": float(self.planned),
            "interrupted": float(self.interrupted),
        }
        return "history", counts, {"epochs": [asdict(epoch) for epoch in self.epochs], "stopped_at": self.stopped_at}


def train(
    model: nn.Module,
    loaders: Loaders,
    epochs: int,
    learning_rate: float = 0.005,
    show: Callable[[Turn | Epoch], None] = lambda _: None,
) -> History:
    """Train with Adam and cross-entropy; Ctrl-C stops cleanly between two batches and keeps what was learnt.

    `show` is called with a `Turn` after every batch and with an `Epoch` after every epoch.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    history = History(planned=epochs)
    for epoch in range(1, epochs + 1):
        try:
            history.epochs.append(_epoch(model, loaders, optimizer, epoch, epochs, show))
        except KeyboardInterrupt:
            history.interrupted = True
            history.stopped_at = f"in epoch {epoch} of {epochs}"
            break
        show(history.epochs[-1])
    return history


def _epoch(
    model: nn.Module,
    loaders: Any,
    optimizer: torch.optim.Optimizer,
    epoch: int,
    epochs: int,
    show: Callable[[Turn | Epoch], None],
) -> Epoch:
    started = time.perf_counter()
    model.train()
    total_loss, correct, rows, norm = 0.0, 0, 0, 0.0
    for number, batch in enumerate(loaders.train, 1):
        text, lengths = batch.text
        logits = model(text, lengths)
        loss = cross_entropy(logits, batch.label)
        optimizer.zero_grad()
        loss.backward()
        norm = gradient_norm(model)
        optimizer.step()

        total_loss += loss.item() * len(batch)
        correct += (logits.argmax(dim=1) == batch.label).sum().item()
        rows += len(batch)
        show(Turn(epoch, epochs, number, len(loaders.train), total_loss / rows, correct / rows, norm))
    valid = evaluate(model, loaders.valid)
    return Epoch(epoch, total_loss / rows, correct / rows, valid.accuracy, norm, time.perf_counter() - started)


def gradient_norm(model: nn.Module) -> float:
    """Return the length of all gradients taken as one vector."""
    return float(nn.utils.get_total_norm([p.grad for p in model.parameters() if p.grad is not None]))
