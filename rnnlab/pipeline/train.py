"""Stage 11: adjust the weights, batch by batch, and look at the validation split after each epoch."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from rnnlab.pipeline.batch import Loaders
from rnnlab.pipeline.evaluate import evaluate
from rnnlab.pipeline.model import ReviewClassifier, read_to_each_end

_SMALL = 2_048  # numbers in one step's hidden state (batch * hid)


@dataclass(frozen=True)
class Epoch:
    """What an epoch came to: `batches` of `of` were run; accuracies from 0 to 1.

    The training accuracy is counted on the way, while the weights still change; `valid_accuracy` is None where the
    epoch was broken off by Ctrl-C.
    """

    epoch: int
    batches: int
    of: int
    loss: float
    train_accuracy: float
    valid_accuracy: float | None
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
    """The epochs of a training run, and why it ended before its plan, if it did."""

    epochs: list[Epoch] = field(default_factory=list)
    planned: int = 0
    stopped: str = ""
    how: str = ""
    classes: int = 2

    def described(self) -> tuple[str, dict[str, float], dict[str, Any]]:
        """Return this history as counts and samples of a fact."""
        whole = sum(1 for epoch in self.epochs if epoch.batches == epoch.of)
        samples = {
            "epochs": [asdict(epoch) for epoch in self.epochs],
            "stopped": self.stopped,
            "how": self.how,
        }
        counts = {
            "epochs": float(whole),
            "planned": float(self.planned),
            "classes": float(self.classes),
        }
        return "history", counts, samples


@dataclass
class _Count:
    """Sums over the batches of one epoch."""

    loss: float = 0.0
    correct: int = 0
    rows: int = 0
    batches: int = 0
    norm: float = 0.0


def train(
    model: nn.Module,
    loaders: Loaders,
    epochs: int,
    learning_rate: float = 0.005,
    seconds: float | None = None,
    show: Callable[[Turn | Epoch], None] = lambda _: None,
) -> History:
    """Train with Adam and cross-entropy; Ctrl-C stops between two batches and keeps what was learnt.

    Args:
        seconds: a time budget; when it is spent, training ends after the batch at hand.
        show: called with a `Turn` after every batch and with an `Epoch` after every epoch.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    forward, how = fastest_forward(model)
    classes = len(loaders.train.dataset.fields["label"].vocab)
    history = History(planned=epochs, how=how, classes=classes)
    deadline = time.perf_counter() + seconds if seconds is not None else None
    for number in range(1, epochs + 1):
        epoch, interrupted = _epoch(
            model, forward, loaders, optimizer, (number, epochs), deadline, show
        )
        history.epochs.append(epoch)
        show(epoch)
        if interrupted or epoch.batches < epoch.of:
            why = "by Ctrl-C" if interrupted else f"when its {seconds:.0f} s were spent"
            where = f"batch {epoch.batches} of {epoch.of}, epoch {number} of {epochs}"
            history.stopped = f"{why} ({where})"
            break
    return history


def take_threads_that_pay(device: torch.device | str, batch: int, hid: int) -> None:
    """Compute a small model on one thread: two that wait for each other at every step are no faster on an idle machine.

    Where other work is going on they are many times slower.
    """
    if torch.device(device).type == "cpu" and batch * hid <= _SMALL:
        torch.set_num_threads(1)


def fastest_forward(model: nn.Module) -> tuple[Callable[[Tensor, Tensor], Tensor], str]:
    """Return how to run a model's forward in training, and a sentence on it where it is not the model's own."""
    on_cpu = next(model.parameters()).device.type == "cpu"
    if on_cpu and isinstance(model, ReviewClassifier) and model.packed:
        return partial(read_to_each_end, model), (
            "on a CPU the padded batch is read and each review's state taken at its own "
            "last word: the same numbers as packing, many times faster"
        )
    return model, ""


def _epoch(
    model: nn.Module,
    forward: Callable[[Tensor, Tensor], Tensor],
    loaders: Any,
    optimizer: torch.optim.Optimizer,
    turn: tuple[int, int],
    deadline: float | None,
    show: Callable[[Turn | Epoch], None],
) -> tuple[Epoch, bool]:
    started, count, valid = time.perf_counter(), _Count(), None
    model.train()
    try:
        for batch in loaders.train:
            logits, loss, count.norm = train_step(model, forward, optimizer, batch)
            _add(count, logits, loss, batch)
            state = count.loss / count.rows, count.correct / count.rows, count.norm
            show(Turn(*turn, count.batches, len(loaders.train), *state))
            if deadline is not None and time.perf_counter() > deadline:
                break
        valid = evaluate(model, loaders.valid).accuracy
    except KeyboardInterrupt:
        pass  # What was learnt stays, and `valid` None says that it was broken off.
    rows = max(1, count.rows)
    return Epoch(
        turn[0],
        count.batches,
        len(loaders.train),
        count.loss / rows,
        count.correct / rows,
        valid,
        count.norm,
        time.perf_counter() - started,
    ), valid is None


def train_step(
    model: nn.Module,
    forward: Callable[[Tensor, Tensor], Tensor],
    optimizer: torch.optim.Optimizer,
    batch: Any,
) -> tuple[Tensor, Tensor, float]:
    """Run one batch forward and backward, and move the weights once."""
    text, lengths = batch.text
    logits = forward(text, lengths)
    loss = cross_entropy(logits, batch.label)
    optimizer.zero_grad()
    loss.backward()
    norm = gradient_norm(model)
    optimizer.step()
    return logits, loss, norm


def _add(count: _Count, logits: Tensor, loss: Tensor, batch: Any) -> None:
    count.loss += loss.item() * len(batch)
    count.correct += int((logits.argmax(dim=1) == batch.label).sum())
    count.rows += len(batch)
    count.batches += 1


def gradient_norm(model: nn.Module) -> float:
    """Return the length of all gradients taken as one vector."""
    gradients = [p.grad.norm() for p in model.parameters() if p.grad is not None]
    return float(torch.stack(gradients).norm()) if gradients else 0.0
