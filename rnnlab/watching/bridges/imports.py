"""Serves modules that an import asks for in vain, and changes others at the moment when the program imports them."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import FrameType, ModuleType
from typing import Any

from rnnlab.watching import budget

Change = Callable[[ModuleType, contextlib.ExitStack], None]
_ABSENT = object()
_CLOCK = budget.__file__  # it takes the time of imports, and stands between


@contextlib.contextmanager
def placed(owner: Any, name: str, new: Any) -> Iterator[None]:
    """Set an attribute for a while, whether or not the owner had one of this name itself."""
    before = vars(owner).get(name, _ABSENT)
    setattr(owner, name, new)
    try:
        yield
    finally:
        if before is _ABSENT:
            delattr(owner, name)
        else:
            setattr(owner, name, before)


class _Serving(Loader):
    """Loads a module by calling a function that returns it."""

    def __init__(self, make: Callable[[], ModuleType]) -> None:
        self._make = make

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        # Python takes what stands in sys.modules afterwards: the module that is served keeps its own name and spec.
        sys.modules[module.__name__] = self._make()


class _Changing(Loader):
    """Loads a module as its own loader does, and changes it right after."""

    def __init__(self, original: Loader, change: Callable[[ModuleType], None]) -> None:
        self._original, self._change = original, change

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._original.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._original
        if module.__spec__ is not None:
            module.__spec__.loader = self._original
        self._original.exec_module(module)
        self._change(module)


class Imports(MetaPathFinder):
    """A finder that stands before (or behind) Python's own while it is entered.

    Args:
        last: ask Python's own finders first, and this one only for what they do not find.
        serves: says for the frame that imports whether modules are served to it; others find what is there without us.
    """

    def __init__(self, last: bool = False, serves: Callable[[FrameType | None], bool] = lambda frame: True) -> None:
        self._last, self._serves = last, serves
        self._served: dict[str, Callable[[], ModuleType]] = {}
        self._families: dict[str, Callable[[str], ModuleType]] = {}
        self._changes: dict[str, list[Change]] = {}
        self._looking: set[str] = set()
        self._new: list[str] = []
        self._undo = contextlib.ExitStack()

    def serve(self, name: str, make: Callable[[], ModuleType]) -> None:
        """Answer `import name` with what a function returns."""
        self._served[name] = make

    def serve_family(self, name: str, make: Callable[[str], ModuleType]) -> None:
        """Answer the import of a module and of everything below it; the function gets the full name."""
        self._families[name] = make

    def after(self, name: str, change: Change) -> None:
        """Change a module when it has been imported (at once, if it already was); the stack takes what undoes it."""
        self._changes.setdefault(name, []).append(change)

    def __enter__(self) -> Imports:
        for name in self._changes:
            # A module that is just being imported (by whoever enters us) is changed as far as it goes.
            if name in sys.modules:
                self._change(sys.modules[name])
        sys.meta_path.insert(len(sys.meta_path) if self._last else 0, self)
        return self

    def __exit__(self, *error: Any) -> None:
        sys.meta_path.remove(self)
        self._undo.close()
        for name in reversed(self._new):
            module = sys.modules.pop(name, None)
            parent, _, child = name.rpartition(".")
            # An alias is a real module under a second name: its parent's attribute is the real one's, and stays.
            if module is None or module.__name__ != name or parent not in sys.modules:
                continue
            if vars(sys.modules[parent]).get(child) is module:
                delattr(sys.modules[parent], child)
        self._new.clear()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Answer Python's question who knows a module."""
        make = self._served.get(fullname) or self._of_family(fullname)
        if make is not None and (fullname.rpartition(".")[0] in self._new or self._serves(_importing())):
            self._new.append(fullname)
            return ModuleSpec(fullname, _Serving(make), is_package=True)
        if fullname not in self._changes or fullname in self._looking:
            return None
        self._looking.add(fullname)
        try:
            spec = next(
                filter(None, (f.find_spec(fullname, path, target) for f in sys.meta_path if f is not self)), None
            )
        finally:
            self._looking.discard(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Changing(spec.loader, self._change)
        return spec

    def _of_family(self, name: str) -> Callable[[], ModuleType] | None:
        family = next((f for f in self._families if name == f or name.startswith(f + ".")), None)
        if family is None:
            return None
        make = self._families[family]
        return lambda: make(name)

    def _change(self, module: ModuleType) -> None:
        for change in self._changes[module.__name__]:
            change(module, self._undo)


def _importing() -> FrameType | None:
    """Return the frame whose `import` is being carried out."""
    frame = sys._getframe(2)
    while frame is not None and ("importlib" in frame.f_code.co_filename or frame.f_code.co_filename == _CLOCK):
        frame = frame.f_back
    return frame


def is_there(name: str) -> bool:
    """Say whether a top-level package could be imported; nothing is imported for the question."""
    try:
        return name in sys.modules or importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False
