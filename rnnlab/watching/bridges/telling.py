"""Tells that something else was done than the program asked for: once per place and thing."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from types import FrameType, ModuleType
from typing import Any, Literal, NamedTuple

from rnnlab.facts import Instead
from rnnlab.watching.bridges.imports import placed
from rnnlab.watching.recorder import Recorder


class Teller:
    """Knows the learner's line for whatever is done instead.

    Args:
        kind: what the facts are called that it tells.
    """

    def __init__(self, recorder: Recorder, kind: Literal["bridge", "stand-in", "skipped"]) -> None:
        self.recorder = recorder
        self.kind: Literal["bridge", "stand-in", "skipped"] = kind
        self._told: set[Any] = set()

    def tell(
        self, what: str, done: str, today: str = "", kind: Literal["skipped"] | None = None, once: str = ""
    ) -> None:
        """Tell it at the learner's line that runs now, unless this line has told it before.

        Args:
            once: what makes it the same thing as before, where `what` names one of many (the files of a loop).
        """
        with self.recorder.guarded():
            place = self.recorder.where(sys._getframe(1))
            key = (place and (place.file, place.cell, place.line), once or what)
            if key not in self._told:
                self._told.add(key)
                self.recorder.tell(Instead(place=place, kind=kind or self.kind, what=what, done=done, today=today))

    def learner_calls(self, frame: FrameType | None) -> bool:
        """Say whether a frame is the learner's own: what libraries ask for among themselves is left alone."""
        return frame is not None and self.recorder.places.kind(frame.f_code.co_filename) == "learner"

    def text_around(self) -> str:
        """Return the source of the learner's file that runs now ("" where there is none)."""
        frame = self.recorder.places.learner(sys._getframe(1))
        return "" if frame is None else self.recorder.places.text(frame.f_code.co_filename)


class Gone(NamedTuple):
    """A name that its owner has lost: what it stands for, and what to write today."""

    now: Any
    today: str


def revive(teller: Teller, undo: contextlib.ExitStack, module: ModuleType, gone: dict[str, Gone]) -> None:
    """Let the learner's own lines find names that a module has lost; everybody else finds what is there today."""
    lost = {name: what for name, what in gone.items() if name not in vars(module)}
    original: Callable[[str], Any] | None = vars(module).get("__getattr__")

    def answer(name: str) -> Any:
        if name in lost and teller.learner_calls(sys._getframe(1)):
            teller.tell(f"{module.__name__}.{name}", f"{lost[name].today} was used", lost[name].today)
            return lost[name].now
        if original is not None:
            return original(name)
        raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}", name=name, obj=module)

    undo.enter_context(placed(module, "__getattr__", answer))


class Lost:
    """A method that a class has lost; only the learner's own lines find it again.

    Args:
        now: the function that does the same today, called with the instance.
    """

    def __init__(self, teller: Teller, name: str, now: Callable[..., Any], today: str) -> None:
        self._teller, self._name, self._now, self._today = teller, name, now, today

    def __get__(self, instance: Any, owner: type) -> Any:
        if not self._teller.learner_calls(sys._getframe(1)):
            raise AttributeError(f"{owner.__name__!r} object has no attribute {self._name!r}")
        self._teller.tell(f"{owner.__name__}.{self._name}", f"{self._today} was used", self._today)
        return self._now if instance is None else self._now.__get__(instance, owner)
