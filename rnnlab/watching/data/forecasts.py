"""Watches predictions: a model that is asked about a single review, outside of every loop, with gradients off."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

from rnnlab.watching.data.patches import Patches
from rnnlab.watching.describing import Describer
from rnnlab.watching.places import outward


class Forecasts:
    """The witness of predictions; torch has been imported when it is made."""

    def __init__(self, patches: Patches, describer: Describer) -> None:
        self.patches, self.describer = patches, describer
        import torch
        from torch.nn.modules import module as hooks

        self._torch = torch
        handle = hooks.register_module_forward_hook(self._after)
        patches.until_the_end(_Removed(handle))

    def _after(self, module: Any, args: Any, result: Any) -> None:
        recorder = self.describer.recorder
        # Inside a pass over batches nothing is predicted for its own sake: the common case is over at once.
        if recorder.quiet or recorder.in_pass or self._torch.is_grad_enabled() or not self.patches.is_active:
            return
        if type(module).__module__.startswith("torch.") and not isinstance(module, self._torch.nn.Sequential):
            return
        with recorder.guarded():
            if self._is_single(args, result) and (frame := self._asker()) is not None:
                self._tell(module, frame, result)

    def _is_single(self, args: Any, result: Any) -> bool:
        """One row came out, and ids of one review went in: the batch is the axis of size 1."""
        torch = self._torch
        if not isinstance(result, torch.Tensor) or not result.is_floating_point():
            return False
        one_row = result.dim() == 0 or (result.dim() <= 2 and result.shape[0] == 1)
        ids = next((a for a in args if isinstance(a, torch.Tensor) and not a.is_floating_point()), None)
        return one_row and ids is not None and (ids.dim() == 1 or 1 in ids.shape)

    def _asker(self) -> FrameType | None:
        """Return the learner's frame that called the model; None where a model called it."""
        for frame in outward(sys._getframe(2)):
            if frame.f_code.co_name == "forward" and isinstance(frame.f_locals.get("self"), self._torch.nn.Module):
                return None
        return self.patches.recorder.places.learner(sys._getframe(2))

    def _tell(self, module: Any, frame: FrameType, result: Any) -> None:
        function = frame.f_code.co_qualname
        samples: dict[str, Any] = {"model": type(module).__name__}
        if not function.startswith("<"):
            samples["function"] = function
        if result.device.type == "cpu" and result.numel() <= 32:
            samples["scores"] = [str(round(value, 6)) for value in result.detach().reshape(-1).tolist()]
        place, name = self.patches.place(frame), self.patches.name(frame)
        number = self.describer.recorder.new_id()
        counts = {"rows": 1.0, "scores": float(result.numel())}
        fold = (place, "prediction")
        self.describer.tell_data(place, "prediction", number, name, counts=counts, samples=samples, fold=fold)


class _Removed:
    """Takes a hook off at the end."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def __enter__(self) -> None:
        return None

    def __exit__(self, *error: Any) -> None:
        self._handle.remove()
