"""Runs a whole program, script or notebook, in a child process that is watched, and says where its record lies."""

from __future__ import annotations

import ast
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

import rnnlab
from rnnlab import sources
from rnnlab.jail import Jail, Limits
from rnnlab.pipeline.cache import cache_folder
from rnnlab.record import SUFFIX
from rnnlab.sources import Cell
from rnnlab.watching.program import Job

_KEPT = 10  # records of earlier runs that nobody asked to keep
_UP_TO_THEN = "what was seen up to then is in the record"
_SCRIPTS = {".py", ".pyw", ""}


class ProgramError(ValueError):
    """A program cannot be run; the message is one sentence that says why."""


class Ran(NamedTuple):
    """How a program ended: where its record lies, its exit status, a sentence where it did not come to its end, and the
    seconds that its imports took."""

    record: Path
    status: int
    sentence: str = ""
    importing: float = 0.0


def run_program(
    path: str | Path,
    arguments: Sequence[str] = (),
    *,
    dry: bool = False,
    lines: bool = False,
    values: bool = False,
    save: Path | None = None,
    watch: bool = True,
    quiet: bool = False,
    seconds: float | None = None,
    computing: float | None = None,
    jail: Jail | None = None,
) -> Ran:
    """Run a program as Python would run it alone, and record what it does.

    It has the terminal to itself: what it prints and asks appears as always. Ctrl-C is the program's own; a second one ends it
    at once.

    Args:
        path: a script or a notebook.
        arguments: what stands behind it on the command line.
        dry: shorten loops and stand in for what is missing.
        lines: also record, line by line, the variables that are no tensors.
        values: also record numbers out of the tensors.
        save: where to keep the record; a file in rnnlab's cache without it.
        watch: look at all; without it only old libraries are bridged.
        quiet: keep what it prints from the terminal, let it find nothing to read there, and, if it is run dry, shorten its
            loops to the very least.
        seconds: how long it may take; it is ended after that.
        computing: how long it may compute beyond its imports; it ends by itself after that, and tells so.
        jail: a warm one, from which a quiet program is forked.

    Raises:
        ProgramError: there is no such program.
        OSError: the record cannot be written.
    """
    path = Path(path)
    cells = _checked(path)
    record = save or _record_path(path)
    with tempfile.TemporaryDirectory(prefix="rnnlab-job-") as folder:
        done, job_file = Path(folder, "done"), Path(folder, "job.json")
        job = Job(
            program=str(path),
            arguments=list(arguments),
            record=str(record.absolute()),
            done=str(done),
            dry=dry,
            brief=quiet,
            lines=lines,
            values=values,
            watch=watch,
            cells=cells,
            seconds=computing,
            python_path=os.environ.get("PYTHONPATH"),
        )
        if jail is not None and jail.is_warm and quiet:
            return _forked(job, jail, seconds)
        job_file.write_bytes(msgspec.json.encode(job))
        child = _started(job_file, quiet)
        if seconds is not None and not _ends_in(child, seconds):
            return Ran(record, child.wait(), _ended_after(seconds))
        status = _wait(child)
        return Ran(record, status, _sentence(status, came_to_its_end=done.exists()), _importing(done))


def _forked(job: Job, jail: Jail, seconds: float | None) -> Ran:
    """Run a program in a fork of the warm process, beside what else is asked of it."""
    job = msgspec.structs.replace(job, program=str(Path(job.program).absolute()))
    longest = 86_400.0 if seconds is None else seconds
    limits = Limits(
        wall_seconds=longest, cpu_seconds=int(longest) * 8, memory=1 << 42, output=1 << 33, open_files=1 << 16
    )
    result = jail.run(
        "rnnlab.watching.program.run_in_fork",
        limits,
        beside=True,
        job=msgspec.to_builtins(job),
        environment=dict(os.environ),
        # The program's own folder: most are started there, and read their data and settings from it.
        folder=str(Path(job.program).parent),
    )
    record, done = Path(job.record), Path(job.done)
    if result.status == "took too long":
        return Ran(record, 1, _ended_after(longest))
    status = result.value if result.finished and isinstance(result.value, int) else 1
    if done.exists():
        return Ran(record, status, "", _importing(done))
    return Ran(record, status, f"the program did not come to its end: {result.why or 'it left at once'}; {_UP_TO_THEN}")


def _importing(done: Path) -> float:
    """Return the seconds that a program's imports took."""
    with contextlib.suppress(OSError, ValueError):
        return float(done.read_text(encoding="ascii"))
    return 0.0


def _ended_after(seconds: float) -> str:
    return f"it was ended after {seconds:.0f} s; what was seen up to then is judged"


def _checked(path: Path) -> list[Cell] | None:
    """Return a notebook's cells, None for a script.

    Raises:
        ProgramError: it is neither, or cannot be read.
    """
    if not path.exists():
        raise ProgramError(f"there is no file {path}; give a Python program (.py) or a notebook (.ipynb)")
    if path.is_dir():
        raise ProgramError(f"{path} is a folder; name the program in it that is to be run")
    try:
        if path.suffix.lower() == ".ipynb":
            return sources.read_notebook(path)
        text = sources.read_source(path)
    except sources.NotebookError as error:
        raise ProgramError(str(error)) from error
    except OSError as error:
        raise ProgramError(f"{path} cannot be read: {error.strerror or error}") from error
    except (SyntaxError, UnicodeDecodeError) as error:
        raise ProgramError(f"{path} is not in the encoding that its first lines name (UTF-8 without any)") from error
    if "\0" in text or (path.suffix.lower() not in _SCRIPTS and not _is_python(text)):
        raise ProgramError(f"{path} is no Python program; give a script (.py) or a notebook (.ipynb)")
    return None


def _is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True


def _record_path(program: Path) -> Path:
    """Return a new path in rnnlab's cache; of the records there only the latest are kept."""
    folder = cache_folder("runs")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        folder = Path(tempfile.gettempdir())
    else:
        earlier = sorted(folder.glob(f"*{SUFFIX}"), key=_age)
        for old in earlier[: -_KEPT + 1]:
            for file in (old, old.with_name(f"{old.name}.index")):
                with contextlib.suppress(OSError):
                    file.unlink(missing_ok=True)
    number, name = tempfile.mkstemp(prefix=f"{program.stem}-", suffix=SUFFIX, dir=folder)
    os.close(number)
    return Path(name)


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # another run has just removed it
        return 0.0


def _started(job_file: Path, quiet: bool = False) -> subprocess.Popen[Any]:
    # The child must find the very rnnlab that runs here; it puts its environment back before the program begins.
    home = str(Path(rnnlab.__file__).absolute().parent.parent)
    paths = os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH", "")]))
    # -P: the folder that one stands in is not the program's, and may hold a torch.py.
    command = [sys.executable, "-P", "-m", "rnnlab.watching.program", str(job_file)]
    # A group of its own, so that the workers that it starts can be ended with it.
    silent: dict[str, Any] = {"start_new_session": True} if quiet and hasattr(os, "setsid") else {}
    if quiet:
        silent |= {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": paths}, **silent)


def _ends_in(child: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait for a program for so long; end it, and what it has started, where it takes longer."""
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        _end(child)
        return False
    except KeyboardInterrupt:
        _end(child)
        raise
    return True


def _end(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg") and os.getpgid(child.pid) == child.pid:
            os.killpg(child.pid, signal.SIGKILL)
    child.kill()


def _wait(child: subprocess.Popen[bytes]) -> int:
    """Wait for the program. Ctrl-C reaches it as well, and is its own affair; the second one ends it."""
    stops = 0
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            stops += 1
            if stops > 1:
                child.kill()


_SIGNALS = {
    "SIGSEGV": "a library it uses crashed (segmentation fault)",
    "SIGKILL": "it was killed; the usual reason is that the machine ran out of memory",
    "SIGABRT": "a library it uses gave up (abort)",
    "SIGTERM": "it was asked to end (SIGTERM)",
}


def _sentence(status: int, came_to_its_end: bool) -> str:
    if came_to_its_end:
        return ""
    if status < 0:
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        why = _SIGNALS.get(name, f"it was ended by {name}")
    else:
        why = f"it left at once, with status {status} (os._exit, say)"
    return f"the program did not come to its end: {why}; {_UP_TO_THEN}"
