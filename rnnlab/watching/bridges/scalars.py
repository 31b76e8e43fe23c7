"""`loss.data[0]`: a tensor without axes had one item until PyTorch 0.4, and is asked for it by many old programs.

The frame of `item_of` is looked through when a place is sought (see `rnnlab.watching.places`), so that an index that the
learner wrote stays a row of its own.
"""

from __future__ import annotations

import contextlib
from typing import Any

import torch

from rnnlab.watching.bridges.imports import placed
from rnnlab.watching.bridges.telling import Teller


def bridge_scalars(teller: Teller, undo: contextlib.ExitStack) -> None:
    """Let `[0]` of a tensor without axes give its number; every other index is PyTorch's own, errors included."""
    original = torch.Tensor.__getitem__

    # Costs one Python call per index (0.15 µs on top of 0.85): trying is free where nothing is raised.
    def __getitem__(self: torch.Tensor, index: Any) -> Any:  # noqa: N807
        try:
            return original(self, index)
        except IndexError:
            if type(index) is not int or index != 0 or self.dim() != 0:
                raise
        teller.tell("[0] of a tensor without axes", "its number was taken with .item()", "loss.item()")
        return self.item()

    undo.enter_context(placed(torch.Tensor, "__getitem__", __getitem__))
