"""The run: epochs of steps, a look at itself now and then, checkpoints on the way, and the test set once at the end."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from rnnlab.pipeline.evaluate import Evaluation
from rnnlab.pipeline.train import take_threads_that_pay
from rnnlab.training.batches import Batch, Batches
from rnnlab.training.checkpoint import (
    Best,
    Checkpoint,
    CheckpointError,
    Kept,
    Language,
    Position,
    random_states,
    save_checkpoint,
    save_model,
    set_random_states,
)
from rnnlab.training.distributed import Processes
from rnnlab.training.evaluation import confusion
from rnnlab.training.folder import EpochRow, RunFolder, as_row
from rnnlab.training.gradients import StepGradients, gradient_per_step
from rnnlab.training.ids import Prepared, Reviews
from rnnlab.training.precision import autocast, scaler
from rnnlab.training.recipes import RunSettings
from rnnlab.training.recurrence import build_model, logits
from rnnlab.training.symptoms import noticed

# On a GPU a look waits until all that was begun is finished, so it is taken seldom.
_BATCHES_BETWEEN_LOOKS = {"cpu": 1, "cuda": 50}
_NO_MEMORY = ("can't allocate memory", "not enough memory", "out of memory", "DefaultCPUAllocator")


class RunError(Exception):
    """Training cannot go on; the message says what happened, where, and what to do."""


@dataclass(frozen=True)
class Turn:
    """How far training has come; `loss` and `accuracy` are those of this epoch so far."""

    epoch: int
    epochs: int
    batch: int
    batches: int
    loss: float
    accuracy: float
    tokens_per_second: float


@dataclass(frozen=True)
class Said:
    """A sentence of the run about itself."""

    text: str


@dataclass(frozen=True)
class Tested:
    """What the test set said of the best epoch's weights."""

    epoch: int
    valid_accuracy: float
    evaluation: Evaluation
    seconds: float


Show = Callable[[Turn | EpochRow | Said], None]


class EpochBatches(Protocol):
    """Yields the batches of an epoch, those before `start` left out; the same ones for the same number."""

    def __len__(self) -> int: ...
    def epoch(self, number: int, start: int = 0) -> Iterable[Batch]: ...


class _Forward(nn.Module):
    """The fast reading of a model as a module of its own, which is what can be shared among processes."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, text: Tensor, lengths: Tensor) -> Tensor:
        return logits(self.model, text, lengths)


@dataclass(frozen=True)
class _Step:
    """What one step left on the device: a loss per review (batch), right answers (), the gradient's length ()."""

    batch: Batch
    losses: Tensor
    correct: Tensor
    norm: Tensor


class Steps:
    """A model and its optimizer, and what one batch does to them."""

    def __init__(self, settings: RunSettings, words: int, classes: int, processes: Processes) -> None:
        self.settings, self.processes, self.device = settings, processes, processes.device
        without_denormals()
        take_threads_that_pay(self.device, settings.batch, settings.hid)
        torch.manual_seed(settings.seed)
        self.model = build_model(settings, words, classes).to(self.device)
        if processes.ranks > 1:
            # The same weights everywhere, but not the same dropout.
            torch.manual_seed(settings.seed + 1_000_003 * processes.rank)
        self.forward = processes.shared(_Forward(self.model))
        kind = torch.optim.AdamW if settings.weight_decay else torch.optim.Adam
        self.optimizer = kind(
            self.model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay,
            fused=self.device.type in {"cpu", "cuda"},
        )  # fmt: skip
        self.scaler = scaler(settings.precision, self.device)

    def take(self, batch: Batch, rate: float) -> _Step:
        """Run one batch forward and backward, and move the weights once at this learning rate; nothing waits for a GPU."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        # Every process must take part in every step, also one that gets no review of a last small batch.
        nobody = not len(batch.rows)
        text, lengths, label = _one_word(self.device) if nobody else (batch.text, batch.lengths, batch.label)
        self.optimizer.zero_grad(set_to_none=True)
        with autocast(self.settings.precision, self.device):
            scores = self.forward(text, lengths)
        losses = cross_entropy(scores.float(), label, reduction="none")
        right = scores.argmax(dim=1) == label
        if nobody:
            losses, right = losses * 0, right & False
        # The mean over the global batch: the processes' gradients are averaged, whatever share of it each of them has.
        norm = self._move(losses.sum() * (self.processes.ranks / batch.of))
        return _Step(batch, losses.detach(), right.sum(), norm)

    def _move(self, loss: Tensor) -> Tensor:
        parameters = list(self.model.parameters())
        if self.scaler is None:
            loss.backward()
        else:
            self.scaler.scale(loss).backward()
            self.scaler.unscale_(self.optimizer)
        if self.settings.clip is not None:
            norm = nn.utils.clip_grad_norm_(parameters, self.settings.clip)
        else:
            norm = torch.stack([one.grad.norm() for one in parameters if one.grad is not None]).norm()
        if self.scaler is None:
            self.optimizer.step()
        else:
            self.scaler.step(self.optimizer)
            self.scaler.update()
        return norm


def _one_word(device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Return text (1, 1), lengths (1) and label (1) of a review that is none."""
    one = torch.ones(1, dtype=torch.long)
    return one.unsqueeze(0).to(device), one, (one - 1).to(device)


def without_denormals() -> None:
    """Let the CPU take the smallest numbers for zero; call it before torch computes in parallel, since its threads inherit it.

    Gradients that fade over hundreds of steps end below 1e-38, where each product costs a hundred cycles: the lecture's LSTM
    made 3,600 real tokens per second and core before this, and 36,000 after it.
    """
    torch.set_flush_denormal(True)


def rate(settings: RunSettings, step: int, steps: int) -> float:
    """Return the learning rate of step `step` (from 0) of `steps`; it depends on the place alone, so a run can go on anywhere."""
    if settings.schedule == "constant":
        return settings.learning_rate
    warm = max(1, steps // 20)
    if step < warm:
        return settings.learning_rate * (step + 1) / warm
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


@dataclass(frozen=True)
class Plan:
    """What a run is asked to do: `source` says where the reviews come from, `every` how many seconds lie between checkpoints."""

    settings: RunSettings
    source: dict[str, Any]
    every: float = 180.0


class Run:
    """A training run with its folder; `run` trains and tests, `stop` ends it after the batch at hand."""

    def __init__(
        self,
        plan: Plan,
        prepared: Prepared,
        folder: RunFolder,
        processes: Processes,
        show: Show = lambda _: None,
        kept: Checkpoint | None = None,
    ) -> None:
        self.plan, self.settings, self.prepared, self.folder = plan, plan.settings, prepared, folder
        self.processes, self.device, self.show = processes, processes.device, show
        self.language = Language(prepared.words, prepared.labels, prepared.tokenizer, prepared.key)
        if kept is not None:
            check_language(kept.language, self.language)
        self.steps = Steps(self.settings, len(prepared.words), len(prepared.labels), processes)
        self.batches = _batches(prepared.train, self.settings, processes)
        self.position, self.best = Position(), None
        self.history: list[dict[str, Any]] = []
        self.stopped = self._wants_stop = False
        self._norm = 0.0
        self._unwritten = ""
        self._steps_since_look: list[_Step] = []
        self._looked = self._saved = time.perf_counter()
        if kept is not None:
            self._go_on(kept)

    def stop(self) -> None:
        """End training after the batch at hand, with a checkpoint."""
        self._wants_stop = True

    def run(self) -> Tested | None:
        """Train to the last epoch and read the test set; None where it was stopped before.

        Raises:
            RunError: the loss is no number, memory ran out, or the run cannot be written.
        """
        self._saved = time.perf_counter()
        if self.position == Position():
            self._save()
        while self.position.epoch <= self.settings.epochs and not self.stopped:
            self._epoch()
        if self._unwritten:
            raise RunError(self._unwritten)
        return None if self.stopped else self._tested()

    # --- an epoch ----------------------------------------------------------------------------------------------------

    def _epoch(self) -> None:
        self.steps.model.train()
        self._looked = time.perf_counter()
        between = _BATCHES_BETWEEN_LOOKS.get(self.device.type, 1)
        total = self.settings.epochs * len(self.batches)
        for batch in self.batches.epoch(self.position.epoch, self.position.batch):
            number = (self.position.epoch - 1) * len(self.batches) + self.position.batch
            self._steps_since_look.append(self._step(batch, rate(self.settings, number, total)))
            self.position.batch += 1
            if self.position.batch % between == 0 or self.position.batch == len(self.batches):
                self._look()
                if self.stopped:
                    return
        self._end_epoch()

    def _step(self, batch: Batch, at_rate: float) -> _Step:
        try:
            return self.steps.take(batch, at_rate)
        except (MemoryError, RuntimeError) as error:
            if not is_memory(error):
                raise
            length, width = batch.text.shape
            raise RunError(
                f"memory ran out at epoch {self.position.epoch}, batch {self.position.batch + 1} of {len(self.batches)}: "
                f"seq_len {length:,} × batch {width}; begin again with a smaller --batch (say {max(1, width // 2)}) or --hid"
            ) from None

    def _look(self) -> None:
        """Add up the steps since the last look, see whether all is well, and keep or stop where it is time to."""
        steps, self._steps_since_look = self._steps_since_look, []
        losses = torch.cat([step.losses for step in steps]).cpu().double()
        now = time.perf_counter()
        mine = [
            float(losses.sum()),
            float(torch.stack([step.correct for step in steps]).sum()),
            float(sum(len(step.batch.rows) for step in steps)),
            float(sum(int(self.prepared.train.lengths[step.batch.rows].sum()) for step in steps)),
            float(self._wants_stop),
            float(self.processes.first and now - self._saved > self.plan.every),
        ]
        loss, correct, rows, tokens, stop, save = self.processes.sums(mine)
        if not math.isfinite(loss):
            self._stop_at_bad_loss(steps)
        place = self.position
        place.loss, place.correct = place.loss + loss, place.correct + correct
        place.rows, place.tokens = place.rows + rows, place.tokens + tokens
        place.seconds += now - self._looked
        self._looked = now
        norm = float(steps[-1].norm)
        # In fp16 a step whose gradients overflow is left out.
        self._norm = norm if math.isfinite(norm) else self._norm
        self.show(
            Turn(place.epoch, self.settings.epochs, place.batch, len(self.batches), place.loss / place.rows,
                 place.correct / place.rows, place.tokens / max(place.seconds, 1e-9))
        )  # fmt: skip
        # At an epoch's end the validation comes first: its checkpoint says more.
        if (stop or save) and place.batch < len(self.batches):
            self._save()
            self._looked = time.perf_counter()
        self.stopped = bool(stop) and place.batch < len(self.batches)

    def _stop_at_bad_loss(self, steps: list[_Step]) -> None:
        """Say which review has no loss.

        Raises:
            RunError: always.
        """
        mine = ""
        for n, step in enumerate(steps):
            bad = (~torch.isfinite(step.losses)).nonzero().flatten().tolist()
            if bad and not mine:
                number = self.position.batch - len(steps) + n + 1
                row = int(step.batch.rows[bad[0]])
                mine = (
                    f"the loss of epoch {self.position.epoch}, batch {number} of {len(self.batches)} is "
                    f"{float(step.losses[bad[0]])} for {len(bad)} of its {len(step.batch.rows)} reviews; the first of them is "
                    f"training review {row}, “{_beginning(self.prepared, row)}”. The checkpoint from before that is kept. "
                    f"A smaller --learning-rate (now {self.settings.learning_rate:g}) or --clip 1 helps most often"
                )
        message = next(one for one in self.processes.gathered(mine) if one)
        raise RunError(message)

    def _end_epoch(self) -> None:
        started = time.perf_counter()
        valid = self.evaluated(self.prepared.valid)
        place = self.position
        is_best = self.best is None or valid.accuracy > self.best.valid_accuracy
        at = rate(self.settings, place.epoch * len(self.batches) - 1, self.settings.epochs * len(self.batches))
        row = EpochRow(
            place.epoch, place.loss / place.rows, place.correct / place.rows, valid.accuracy, self._norm, at,
            place.seconds, time.perf_counter() - started, place.tokens / max(place.seconds, 1e-9), int(place.rows), is_best,
        )  # fmt: skip
        gradients = self._gradients()
        said = noticed(row.epoch, row.loss, row.train_accuracy, valid, gradients)
        row = replace(row, said=said, gradients=gradients and as_steps(gradients))
        self.history.append(as_row(row))
        if is_best:
            self.best = Best(place.epoch, valid.accuracy, _copied(self.steps.model.state_dict()))
        self.position = Position(epoch=place.epoch + 1)
        self._save(epoch_ended=True)
        self.show(row)
        stop = self.processes.sums([float(self._wants_stop)])[0]
        self.stopped = bool(stop) and self.position.epoch <= self.settings.epochs

    def _gradients(self) -> StepGradients | None:
        """Measure, where the model reads padding, how much of a batch's gradient reaches each step."""
        if self.settings.packed or not self.processes.first:
            return None
        batch = next(iter(self.batches.epoch(self.position.epoch)))
        return gradient_per_step(self.steps.model, batch.text, batch.lengths, batch.label)

    # --- evaluating --------------------------------------------------------------------------------------------------

    def evaluated(self, reviews: Reviews) -> Evaluation:
        """Count right answers, each process on its share of the reviews."""
        rows = np.arange(self.processes.rank, len(reviews), self.processes.ranks)
        was_training = self.steps.model.training
        self.steps.model.eval()
        try:
            counts = confusion(self.steps.model, reviews, self.device, self.settings.precision, rows)
        finally:
            self.steps.model.train(was_training)
        whole = self.processes.summed(counts).tolist()
        return Evaluation(tuple(self.prepared.labels), tuple(tuple(int(n) for n in line) for line in whole))

    def _tested(self) -> Tested:
        """Read the test set with the best epoch's weights, unless that was done already."""
        assert self.best is not None
        read = self.processes.from_first(self.folder.result() if self.processes.first else None)
        if read is not None and read["best_epoch"] == self.best.epoch:
            found = Evaluation(tuple(read["labels"]), tuple(tuple(line) for line in read["confusion"]))
            return Tested(self.best.epoch, self.best.valid_accuracy, found, 0.0)
        if read is not None:
            self.show(
                Said(f"the test set was read before, after {read['epochs']} epochs; who chooses by it no longer tests")
            )
        started = time.perf_counter()
        last = _copied(self.steps.model.state_dict())
        self.steps.model.load_state_dict(self.best.weights)
        evaluation = self.evaluated(self.prepared.test)
        self.steps.model.load_state_dict(last)
        tested = Tested(self.best.epoch, self.best.valid_accuracy, evaluation, time.perf_counter() - started)
        if self.processes.first:
            try:
                self.folder.write_result(
                    {"best_epoch": tested.epoch, "valid_accuracy": tested.valid_accuracy, "test_accuracy": evaluation.accuracy,
                     "labels": list(evaluation.names), "confusion": evaluation.confusion, "epochs": self.settings.epochs}
                )  # fmt: skip
            except OSError as error:
                self.show(Said(_cannot_write(error)))
        return tested

    # --- keeping -----------------------------------------------------------------------------------------------------

    def _save(self, epoch_ended: bool = False) -> None:
        """Write a checkpoint, and after an epoch the history and the best model; what cannot be written is said, not fatal."""
        random = self.processes.gathered(random_states(self.device))
        if self.processes.first:
            try:
                save_checkpoint(self._checkpoint(random), self.folder.checkpoint)
                if epoch_ended:
                    self._write_epoch()
                self._unwritten = ""
            except CheckpointError as error:
                raise RunError(f"{error} (epoch {self.position.epoch}, batch {self.position.batch})") from None
            except OSError as error:
                self._unwritten = _cannot_write(error)
                self.show(Said(f"{self._unwritten}; training goes on and tries again at the next checkpoint"))
        self._saved = time.perf_counter()

    def _checkpoint(self, random: list[dict[str, Tensor]]) -> Checkpoint:
        steps = self.steps
        scaled = steps.scaler.state_dict() if steps.scaler is not None else {}
        weights, moments = steps.model.state_dict(), steps.optimizer.state_dict()
        return Checkpoint(
            self.settings, self.plan.source, self.language, weights, moments, scaled, random,
            self.position, self.history, self.best,
        )  # fmt: skip

    def _write_epoch(self) -> None:
        self.folder.write_history(self.history)
        if self.best is not None and self.best.epoch == self.position.epoch - 1:
            self._write_model(self.best)

    def _write_model(self, best: Best) -> None:
        save_model(Kept(self.settings, self.language, best.weights, best.epoch, best.valid_accuracy), self.folder.model)

    def _go_on(self, kept: Checkpoint) -> None:
        self.steps.model.load_state_dict(kept.weights)
        self.steps.optimizer.load_state_dict(kept.optimizer)
        if self.steps.scaler is not None and kept.scaler:
            self.steps.scaler.load_state_dict(kept.scaler)
        if self.processes.rank < len(kept.random):
            set_random_states(kept.random[self.processes.rank], self.device)
        self.position, self.history, self.best = replace(kept.position), list(kept.history), kept.best
        if self.processes.first and self.best is not None:
            # A kill may have fallen between the checkpoint and what is written from it.
            self.folder.write_history(self.history)
            self._write_model(self.best)


def check_language(kept: Language, now: Language) -> None:
    """See that the reviews at hand are numbered as those were that a model has learnt from.

    Raises:
        CheckpointError: they are not; the message says what differs.
    """
    if kept.labels != now.labels:
        raise CheckpointError(
            f"the checkpoint's labels are {kept.labels} and those of these reviews {now.labels}; give the same reviews"
        )
    if kept.words != now.words:
        pairs = zip(kept.words, now.words, strict=False)
        at = next((n for n, (old, new) in enumerate(pairs) if old != new), min(len(kept.words), len(now.words)))
        raise CheckpointError(
            f"the checkpoint's vocabulary of {len(kept.words):,} words does not fit: these reviews give {len(now.words):,}, and "
            f"they differ from index {at} on; give the same file, --limit and tokenizer ({kept.tokenizer.get('name')} "
            f"{kept.tokenizer.get('version')})"
        )
    if kept.key != now.key:
        raise CheckpointError(
            "these are not the reviews that the run began with (their text differs); give the same file"
        )


def as_steps(gradients: StepGradients, points: int = 60) -> dict[str, Any]:
    """Return the gradient per step as plain data: at the last step, at the last words, and on the way at some points."""
    by_step = gradients.by_step
    at = torch.linspace(0, len(by_step) - 1, min(points, len(by_step))).long()
    return {
        "steps": at.tolist(),
        "norms": by_step[at].tolist(),
        "at_last_step": gradients.at_last_step,
        "at_last_words": gradients.at_last_words,
        "padding": gradients.padding,
        "share_on_words": gradients.share_on_words,
    }


def is_memory(error: BaseException) -> bool:
    """Say whether an error tells of memory that ran out; torch has no class of its own for it on a CPU."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(words in str(error) for words in _NO_MEMORY)


def _batches(reviews: Reviews, settings: RunSettings, processes: Processes) -> EpochBatches:
    if settings.loader == "torchtext":
        from rnnlab.training.readable import ReadableBatches

        if processes.ranks > 1:
            raise ValueError("torchtext's iterator knows nothing of several processes; leave --loader torchtext out")
        return ReadableBatches(reviews, settings.batch, processes.device, settings.seed, settings.bucketed)
    return Batches(
        reviews,
        settings.batch,
        processes.device,
        settings.seed,
        settings.bucketed,
        True,
        processes.rank,
        processes.ranks,
    )


def _beginning(prepared: Prepared, row: int, words: int = 12) -> str:
    reviews = prepared.train
    start, end = (int(reviews.offsets[row + n]) for n in (0, 1))
    shown = " ".join(prepared.words[int(n)] for n in reviews.tokens[start : min(end, start + words)])
    return f"{shown} …" if end - start > words else shown


def _copied(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().to("cpu", copy=True) for name, tensor in weights.items()}


def _cannot_write(error: OSError) -> str:
    return f"{error.filename or 'the run'} cannot be written: {error.strerror or error}"
