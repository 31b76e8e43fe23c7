"""`rnnlab step`: walk through the thirteen stages of the reference pipeline."""

from __future__ import annotations

import contextlib
import functools
import inspect
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from rnnlab.facts import Data
from rnnlab.pipeline.cache import cache_folder
from rnnlab.pipeline.settings import Settings
from rnnlab.pipeline.walk import walk
from rnnlab.record import SUFFIX, Record
from rnnlab.report import Report, judge
from rnnlab.stages import STAGES, stage_named
from rnnlab.verbs.replay import REFERENCE, goodbye
from rnnlab.verbs.stepper import Quit, Stepper
from rnnlab.views import findings, terminal
from rnnlab.watching.watch import Watch, new_record

_PIPELINE = Path(__file__).parent.parent / "pipeline"


def step_walk(
    settings: Settings,
    reviews: dict[str, Any],
    sentence: str,
    *,
    pause: bool,
    quiz: bool = False,
    save: Path | None = None,
    console: Console | None = None,
    read: Callable[[str], str] = input,
) -> Record:
    """Run the reference pipeline, stage by stage, and return its record.

    Args:
        reviews: `csv`, `text`, `label`, `limit` of `rnnlab.pipeline.load.load`.
        pause: wait for the learner after each stage.
        save: where to keep the record; it grows there while the walk runs.

    Raises:
        LoadError, ValueError, ChildProcessError: as of `rnnlab.pipeline.walk.walk`.
        OSError: the record cannot be written.
        KeyboardInterrupt: Ctrl-C outside of training; the record so far is kept and its path was printed.
    """
    console = console or terminal.console()
    path = save or _last_walk()
    record = new_record(path, program=REFERENCE, seed=settings.seed, arguments=_arguments(settings, reviews))
    stepper = Stepper(record, console, pause, quiz, read)
    guide = _Guide(Watch(record, also=[_PIPELINE]), stepper, console)
    try:
        with guide:
            walk(
                settings,
                **reviews,
                sentence=sentence,
                at=guide.at,
                show_tokens=guide.tokens,
                show_training=guide.training,
            )
        report = judge(record)
        console.print(findings.report_view(report))
        _say_what_was_kept(report, console)
    except Quit:
        pass
    except KeyboardInterrupt:
        kept = f"; what was seen so far is kept: rnnlab step {path}" if path is not None else ""
        # An impatient second one is not to spoil what the first one has begun.
        with _on_ctrl_c(signal.SIG_IGN):
            console.print(Text(f"\nstopped{kept}", style="yellow"))
            record.close()
        raise
    finally:
        record.close()
        if save is not None and record.first(Data) is None:
            # Nothing was seen, not even a table: no empty record stands in the way of the next try.
            save.unlink(missing_ok=True)
            save.with_name(f"{save.name}.index").unlink(missing_ok=True)
    goodbye(stepper, console)
    if save is not None:
        console.print(Text(f"the record is kept: rnnlab step {save}", style="dim"))
    return record


class _Guide:
    """Stands between the pipeline, which knows nothing of it, and the stepper: wraps each stage and draws progress."""

    def __init__(self, watch: Watch, stepper: Stepper, console: Console) -> None:
        self.watch, self.stepper, self.console = watch, stepper, console
        self._looking = contextlib.ExitStack()
        self._is_looking = False
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._wants_stop = False

    def __enter__(self) -> _Guide:
        return self

    def __exit__(self, *error: Any) -> None:
        self._end_progress()
        self._looking.__exit__(*error)

    def at(self, stages: tuple[str, ...], function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function wrapped: what it does is recorded, then its stages are shown."""

        @functools.wraps(function)
        def watched(*args: Any, **kwargs: Any) -> Any:
            self._look()
            inputs = inspect.signature(function).bind(*args, **kwargs).arguments
            # Training can be stopped and goes on to the next stage; anything else is ended where it is.
            stopping = self._stopped_between_batches() if "train" in stages else contextlib.nullcontext()
            try:
                with stopping, self.watch.stage(stages, function, inputs) as give:
                    result = function(*args, **kwargs)
                    give(result)
            finally:
                self._end_progress()
            for name in stages:
                self.stepper.reached(stage_named(name), last=name == STAGES[-1].name)
            return result

        return watched

    def _look(self) -> None:
        """The first stages need no torch; once the pipeline has imported it, everything is watched to the end."""
        if "torch" in sys.modules and not self._is_looking:
            self._is_looking = True
            self._looking.enter_context(self.watch.looking())

    @contextlib.contextmanager
    def _stopped_between_batches(self) -> Iterator[None]:
        """Turn Ctrl-C into a wish that is granted after the batch at hand.

        An exception in the middle of a step is not sure to arrive: Python drops one that is raised while a tensor is
        being freed.
        """

        def wish(*_: object) -> None:
            self._wants_stop = True

        with _on_ctrl_c(wish):
            yield

    # --- progress ------------------------------------------------------------------------------------------------

    def tokens(self, what: str, done: int, total: int | None) -> None:
        """Draw the progress of tokenizing."""
        self._draw("tokenizing", done, total or done, "reviews")

    def training(self, turn: Any) -> None:
        """Draw the progress of training, with loss, accuracy and gradient norm."""
        if hasattr(turn, "batch"):
            done = (turn.epoch - 1) * turn.batches + turn.batch
            state = f"loss {turn.loss:.3f}  acc {turn.accuracy:.1%}  gradient {turn.gradient_norm:.2f}"
            self._draw(f"epoch {turn.epoch}/{turn.epochs}  {state}", done, turn.epochs * turn.batches, "batches")
            if self._wants_stop:
                raise KeyboardInterrupt

    def _draw(self, label: str, done: int, total: int, unit: str) -> None:
        if self._progress is None:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn(unit),
                TimeRemainingColumn(),
            )
            self._progress = Progress(
                *columns, console=self.console, transient=True, disable=not self.console.is_terminal
            )
            self._progress.start()
            self._task = self._progress.add_task(label, total=total)
        if self._task is not None:
            self._progress.update(self._task, description=label, completed=done, total=total)

    def _end_progress(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


@contextlib.contextmanager
def _on_ctrl_c(answer: Any) -> Iterator[None]:
    """Answer Ctrl-C in another way than by an exception, where that can be chosen: in a main thread."""
    try:
        before = signal.signal(signal.SIGINT, answer)
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


# The lecture's choices that the walk keeps so that a learner meets them, and the options that mend them.
_KEPT = {
    "same_review_in_two_splits": "--drop-copies",
    "html_breaks_in_the_vocabulary": "--remove-breaks",
    "padding_read_as_last_step": "leave --padded out",
}


def _say_what_was_kept(report: Report, console: Console) -> None:
    cures = [f"{name}: {_KEPT[name]}" for name in _KEPT if report.of(name).findings]
    if cures:
        console.print(
            Text("\nThe walk keeps what the lecture left as it was, so that you meet it. What mends it:", "dim")
        )
        console.print(Text("\n".join(f"  {cure}" for cure in cures), "dim"))


def _arguments(settings: Settings, reviews: dict[str, Any]) -> dict[str, Any]:
    # A file's name need not be UTF-8, a record is.
    source = str(reviews.get("csv") or "the built-in reviews").encode(errors="replace").decode()
    return {"reviews": source, "limit": reviews.get("limit"), **asdict(settings)}


def _last_walk() -> Path | None:
    """Where a walk that was not asked to be saved is kept, so that an interrupted one is not lost; None if it cannot be."""
    folder = cache_folder("walks")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"last{SUFFIX}"
        path.touch()
    except OSError:
        return None
    return path
