"""`rnnlab.trace`: record one forward pass of a model, with named axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rnnlab.record import Record
from rnnlab.watching.watch import Watch, new_record


def trace(model: Any, *inputs: Any, axes: str | Sequence[str] | None = None, **named: Any) -> Record:
    """Run a model once and return the record of what it did, one fact for each thing that its author wrote.

    Args:
        model: an `nn.Module`, or any function of tensors.
        inputs, named: what the model is called with.
        axes: names of the first input's axes, `"seq_len batch"`, or one such text for each input. Without them the names are
            found: an RNN reads its axes as its `batch_first` says.

    The random state is put back afterwards, and every hook is removed, also after a crash. An error of the model's own goes on
    its way; the record up to it is its attribute `record`.
    """
    import torch

    record = new_record(program=type(model).__name__)
    watch = Watch(record)
    names = [axes] if isinstance(axes, str) else list(axes or ())
    for value, words in zip(inputs, names, strict=False):
        if isinstance(value, torch.Tensor):
            _declare(watch, value, words)
    state = torch.get_rng_state()
    try:
        with watch.looking():
            model(*inputs, **named)
    except Exception as error:
        error.record = record  # type: ignore[attr-defined]  # the learner may look at what was seen
        raise
    finally:
        torch.set_rng_state(state)
    return record


def _declare(watch: Watch, tensor: Any, words: str) -> None:
    names = words.replace(",", " ").split()
    if len(names) != tensor.dim():
        sizes = ", ".join(map(str, tensor.shape))
        raise ValueError(f"axes='{words}' names {len(names)} axes, the input has {tensor.dim()}: ({sizes})")
    watch.recorder.declare(tensor, names)
