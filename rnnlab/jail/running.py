"""The owner's side: starts the warm process (or a new process for each job) and hands jobs over."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

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


class _Lane:
    """A way to the warm process (or to its twin), on which one job runs at a time."""

    def __init__(self, asks: IO[bytes], answers: IO[bytes]) -> None:
        self.asks, self.answers = asks, answers
        self.lock = threading.Lock()


class Jail:
    """Runs jobs one after another, each in a limited process of its own. Use it as a context, or `close` it.

    Args:
        modules: what the warm process imports beforehand, such as "torch".
        folders: further folders in which functions are looked for.
        warm: whether to fork a warm process; by default where that is safe.
    """

    def __init__(self, modules: Sequence[str] = (), *, folders: Sequence[Path] = (), warm: bool = _CAN_FORK) -> None:
        self._modules, self._folders, self.is_warm = list(modules), list(folders), warm
        self._process: subprocess.Popen[bytes] | None = None
        # The warm process has a twin, forked once all is imported, for what runs beside the jobs of the first lane.
        self._lanes: list[_Lane] = []
        self._starting = threading.Lock()

    def start(self) -> None:
        """Begin to warm up, before the first job is there."""
        if self.is_warm:
            with self._starting:
                self._started()

    def run(self, function: str, limits: Limits | None = None, *, beside: bool = False, **arguments: Any) -> Result:
        """Call a function by its dotted name on plain data and return how that ended; never raises for what the job does.

        Args:
            function: `rnnlab.room.file.function`; it takes and returns what JSON can hold.
            limits: what the job may take.
            beside: run it beside the other jobs, of which one runs at a time, and so do those beside them.
            arguments: handed to the function by name.
        """
        request = Request(function, arguments, limits or Limits())
        if not self.is_warm:
            return self._in_a_process(request)
        with self._starting:
            lane = self._started()[beside]
        with lane.lock:
            return self._in_a_fork(request, lane)

    def _in_a_fork(self, request: Request, lane: _Lane) -> Result:
        try:
            lane.asks.write(msgspec.json.encode(request) + b"\n")
            lane.asks.flush()
            answer = lane.answers.readline()
        except (OSError, ValueError):
            answer = b""
        except BaseException:  # Ctrl-C while a job runs: its answer must not be taken for the next one's
            self._end()
            raise
        if not answer:
            self._end()
            return Result("crashed", why="the warm process ended")
        return msgspec.json.decode(answer, type=Result)

    def _started(self) -> list[_Lane]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            asked, ask = os.pipe()
            answer, answers = os.pipe()
            command = [sys.executable, "-P", "-c", _MANY_JOBS, str(asked), str(answers), *self._modules]
            self._process = process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=self._environment(),
                pass_fds=(asked, answers),
            )
            os.close(asked)
            os.close(answers)
            assert process.stdin is not None and process.stdout is not None
            twin = _Lane(os.fdopen(ask, "wb"), os.fdopen(answer, "rb"))
            self._lanes = [_Lane(process.stdin, process.stdout), twin]
        return self._lanes

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
        """End the warm process and its twin, and with them the jobs that still run."""
        self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        lanes, self._lanes = self._lanes, []
        for stream in [stream for lane in lanes for stream in (lane.asks, lane.answers)]:
            with contextlib.suppress(OSError, ValueError):
                stream.close()
        if process is None:
            return
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
