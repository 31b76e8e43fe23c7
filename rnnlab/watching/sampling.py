"""Lets a dry run's large recurrent layers compute a few reviews of each batch; the others get copies of these.

One batch of 50 reviews of 1,000 characters takes seconds, and a dry run wants to see its shapes alone.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

from rnnlab.facts import Instead
from rnnlab.watching.places import here
from rnnlab.watching.recorder import Recorder

_WORK = 200_000_000  # products that are computed in full; the backward pass takes twice as many again
_FEWEST = 2  # reviews
_KERNELS = ("lstm", "gru", "rnn_tanh", "rnn_relu")


@contextlib.contextmanager
def few_rows(recorder: Recorder) -> Iterator[None]:
    """Compute no more than a few rows in recurrent layers for which a whole batch is too much."""
    from torch import _VF

    before = {name: vars(_VF).get(name) for name in _KERNELS}
    for name in _KERNELS:
        setattr(_VF, name, _sampled(recorder, getattr(_VF, name)))
    try:
        yield
    finally:
        for name, one in before.items():
            delattr(_VF, name) if one is None else setattr(_VF, name, one)


def _sampled(recorder: Recorder, kernel: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(kernel)
    def computed(*args: Any) -> Any:
        # A padded batch has three axes; a packed one has two, and its rows do not lie side by side.
        if len(args) != 9 or args[0].dim() != 3:
            return kernel(*args)
        given, state, weights, *options = args
        axis = 0 if options[-1] else 1
        rows, steps = given.shape[axis], given.shape[1 - axis]
        work = rows * steps * sum(weight.numel() for weight in weights)
        kept = max(_FEWEST, int(rows * _WORK / work)) if work > _WORK else rows
        if kept >= rows:
            return kernel(*args)
        with recorder.silence():
            _tell(recorder, rows, steps, kept)
            return _spread(
                kernel(_first(given, axis, kept), _first(state, 1, kept), weights, *options), axis, rows, kept
            )

    return computed


def _first(given: Any, axis: int, kept: int) -> Any:
    if isinstance(given, tuple):
        return tuple(_first(one, axis, kept) for one in given)
    return given.narrow(axis, 0, kept).contiguous()


def _spread(results: tuple[Any, ...], axis: int, rows: int, kept: int) -> tuple[Any, ...]:
    """Give each row a copy of a computed one, in turn; the first result is the output, the others are final states."""
    import torch

    turn = torch.arange(rows, device=results[0].device) % kept
    return tuple(one.index_select(axis if i == 0 else 1, turn) for i, one in enumerate(results))


def _tell(recorder: Recorder, rows: int, steps: int, kept: int) -> None:
    place = recorder.where(here())
    done = f"{kept} of them were computed, and the others were given copies of their results, because this is a dry run"
    fact = Instead(
        place=place, kind="shortened", what=f"a recurrent layer over {rows:,} reviews of {steps:,} steps", done=done
    )
    if not recorder.is_repeated(("few rows", place)):
        recorder.tell(fact)
