"""Does something right after the program itself imports a module, and imports nothing on its own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

Then = Callable[[ModuleType], None]


class AfterImport(MetaPathFinder):
    """Calls back when a module has been imported; stands first in `sys.meta_path` while it is entered."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[Then]] = {}
        self._finding: set[str] = set()

    def __enter__(self) -> AfterImport:
        sys.meta_path.insert(0, self)
        return self

    def __exit__(self, *error: Any) -> None:
        self._waiting.clear()
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def when(self, name: str, then: Then) -> None:
        """Call `then` with the module of this name: now if it is there, else as soon as its import is over."""
        module = sys.modules.get(name)
        if isinstance(module, ModuleType):
            then(module)
        else:
            self._waiting.setdefault(name, []).append(then)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Let the other finders find the module, and note the end of its import; None for names nobody waits for."""
        if fullname not in self._waiting or fullname in self._finding:
            return None
        self._finding.add(fullname)
        try:
            spec = self._spec_of_others(fullname, path, target)
        finally:
            self._finding.discard(fullname)
        if spec is not None and spec.loader is not None:
            self._listen(fullname, spec.loader)
        return spec

    def _spec_of_others(self, name: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
        for finder in list(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            if finder is not self and find is not None and (spec := find(name, path, target)) is not None:
                return spec
        return None

    def _listen(self, name: str, loader: Any) -> None:
        """The loader stays the one that the module will name; only its next execution is listened to."""
        execute = getattr(loader, "exec_module", None)
        if execute is None:
            return

        def exec_module(module: ModuleType) -> None:
            vars(loader).pop("exec_module", None)
            execute(module)
            for then in self._waiting.pop(name, ()):
                then(module)

        try:
            loader.exec_module = exec_module
        except AttributeError:
            return  # a loader without room for a note: what it loads is not watched
