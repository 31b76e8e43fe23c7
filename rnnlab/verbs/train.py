"""`rnnlab train`: a full training with its folder, on one processor or on many, and its progress in the terminal."""

from __future__ import annotations

import contextlib
import math
import platform
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from rnnlab.pipeline.walk import chosen_device
from rnnlab.training.checkpoint import Checkpoint, CheckpointError, load_checkpoint
from rnnlab.training.distributed import Processes, is_launched, joined
from rnnlab.training.folder import EpochRow, FolderError, RunFolder, drawn, unused
from rnnlab.training.ids import Prepared, prepare
from rnnlab.training.loop import Plan, Run, RunError, Said, Tested, Turn
from rnnlab.training.precision import stated
from rnnlab.training.recipes import RunSettings, as_data, chosen
from rnnlab.views import terminal

_SECONDS_BETWEEN_LINES = 60.0
_POWERS = 16  # of ten, from the lowest bar of a gradient to the highest
_FREE = ("epochs", "device")  # What may change when a run goes on.


@dataclass(frozen=True)
class Wish:
    """What was asked for on the command line: `settings` and `source` hold only what was written there."""

    settings: dict[str, Any] = field(default_factory=dict)
    source: dict[str, Any] = field(default_factory=dict)
    out: Path | None = None
    resume: bool = False
    every: float = 180.0


def train_command(wish: Wish, console: Console | None = None) -> int:
    """Train, and return the exit code: 0 at the end of the plan, 130 where Ctrl-C stopped it.

    Raises:
        RunError, FolderError, CheckpointError: training cannot begin or go on; nothing that was learnt is lost.
        LoadError, ValueError, ChildProcessError: the reviews cannot be read or cut, or a setting is wrong.
    """
    console = console or terminal.console()
    kept, plan = _kept_and_plan(wish)
    with joined(chosen_device(plan.settings.device)) as processes:
        screen = _Screen(console if processes.first else None)
        folder = _folder(wish, processes)
        with screen:
            prepared = _prepared(plan, processes, screen)
            run = Run(plan, prepared, folder, processes, screen.show, kept)
            if processes.first:
                folder.write_settings(_described(plan, prepared, processes))
                screen.begin(plan.settings, prepared, processes, folder, kept)
            with _stopped_between_batches(run.stop, screen):
                tested = run.run()
        screen.end(run.history, tested, folder)
        return 0 if tested is not None else 130


# --- before training -------------------------------------------------------------------------------------------------


def _kept_and_plan(wish: Wish) -> tuple[Checkpoint | None, Plan]:
    if not wish.resume:
        source = {"csv": None, "text": "review", "label": "sentiment", "limit": None, **wish.source}
        given = dict(wish.settings)
        settings = chosen(given.pop("recipe", "lecture"), source["csv"] is None, **given)
        return None, Plan(settings, source, wish.every)
    if wish.out is None:
        raise FolderError("--resume needs the run's folder: name it with --out DIR")
    kept = load_checkpoint(RunFolder.of_run(wish.out).checkpoint)
    for name, value in {**wish.settings, **wish.source}.items():
        before = {**as_data(kept.settings), **kept.source}[name]
        if name not in (*_FREE, "csv") and value != before:
            raise CheckpointError(
                f"the run began with {name} {before}, not {value}; leave the option out to go on with it"
            )
    free = {name: value for name, value in wish.settings.items() if name in _FREE}
    source = {**kept.source, **wish.source}
    return kept, Plan(replace(kept.settings, **free), source, wish.every)


def _folder(wish: Wish, processes: Processes) -> RunFolder:
    """Make or open the run's folder, in the first process; the others are told its name."""
    path = wish.out
    problem = ""
    if processes.first:
        path = wish.out or unused(Path("runs"))
        try:
            _ = RunFolder.of_run(path) if wish.resume else RunFolder.new(path)
        except FolderError as error:
            problem = str(error)
    path, problem = processes.from_first((path, problem))
    if problem:
        raise FolderError(problem)
    return RunFolder(path)


def _prepared(plan: Plan, processes: Processes, screen: _Screen) -> Prepared:
    """Turn the reviews into ids: in the first process, and in the others from the cache that it has written."""
    source, settings = plan.source, plan.settings
    if not processes.first:
        processes.wait()
    try:
        prepared = prepare(source["csv"], source["text"], source["label"], source["limit"], settings, screen.tokens)
    except RuntimeError as error:
        # Without spaCy, and without the ids that it has made before, there is nothing to train on.
        raise RunError(str(error)) from None
    if processes.first:
        processes.wait()
    return prepared


def _described(plan: Plan, prepared: Prepared, processes: Processes) -> dict[str, Any]:
    """Return what settings.json holds: everything that is needed to understand the run, and to repeat it."""
    return {
        "settings": as_data(plan.settings),
        "source": plan.source,
        "reviews": {name: len(getattr(prepared, name)) for name in ("train", "valid", "test")},
        "words": len(prepared.words),
        "labels": prepared.labels,
        "tokenizer": prepared.tokenizer,
        "key": prepared.key,
        "machine": {
            "processes": processes.ranks,
            "device": device_named(processes.device),
            "threads": torch.get_num_threads(),
            "python": platform.python_version(),
            "torch": torch.__version__,
            "system": platform.platform(),
        },
    }


def device_named(device: torch.device) -> str:
    """Return a device in words."""
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"{device} ({torch.get_num_threads()} threads)" if device.type == "cpu" else str(device)


# --- stopping --------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _stopped_between_batches(stop: Callable[[], None], screen: _Screen) -> Iterator[None]:
    """Let the first Ctrl-C (or a polite kill) end training after the batch at hand; a second one ends it at once."""
    asked = False

    def answer(number: int, _: object) -> None:
        nonlocal asked
        if asked:
            # torchrun passes on what the terminal has sent to every process already.
            if number == signal.SIGINT and not is_launched():
                raise KeyboardInterrupt
            return
        asked = True
        screen.show(Said("stopping after this batch; once more stops at once, and the last checkpoint is kept"))
        stop()

    before: dict[int, Any] = {}
    # Only a main thread may choose; in another one Ctrl-C stays what it is.
    with contextlib.suppress(ValueError):
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, answer)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# --- the terminal ----------------------------------------------------------------------------------------------------


class _Screen:
    """Draws progress, and prints one line for each epoch; silent in every process but the first."""

    def __init__(self, console: Console | None) -> None:
        self.console = console
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._epochs = 0
        self._logged = time.monotonic()

    def __enter__(self) -> _Screen:
        return self

    def __exit__(self, *_: object) -> None:
        self._end_progress()

    def say(self, text: str, style: str = "") -> None:
        """Print a sentence."""
        if self.console is not None:
            self.console.print(Text(text, style), soft_wrap=True)

    def tokens(self, what: str, done: int, total: int | None) -> None:
        """Draw the progress of tokenizing."""
        self._draw("tokenizing", done, total or done, "reviews")

    def begin(
        self,
        settings: RunSettings,
        prepared: Prepared,
        processes: Processes,
        folder: RunFolder,
        kept: Checkpoint | None,
    ) -> None:
        """Say what is going to be trained, on what."""
        self._end_progress()
        sizes = ", ".join(f"{len(getattr(prepared, name)):,} {word}" for name, word in _PARTS)
        reading = "packed" if settings.packed else "padded"
        batches = "bucketed by length" if settings.bucketed else "not bucketed"
        directions = "both directions" if settings.bidirectional else "one direction"
        self.say(f"{sizes} reviews, {len(prepared.words):,} words, {len(prepared.labels)} labels")
        self.say(
            f"recipe {settings.recipe}: {settings.rnn} of {settings.hid}, {settings.layers} layer{'s' * (settings.layers > 1)}, "
            f"{directions}, {reading}, {batches}, batch {settings.batch}"
        )
        many = f", {processes.ranks} processes" if processes.ranks > 1 else ""
        numbers = stated(settings.precision, processes.device)
        self.say(f"on {device_named(processes.device)}, {numbers}{many}; everything goes to {folder.path}")
        if kept is not None:
            place = kept.position
            self.say(f"going on at epoch {place.epoch}, batch {place.batch + 1}")
            for row in kept.history:
                self._epoch(EpochRow(**row), settings.epochs)
        self._epochs = settings.epochs

    def show(self, event: Turn | EpochRow | Said) -> None:
        """Show what the run tells."""
        if isinstance(event, Turn):
            speed = f"{event.tokens_per_second:,.0f} tokens/s"
            state = f"epoch {event.epoch}/{event.epochs}  loss {event.loss:.3f}  acc {event.accuracy:.1%}  {speed}"
            self._draw(state, (event.epoch - 1) * event.batches + event.batch, event.epochs * event.batches, "batches")
            self._log(f"{state}  batch {event.batch}/{event.batches}")
        elif isinstance(event, Said):
            self.say(event.text, "yellow")
        else:
            self._epoch(event, self._epochs)

    def _epoch(self, row: EpochRow, epochs: int) -> None:
        self.say(
            f"epoch {row.epoch}/{epochs}  loss {row.loss:.4f}  training {row.train_accuracy:.2%}  "
            f"validation {row.valid_accuracy:.2%}{' (best)' if row.best else ''}  "
            f"{row.seconds:.0f} + {row.valid_seconds:.0f} s  {row.tokens_per_second:,.0f} tokens/s"
        )
        for sentence in row.said:
            self.say(f"  {sentence}", "yellow")
        if row.gradients is not None:
            self._gradients(row.gradients, bool(row.said))

    def _gradients(self, found: dict[str, Any], said: bool) -> None:
        """Draw how much of the gradient reaches each step of a padded batch; each bar's height is a power of ten."""
        norms = [math.log10(max(norm, 1e-30)) for norm in found["norms"]]
        bars = drawn(norms, max(norms) - _POWERS, max(norms))
        self.say(
            f"  gradient at steps 1 to {found['steps'][-1] + 1:,}: {bars} {found['norms'][-1]:.1e} at the last", "dim"
        )
        if said:
            return
        self.say(
            f"  {found['at_last_words']:.1e} at a review's own last word (median), {found['padding']:,} steps of padding before "
            f"the end; {found['share_on_words']:.1%} of all gradient falls on words", "dim",
        )  # fmt: skip

    def end(self, history: list[dict[str, Any]], tested: Tested | None, folder: RunFolder) -> None:
        """Draw the curves, and say what the test set said."""
        if len(history) > 1:
            for key, name, low, high in _CURVES:
                values = [row[key] for row in history]
                self.say(
                    f"{name:<10} {drawn(values, low, high or max(values))}  {values[0]:.4f} → {values[-1]:.4f}", "dim"
                )
        if tested is None:
            self.say(f"stopped; go on with: rnnlab train --resume --out {folder.path}", "yellow")
            return
        found = tested.evaluation
        self.say(
            f"test {found.accuracy:.2%} ({found.correct:,} of {found.rows:,}), read once, with the weights of epoch "
            f"{tested.epoch}, the best by validation ({tested.valid_accuracy:.2%})",
            "bold",
        )
        self.say(f'use it: rnnlab predict {folder.path} "your own review"')

    def _draw(self, label: str, done: int, total: int, unit: str) -> None:
        if self.console is None or not self.console.is_terminal:
            return
        if self._progress is None:
            described, left = TextColumn("{task.description}"), TimeRemainingColumn()
            self._progress = Progress(
                described,
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn(unit),
                left,
                console=self.console,
                transient=True,
            )
            self._progress.start()
            self._task = self._progress.add_task(label, total=total)
        if self._task is not None:
            self._progress.update(self._task, description=label, completed=done, total=total)

    def _log(self, state: str) -> None:
        """Where nothing can be drawn (a log file), say once a minute how far it is."""
        now = time.monotonic()
        if self.console is not None and not self.console.is_terminal and now - self._logged > _SECONDS_BETWEEN_LINES:
            self._logged = now
            self.say(state)

    def _end_progress(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


_PARTS = (("train", "training"), ("valid", "validation"), ("test", "test"))
_CURVES = (
    ("loss", "loss", 0.0, None),
    ("train_accuracy", "training", 0.0, 1.0),
    ("valid_accuracy", "validation", 0.0, 1.0),
)
