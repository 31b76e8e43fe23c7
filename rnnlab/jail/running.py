"""The owner's side: starts the warm process (or a new process for each job) and hands jobs over."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

import rnnlab
from rnnlab.jail.box import Box, environment
from rnnlab.jail.child import Job
from rnnlab.jail.limits import Limits
from rnnlab.jail.result import Result
from rnnlab.jail.supervising import Spawned, supervised
from rnnlab.jail.warm import Request

_CAN_FORK = hasattr(os, "fork") and sys.platform == "linux"  # macOS' own libraries do not survive a fork

_ONE_JOB = "import sys; from rnnlab.jail.child import main; sys.exit(main(sys.argv[1]))"
_MANY_JOBS = "import sys; from rnnlab.jail.warm import serve; serve(sys.argv[1:])"


class Jail:
    """Runs jobs one after another, each in a limited process of its own. Use it as a context, or `close` it.

    Args:
        modules: what the warm process imports beforehand, such as "torch".
        folders: further folders in which functions are looked for.
        warm: whether to fork a warm process; by default where that is safe.
    """

    def __init__(self, modules: Sequence[str] = (), *, folders: Sequence[Path] = (), warm: bool = _CAN_FORK) -> None:
        self._modules, self._folders, self._warm = list(modules), list(folders), warm
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def run(self, function: str, limits: Limits | None = None, **arguments: Any) -> Result:
        """Call a function by its dotted name on plain data and return how that ended; never raises for what the job does.

        Args:
            function: `rnnlab.room.file.function`; it takes and returns what JSON can hold.
            limits: what the job may take.
            arguments: handed to the function by name.
        """
        request = Request(function, arguments, limits or Limits())
        with self._lock:
            return self._in_a_fork(request) if self._warm else self._in_a_process(request)

    def _in_a_fork(self, request: Request) -> Result:
        process = self._started()
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(msgspec.json.encode(request) + b"\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except OSError:
            answer = b""
        except BaseException:  # Ctrl-C while a job runs: its answer must not be taken for the next one's
            self._end()
            raise
        if not answer:
            self._end()
            return Result("crashed", why="the warm process ended")
        return msgspec.json.decode(answer, type=Result)

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            command = [sys.executable, "-P", "-c", _MANY_JOBS, *self._modules]
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=self._environment(),
            )
        return self._process

    def _in_a_process(self, request: Request) -> Result:
        box = Box()
        try:
            job = Job(request.function, request.arguments, request.limits, str(box.answer), str(box.work))
            box.job.write_bytes(msgspec.json.encode(job))
            with box.said.open("ab") as said:
                process = subprocess.Popen(
                    [sys.executable, "-P", "-c", _ONE_JOB, str(box.job)],
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=said,
                    env=self._environment(str(box.work)),
                    cwd=box.work,
                    start_new_session=hasattr(os, "setsid"),
                )
            return supervised(Spawned(process), box, request.limits)
        finally:
            box.close()

    def _environment(self, home: str | None = None) -> dict[str, str]:
        # The job must find the very rnnlab that runs here.
        paths = [str(Path(rnnlab.__file__).absolute().parent.parent), *map(str, self._folders)]
        return {**environment(home), "PYTHONPATH": os.pathsep.join(paths)}

    def close(self) -> None:
        """End the warm process, and with it a job that still runs."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def __enter__(self) -> Jail:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def run(function: str, limits: Limits | None = None, **arguments: Any) -> Result:
    """Run a single job; see `Jail.run`. Several are faster in one `Jail`, which stays warm."""
    with Jail(warm=False) as jail:
        return jail.run(function, limits, **arguments)
