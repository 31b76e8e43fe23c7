"""How long a dry run may compute: it ends by itself when its time is over, and what was seen up to then is kept.

Imports count apart: they are the program's own, and a run for real makes them as well.
"""

from __future__ import annotations

import builtins
import functools
import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

_TICK = 0.1  # seconds between two looks at the clock
_PATIENCE = (
    2.5  # how many times longer it may take by the clock on the wall: a program may sleep, a machine may be busy
)


class OutOfTime(BaseException):
    """The time of a dry run is over. No program catches it by mistake."""


class Budget:
    """Ends what runs inside when it has computed for so long beyond its imports; enter it as a context.

    Args:
        seconds: of the processor; None for no end.
        is_learners: says for a file's name whether it is the learner's own.
    """

    def __init__(self, seconds: float | None, is_learners: Callable[[str], bool]) -> None:
        self.seconds, self._is_learners = seconds, is_learners
        self.importing = 0.0
        self._imports = 0
        self._computed_importing = 0.0
        self._began = self._computed = 0.0
        self._import = builtins.__import__
        self._handler: Any = None
        self._process = os.getpid()

    @property
    def is_over(self) -> bool:
        """Whether the time is used up."""
        if self.seconds is None or not self._began:
            return False
        computed = time.process_time() - self._computed - self._computed_importing
        waited = time.perf_counter() - self._began - self.importing
        return computed > self.seconds or waited > self.seconds * _PATIENCE

    def begin(self) -> None:
        """The program's first line comes next: the clock runs from here."""
        self._began, self._computed = time.perf_counter(), time.process_time()
        self.importing = self._computed_importing = 0.0

    def __enter__(self) -> Budget:
        builtins.__import__ = self._timed(self._import)
        if self.seconds is not None and hasattr(signal, "setitimer"):
            self._handler = signal.signal(signal.SIGALRM, self._look)
            signal.setitimer(signal.ITIMER_REAL, _TICK, _TICK)
        return self

    def __exit__(self, *error: object) -> None:
        if self._handler is not None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._handler)
        builtins.__import__ = self._import

    def _look(self, number: int, frame: FrameType | None) -> None:
        # In the middle of an import a library would be left half made; it goes on, and does not count.
        if not self._imports and os.getpid() == self._process and self.is_over:
            raise OutOfTime

    def _timed(self, original: Any) -> Any:
        @functools.wraps(original)
        def imported(name: str, *args: Any, **options: Any) -> Any:
            file = sys._getframe(1).f_code.co_filename
            if self._imports or not self._is_learners(file) or self._is_own(name, file):
                return original(name, *args, **options)
            began, computed = time.perf_counter(), time.process_time()
            self._imports += 1
            try:
                return original(name, *args, **options)
            finally:
                self._imports -= 1
                self.importing += time.perf_counter() - began
                self._computed_importing += time.process_time() - computed

        return imported

    @staticmethod
    def _is_own(name: str, file: str) -> bool:
        """Say whether a module is another file of the program: what runs while it is imported is the program itself."""
        path = os.path.join(os.path.dirname(os.path.realpath(file)), name.partition(".")[0])  # noqa: PTH118, PTH120
        return not name or os.path.isfile(f"{path}.py") or os.path.isdir(path)  # noqa: PTH112, PTH113
