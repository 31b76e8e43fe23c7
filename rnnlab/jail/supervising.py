"""Watches over one job: its clock and its output; ends it with all that it started, and says how it ended."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Protocol

from rnnlab.jail.box import Box
from rnnlab.jail.child import TOO_MUCH_SAID
from rnnlab.jail.limits import Limits
from rnnlab.jail.result import Result

_TURN = 0.05  # seconds between two looks at a job that runs


class Child(Protocol):
    """A running job: `wait` gives its exit status (minus the signal that ended it), None while it runs."""

    def wait(self, seconds: float) -> int | None:
        """Wait at most so long."""
        ...

    def kill(self) -> None:
        """End it, and its whole process group."""
        ...


class Forked:
    """A fork of this process. Its end is seen at once, because it alone holds the other end of a pipe."""

    def __init__(self, pid: int, pipe: int) -> None:
        self.pid, self._pipe = pid, pipe
        self._status: int | None = None

    def wait(self, seconds: float) -> int | None:
        """Wait at most so long."""
        if self._status is None:
            select.select([self._pipe], [], [], seconds)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if not pid and select.select([self._pipe], [], [], 0)[0]:
                # The pipe is closed and the process not yet gone, or it has closed all its files and runs on.
                time.sleep(min(seconds, 0.001))
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status

    def kill(self) -> None:
        """End it, and its whole process group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        if self._status is None:
            with contextlib.suppress(ProcessLookupError):  # it may not have made its group yet
                os.kill(self.pid, signal.SIGKILL)
            self._status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        with contextlib.suppress(OSError):
            os.close(self._pipe)


class Spawned:
    """A new process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def wait(self, seconds: float) -> int | None:
        """Wait at most so long."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        """End it, and where there are process groups its whole group."""
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()


def supervised(child: Child, box: Box, limits: Limits, given_up: Callable[[], bool] = lambda: False) -> Result:
    """Wait for a job's end, or bring it about; `given_up` says that nobody waits for the answer any more."""
    begin = time.monotonic()
    status: int | None = None
    why = ""
    try:
        while status is None and not why:
            status = child.wait(_TURN)
            if status is None:
                why = _reason(time.monotonic() - begin, box, limits, given_up)
    finally:
        child.kill()
    seconds = time.monotonic() - begin
    said = box.text(min(limits.output, 20_000))
    if why:
        return Result("said too much" if "said" in why else "took too long", why=why, said=said, seconds=seconds)
    return _judged(status or 0, box, limits, said, seconds)


def _reason(seconds: float, box: Box, limits: Limits, given_up: Callable[[], bool]) -> str:
    """Return why a running job is to be ended now, "" where it may go on."""
    if seconds > limits.wall_seconds:
        return f"it ran for more than {limits.wall_seconds:g} seconds"
    if box.size() >= limits.output:
        return f"it said more than {limits.output:,} bytes"
    return "nobody waits for it any more" if given_up() else ""


def _judged(status: int, box: Box, limits: Limits, said: str, seconds: float) -> Result:
    """Return how a job ended that ended by itself."""
    if status == TOO_MUCH_SAID or box.size() >= limits.output:
        return Result("said too much", why=f"it said more than {limits.output:,} bytes", said=said, seconds=seconds)
    if status < 0:
        return _by_signal(-status, limits, said, seconds)
    answer = box.value()
    if answer is None:
        return Result("crashed", why=f"it left without an answer, with status {status}", said=said, seconds=seconds)
    if "error" not in answer:
        return Result("finished", value=answer.get("value"), said=said, seconds=seconds)
    kind = "used too much memory" if answer.get("memory") else "crashed"
    error, message = str(answer["error"]), str(answer.get("message", ""))
    return Result(kind, why=f"{error}: {message}", error=error, said=said, seconds=seconds)


def _by_signal(number: int, limits: Limits, said: str, seconds: float) -> Result:
    if number == getattr(signal, "SIGXCPU", None):
        why = f"it computed for more than {limits.cpu_seconds} seconds"
        return Result("took too long", why=why, said=said, seconds=seconds)
    if number == getattr(signal, "SIGKILL", None):
        # Past the hard limit of CPU time the system kills as well; short of it, memory ran out.
        if seconds >= limits.cpu_seconds:
            return Result("took too long", why="it computed for too long", said=said, seconds=seconds)
        return Result("used too much memory", why="the system killed it", said=said, seconds=seconds)
    if number == signal.SIGABRT and "bad_alloc" in said:
        return Result("used too much memory", why="a library found no memory", said=said, seconds=seconds)
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    return Result("crashed", why=f"it was ended by {name}", said=said, seconds=seconds)
