"""Watches what a program says: `print`, and its own log messages."""

from __future__ import annotations

import builtins
import functools
import logging
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from rnnlab.facts import Said
from rnnlab.watching.data.patches import Patches
from rnnlab.watching.replacing import replaced

_LOGGING = logging.getLogger.__code__.co_filename


class _Spoken:
    """A printed value: its text is made once, by print itself, and kept."""

    def __init__(self, value: Any) -> None:
        self.value, self.text = value, ""

    def __str__(self) -> str:
        self.text = str(self.value)
        return self.text


class Speaking:
    """The witness of printed text; what goes into a file is not said to anybody."""

    def __init__(self, patches: Patches) -> None:
        self.patches = patches
        patches.until_the_end(replaced(builtins, "print", self._print(builtins.print)))
        handlers = vars(logging.Logger)["callHandlers"]
        patches.until_the_end(replaced(logging.Logger, "callHandlers", self._log(handlers)))

    def _print(self, original: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(original)
        def watched(*values: Any, **options: Any) -> None:
            frame = sys._getframe(1)
            aloud = options.get("file") in (None, sys.stdout, sys.stderr)
            if not aloud or not self.patches.is_learners(frame):
                original(*values, **options)
            else:
                spoken = [_Spoken(value) for value in values]
                original(*spoken, **options)
                with self.patches.recorder.guarded():
                    separator = options.get("sep")
                    self._tell(frame, (" " if separator is None else separator).join(one.text for one in spoken))

        return watched

    def _log(self, original: Callable[..., None]) -> Callable[..., None]:
        """A message of the learner's: the first frame outside of logging itself is the learner's own."""

        @functools.wraps(original)
        def watched(logger: Any, message: Any) -> None:
            original(logger, message)
            frame: FrameType | None = sys._getframe(1)
            while frame is not None and frame.f_code.co_filename == _LOGGING:
                frame = frame.f_back
            if frame is not None and self.patches.is_learners(frame):
                with self.patches.recorder.guarded():
                    self._tell(frame, message.getMessage())

        return watched

    def _tell(self, frame: FrameType, text: str) -> None:
        self.patches.recorder.tell_folded(Said(place=self.patches.place(frame), text=text[:2000]), text)
