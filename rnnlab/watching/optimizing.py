"""Watches optimizers: their steps, and `zero_grad` (a module's too); what goes on inside is folded into the learner's line."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from types import FrameType
from typing import Any

import torch.optim.optimizer as optimizers
from torch import nn
from torch.optim import Optimizer

from rnnlab.facts import Call
from rnnlab.watching.places import here, outward
from rnnlab.watching.recorder import Recorder
from rnnlab.watching.replacing import replaced


class Optimizers:
    """The witness of optimizers; entered as a context by the witness of calls."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._steps: list[FrameType] = []
        self._undo = contextlib.ExitStack()

    def __enter__(self) -> Optimizers:
        for handle in (
            optimizers.register_optimizer_step_pre_hook(self._before_step),
            optimizers.register_optimizer_step_post_hook(self._after_step),
        ):
            self._undo.callback(handle.remove)
        for owner in (Optimizer, nn.Module):
            self._undo.enter_context(replaced(owner, "zero_grad", self._zero_grad(owner.zero_grad)))
        return self

    def __exit__(self, *error: Any) -> None:
        self._undo.close()
        self._steps.clear()

    @property
    def are_working(self) -> bool:
        """Whether an optimizer makes a step right now: one that raised has left no sign but its frame."""
        while self._steps and self._steps[-1] not in outward(here()):
            self._steps.pop()
        return bool(self._steps)

    def _before_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        self._steps.append(here())

    def _after_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        if here() in self._steps:
            del self._steps[self._steps.index(here()) :]
        frame = self._recorder.places.learner(here())
        if frame is not None and not self._recorder.quiet and not self.are_working:
            self._tell("optimizer_step", frame)

    def _zero_grad(self, original: Callable[..., None]) -> Callable[..., None]:
        def zero_grad(owner: Any, *args: Any, **kwargs: Any) -> None:
            frame, _ = self._recorder.places.caller(here())
            with self._recorder.silence():
                original(owner, *args, **kwargs)
            if not self._recorder.quiet and frame is not None:
                self._tell("zero_grad", frame)

        return zero_grad

    def _tell(self, what: str, frame: FrameType) -> None:
        place = self._recorder.places.place(frame)
        self._recorder.tell_folded(Call(place=place, stage="train", what=what), (place, what))
