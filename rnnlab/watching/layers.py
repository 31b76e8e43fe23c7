"""What a layer is: the operation that it stands for, its text, and whether it only wraps another module."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from rnnlab.operations import Operation, operation_of

# What torch puts around a learner's model: its own forward is no row, the module inside is what the learner wrote.
_WRAPPERS = {"OptimizedModule", "DataParallel", "DistributedDataParallel"}


def is_wrapper(module: nn.Module) -> bool:
    """Say whether a module of torch's only runs another one: a container's layers, a compiled or a parallel model."""
    return _wraps(type(module))


@functools.lru_cache(maxsize=512)
def _wraps(kind: type) -> bool:
    return issubclass(kind, nn.Sequential) or (kind.__module__.startswith("torch.") and kind.__name__ in _WRAPPERS)


def operation_of_layer(module: nn.Module) -> Operation:
    """Return the operation of a layer: a subclass of a torch layer is still that layer."""
    return _operation(type(module))


@functools.lru_cache(maxsize=512)
def _operation(kind: type) -> Operation:
    torchs = (base for base in kind.__mro__ if base.__module__.startswith("torch.") and base is not nn.Module)
    return operation_of(next(torchs, kind).__name__)


def described(module: nn.Module) -> str:
    text = repr(module)
    return text if len(text) <= 100 and "\n" not in text else type(module).__name__


def holds_weights(module: nn.Module) -> bool:
    return next(module.parameters(), None) is not None


@contextlib.contextmanager
def uncompiled() -> Iterator[None]:
    """Run what `torch.compile` has made as the learner wrote it: compiled code has no lines to watch.

    The compiler is imported by whoever compiles, never by us: it takes a second. Before torch 2.6 there is no such switch
    and its configuration is set.
    """
    with contextlib.ExitStack() as stack:
        if "torch._dynamo" in sys.modules:
            stack.enter_context(_eager())
            yield
            return
        original = torch.compile

        @functools.wraps(original)
        def eagerly(*args: Any, **kwargs: Any) -> Any:
            if torch.compile is eagerly:
                torch.compile = original
                stack.enter_context(_eager())
            return original(*args, **kwargs)

        torch.compile = eagerly  # type: ignore[assignment]
        try:
            yield
        finally:
            if torch.compile is eagerly:
                torch.compile = original


def _eager() -> contextlib.AbstractContextManager[Any]:
    set_stance: Callable[[str], Any] | None = getattr(torch.compiler, "set_stance", None)
    if set_stance is not None:
        return set_stance("force_eager")
    import torch._dynamo.config as dynamo

    return dynamo.patch(disable=True)  # type: ignore[attr-defined]
