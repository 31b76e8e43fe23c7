"""Wraps functions and methods of libraries for the time of a recording, now or right after the program imports them."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, NamedTuple

from rnnlab import sources
from rnnlab.facts import Place
from rnnlab.watching.data.imports import AfterImport, Then
from rnnlab.watching.recorder import Recorder
from rnnlab.watching.replacing import Function, Replacements

_BETWEEN = tuple(str(Path(__file__).parent.parent / name) for name in ("bridges", "standins"))


class Seen(NamedTuple):
    """One call of the learner's: the frame that wrote it, what it gave and what came out."""

    frame: FrameType
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    result: Any

    def argument(self, position: int, name: str, default: Any = None) -> Any:
        """Return an argument by its position or its name."""
        return self.args[position] if len(self.args) > position else self.kwargs.get(name, default)


class Patches:
    """The replacements of one recording; leaving it puts everything back, also after a crash."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.is_active = False
        self._imports = AfterImport()
        self._undo = contextlib.ExitStack()
        self._replacements = Replacements(recorder.places)
        self._gathering = False

    def __enter__(self) -> Patches:
        self._undo.callback(self._replacements.put_back)
        self._undo.enter_context(self._imports)
        self.is_active = True
        return self

    def __exit__(self, *error: Any) -> None:
        # A replacement that the program still holds calls the original and does no more.
        self.is_active = False
        self._undo.close()

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Look through the learner's modules once for all functions that are replaced inside."""
        self._gathering = True
        try:
            yield
        finally:
            self._gathering = False
            self._replacements.spread()

    def after_import(self, name: str, then: Then) -> None:
        """Call `then` with a module: now if it is there, else as soon as the program has imported it."""

        def guarded(module: ModuleType) -> None:
            with self.recorder.guarded():
                then(module)

        self._imports.when(name, guarded)

    def until_the_end(self, context: Any) -> Any:
        """Enter a context that is left when the recording ends."""
        return self._undo.enter_context(context)

    def method(self, owner: type, name: str, tell: Callable[[Seen], None]) -> None:
        """Tell of the learner's calls of a method that this very class defines; classes without it are left alone."""
        original = vars(owner).get(name)
        if isinstance(original, property) and original.fget is not None:
            told = property(self.told(original.fget, tell), original.fset, original.fdel, original.__doc__)
            self._replacements.attribute(owner, name, told)
        elif callable(original):
            self._replacements.attribute(owner, name, self.told(original, tell))

    def functions(self, module: ModuleType, tell: dict[str, Callable[[Seen], None]]) -> None:
        """Tell of the learner's calls of functions of a module; names that it does not have are left out."""
        there = {name: one for name, one in tell.items() if callable(getattr(module, name, None))}
        self.instead(module, {name: self.told(getattr(module, name), one) for name, one in there.items()})

    def instead(self, module: ModuleType, new: dict[str, Function]) -> None:
        """Replace functions in their module and wherever the learner's modules hold them."""
        for name, one in new.items():
            # Some import it from the module that defines it: `from torch.utils.data.dataset import random_split`.
            original = getattr(module, name)
            home = sys.modules.get(getattr(original, "__module__", None) or "")
            for owner in (home, module):
                if owner is not None and vars(owner).get(name) is original:
                    self._replacements.add(owner, {name: one})
        if not self._gathering:
            self._replacements.spread()

    def told(self, original: Function, tell: Callable[[Seen], None]) -> Function:
        """Return a function wrapped: where the learner's own code calls it, what came out is told afterwards."""
        recorder = self.recorder

        @functools.wraps(original)
        def watched(*args: Any, **kwargs: Any) -> Any:
            frame = self.learners(sys._getframe(1))
            if frame is None:
                return original(*args, **kwargs)
            result = original(*args, **kwargs)
            with recorder.guarded():
                tell(Seen(frame, args, kwargs, result))
            return result

        return watched

    def learners(self, frame: FrameType | None) -> FrameType | None:
        """Return the learner's frame that called, if it is to be watched; None for what libraries do among themselves.

        What stands in or bridges for a library is looked through.
        """
        if not self.is_active or self.recorder.quiet:
            return None
        kind = self.recorder.places.kind
        while frame is not None and kind(frame.f_code.co_filename) != "learner":
            if not frame.f_code.co_filename.startswith(_BETWEEN):
                return None
            frame = frame.f_back
        return frame

    def is_learners(self, frame: FrameType) -> bool:
        """Say whether a frame is the learner's own and is to be watched."""
        return self.learners(frame) is frame

    # --- where and under which name ------------------------------------------------------------------------------

    def place(self, frame: FrameType) -> Place:
        """Return the learner's place of a call."""
        return self.recorder.places.place(frame)

    def binds(self, frame: FrameType) -> tuple[str, ...]:
        """Return the variables that the result of a call is assigned to; the target of a `for` is something else."""
        place = self.place(frame)
        lines = self.recorder.places.text(sources.key_of(place)).splitlines()
        before = lines[place.line - 1][: place.column] if place.line <= len(lines) else ""
        return () if before.rstrip().endswith(" in") else self.recorder.places.binds(place)

    def name(self, frame: FrameType) -> str:
        """Return the one variable that the result of a call is assigned to, or ""."""
        names = self.binds(frame)
        return names[0] if len(names) == 1 else ""

    def word(self, frame: FrameType, thing: Any) -> str:
        """Return the learner's own variable for something that a call was given, or ""."""
        return next((word for word in self.recorder.places.names(frame, [thing]) if word.isidentifier()), "")

    def maker(self, frame: FrameType, thing: Any) -> FrameType:
        """Return the frame that made a thing: a learner's subclass calls its parent's `__init__` from inside its own."""
        while frame.f_code.co_name == "__init__" and any(one is thing for one in frame.f_locals.values()):
            outer = self.recorder.places.learner(frame.f_back)
            if outer is None:
                return frame
            frame = outer
        return frame


def known_things(frame: FrameType) -> Iterator[tuple[str, Any]]:
    """Return the variables that a frame can see: its own first, those of its `self`, then its module's."""
    yield from list(frame.f_locals.items())
    yield from list(getattr(frame.f_locals.get("self"), "__dict__", {}).items())
    if frame.f_globals is not frame.f_locals:
        yield from list(frame.f_globals.items())
