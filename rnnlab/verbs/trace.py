"""`rnnlab.trace`: record one forward pass of a model, with named axes, and how much gradient reaches each row."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rnnlab.errors import note
from rnnlab.record import Record
from rnnlab.watching.describing import is_module
from rnnlab.watching.watch import Watch, new_record

if TYPE_CHECKING:
    from rnnlab.probing.gradients import Gradients


def trace(
    model: Any,
    *inputs: Any,
    axes: str | Sequence[str] | None = None,
    probe: bool = True,
    backward: bool | Callable[[Any], Any] = False,
    **named: Any,
) -> Record:
    """Run a model once and return the record of what it did, one fact for each thing that its author wrote.

    Args:
        model: an `nn.Module`, or any function of tensors.
        inputs, named: what the model is called with.
        axes: names of the first input's axes, `"seq_len batch"`, or one such text for each input. Without them the names are
            found: an RNN reads its axes as its `batch_first` says.
        probe: whether a copy of the model is run on a few tiny batches as well, so that computed sizes (`seq_len-2`,
            `seq_len*batch`) get names too, and wrong ones are found. A model that is no `nn.Module` is not run again:
            nobody knows what it would change.
        backward: whether to note the gradient that reaches each row, or a function that makes one number (a loss) of the
            model's result. Without one the mean of its result is taken, weighted from 1 to 2 along the last axis. No `.grad`
            is touched.

    The random states are put back afterwards, and every hook is removed, also after a crash. An error of the model's own goes
    on its way; the record up to it is its attribute `record`, and a note under its text says what it means.
    """
    import torch

    from rnnlab.probing.copies import random_states_kept
    from rnnlab.probing.gradients import Gradients
    from rnnlab.probing.naming import Probing

    record = new_record(program=type(model).__name__)
    watch = Watch(record)
    recorder = watch.recorder
    names = [axes] if isinstance(axes, str) else list(axes or ())
    for value, words in zip(inputs, names, strict=False):
        if isinstance(value, torch.Tensor):
            _declare(watch, value, words)
    try:
        with random_states_kept():
            # Before the model runs: what this run leaves in it must not reach the probes.
            probing = Probing(model) if probe and is_module(model) else None
            gradients = Gradients(recorder) if backward else None
            with watch.looking(), _held(watch):
                result = _run(watch, model, inputs, named, gradients)
                with recorder.guarded():
                    if gradients is not None:
                        gradients.run(result, backward if callable(backward) else None)
                    if probing is not None:
                        probing.name(recorder, inputs, named)
                        watch.calls.settle_result()
    except Exception as error:
        error.record = record  # type: ignore[attr-defined]  # the learner may look at what was seen
        with recorder.guarded():
            add_note(error, record)
        raise
    return record


def add_note(error: BaseException, record: Record) -> None:
    """Put what a record's crash means under the error's own text, where a traceback or a notebook shows it; once."""
    text = note(record)
    if text and text not in getattr(error, "__notes__", ()):
        error.add_note(text)


@contextlib.contextmanager
def _held(watch: Watch) -> Iterator[None]:
    """Hold the facts back until all that is to be known of them is known."""
    watch.recorder.hold()
    try:
        yield
    finally:
        watch.recorder.release()


def _run(watch: Watch, model: Any, inputs: Sequence[Any], named: dict[str, Any], gradients: Gradients | None) -> Any:
    """Run the model; where gradients are asked for, with gradients on and hooks in its results."""
    if gradients is None:
        return model(*inputs, **named)
    watch.calls.when_made = gradients.follow
    try:
        with gradients.kept(bool(getattr(model, "training", True))):
            return model(*inputs, **named)
    except BaseException:
        gradients.close()
        raise
    finally:
        watch.calls.when_made = None


def _declare(watch: Watch, tensor: Any, words: str) -> None:
    names = words.replace(",", " ").split()
    if len(names) != tensor.dim():
        sizes = ", ".join(map(str, tensor.shape))
        raise ValueError(f"axes='{words}' names {len(names)} axes, the input has {tensor.dim()}: ({sizes})")
    watch.recorder.declare(tensor, names)
