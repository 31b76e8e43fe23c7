"""Where there is no graphics card, a dry run computes on the processor what a program sends to one."""

from __future__ import annotations

import contextlib
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from rnnlab.watching.bridges.imports import placed
from rnnlab.watching.bridges.telling import Teller

_NOTHING = ("set_device", "synchronize", "empty_cache", "reset_peak_memory_stats")
_NUMBERS = ("memory_allocated", "max_memory_allocated", "memory_reserved", "current_device")


def stand_in_for_a_graphics_card(teller: Teller, sources: Any, undo: contextlib.ExitStack) -> None:
    """Let `.cuda()` and `device="cuda"` mean the processor, where the program speaks of them and there is no card."""
    if torch.cuda.is_available() or not any("cuda" in source for source in sources):
        return
    undo.enter_context(_OnProcessor(teller))
    for names, value in ((_NOTHING, None), (_NUMBERS, 0), (("get_device_name",), "made-up")):
        for name in names:
            undo.enter_context(placed(torch.cuda, name, _giving(value)))


def _giving(value: Any) -> Any:
    return lambda *given, **options: value


class _OnProcessor(TorchFunctionMode):
    def __init__(self, teller: Teller) -> None:
        super().__init__()
        self._teller = teller

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__name__", "") == "cuda" and args and isinstance(args[0], torch.Tensor):
            self._tell()
            return args[0]
        if any(map(_is_card, args)) or any(map(_is_card, kwargs.values())):
            self._tell()
            args = tuple("cpu" if _is_card(one) else one for one in args)
            kwargs = {name: "cpu" if _is_card(one) else one for name, one in kwargs.items()}
        return func(*args, **kwargs)

    def _tell(self) -> None:
        self._teller.tell("a graphics card, which is not there", "the processor computed instead", once="card")


def _is_card(given: Any) -> bool:
    if isinstance(given, torch.device):
        return given.type == "cuda"
    return isinstance(given, str) and (given == "cuda" or given.startswith("cuda:"))
