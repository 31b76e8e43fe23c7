"""Puts off the import of PyTorch's compiler: the first optimizer asks for it, and hardly any program needs it.

It costs two to three seconds. What asks for anything but the marks that keep the compiler away gets the real one.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

_NAME = "torch._dynamo"


class _Later(ModuleType):
    """Stands for the compiler until somebody wants more of it than to be left alone."""

    def graph_break(self, *given: Any, **options: Any) -> None:
        """Nothing is compiled: there is no graph to break."""

    def disable(self, function: Callable[..., Any] | None = None, *given: Any, **options: Any) -> Any:
        """Nothing is compiled: the function stays what it is."""
        return (lambda one: one) if function is None else function

    def __getattr__(self, name: str) -> Any:
        # Whoever goes through all modules asks for such names; whoever imports something below it asks for its path.
        if name.startswith("__") and name != "__path__" and sys.modules.get(_NAME) is self:
            raise AttributeError(name)
        return getattr(_real(self), name)


def _real(instead: ModuleType) -> ModuleType:
    if sys.modules.get(_NAME) is instead:
        _remove(instead)
        importlib.import_module(_NAME)
    return sys.modules[_NAME]


def _remove(instead: ModuleType) -> None:
    if sys.modules.get(_NAME) is instead:
        del sys.modules[_NAME]
    torch = sys.modules["torch"]
    if vars(torch).get("_dynamo") is instead:
        del torch._dynamo  # type: ignore[attr-defined]


@contextlib.contextmanager
def compiler_put_off() -> Iterator[None]:
    """Import PyTorch's compiler only where it is really used."""
    import torch

    if _NAME in sys.modules:
        yield
        return
    instead = _Later(_NAME)
    # A module without these is looked for anew by whoever imports something below it.
    for name in ("__spec__", "__loader__", "__package__", "__doc__"):
        vars(instead).pop(name, None)
    sys.modules[_NAME] = instead
    torch._dynamo = instead  # type: ignore[attr-defined]
    try:
        yield
    finally:
        _remove(instead)
