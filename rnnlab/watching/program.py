"""Runs a whole program under observation: the child process of `rnnlab.verbs.program`.

`python -m rnnlab.watching.program JOB.json` runs a script or the cells of a notebook as Python would run them alone: with its own
`__main__`, arguments, folder, standard input and output. What is seen goes into a record, line by line.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import importlib.util
import inspect
import linecache
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import TYPE_CHECKING, Any

import msgspec

import rnnlab
from rnnlab import sources
from rnnlab.facts import Crash, Gap, Instead, Place, Said
from rnnlab.record import Header, Record
from rnnlab.sources import Cell
from rnnlab.watching.budget import Budget, OutOfTime
from rnnlab.watching.compiling import compiler_put_off
from rnnlab.watching.crashes import crash_of
from rnnlab.watching.environment import set_early
from rnnlab.watching.flow import Flow
from rnnlab.watching.importing import OwnModules, own_texts
from rnnlab.watching.lines import Lines
from rnnlab.watching.recorder import Recorder
from rnnlab.watching.sampling import few_rows
from rnnlab.watching.shortening import BRIEF, LIMITS
from rnnlab.watching.watch import VALUES, Watch, new_record

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

_OURS = str(Path(rnnlab.__file__).parent) + os.sep
_STOPPED = 130  # what a shell says of a program that Ctrl-C has ended


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What the child is to do, written by the parent.

    `done` is a file that the child makes when the program came to its end, in whatever way, with the seconds that its imports
    took; `seconds` is how long it may compute beyond them; `python_path` is what the environment's PYTHONPATH was before the
    parent put rnnlab's own folder in front.
    """

    program: str
    arguments: list[str] = []
    record: str
    done: str
    dry: bool = False
    seconds: float | None = None
    brief: bool = False
    lines: bool = False
    values: bool = False
    watch: bool = True
    cells: list[Cell] | None = None
    python_path: str | None = None


def run(job: Job) -> int:
    """Run the program and return the status that the process should end with.

    Raises:
        SystemExit: the program's own, on its way out.
    """
    record = new_record(job.record, program=job.program, arguments={"arguments": job.arguments}, full=not job.dry)
    process = os.getpid()
    watch = Watch(record, values=VALUES if job.values else 0)
    _forget_in_forks(watch)
    budget = Budget(job.seconds, lambda file: watch.recorder.places.kind(file) == "learner")
    try:
        with budget:
            return _Program(job, watch, budget).run()
    except OutOfTime:  # it came between two steps of ours
        return 0
    finally:
        # A fork of the program's comes by here as well: the record is not its own.
        if os.getpid() == process:
            record.close()
            Path(job.done).write_text(f"{budget.importing:.6f}", encoding="ascii")


def run_in_fork(job: dict[str, Any], environment: dict[str, str], folder: str) -> int:
    """Run a program in a process of its own that was forked from a warm one, silently, and return its exit status.

    Args:
        job: a `Job` as plain data.
        environment: what the program is to find there, but for the number of threads and graphics cards.
        folder: where it is run.
    """
    kept = {
        name: value for name, value in os.environ.items() if name.endswith("_NUM_THREADS") or name.startswith("CUDA")
    }
    os.environ.clear()
    os.environ.update({**environment, **kept})
    tempfile.tempdir = None
    os.chdir(folder)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for target in (1, 2):
        os.dup2(nowhere, target)
    wished = msgspec.convert(job, Job)
    sys.path[:] = [*filter(None, (wished.python_path or "").split(os.pathsep)), *sys.path]
    try:
        return run(wished)
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    except KeyboardInterrupt:
        return _STOPPED


class _Program:
    def __init__(self, job: Job, watch: Watch, budget: Budget) -> None:
        self.job, self.watch, self.budget = job, watch, budget
        self.recorder: Recorder = watch.recorder
        # Symbolic links stay, as with Python.
        self.file = os.path.abspath(job.program)  # noqa: PTH100
        self.flow = Flow(self.recorder)
        self._failed = False
        self._event_loop: AbstractEventLoop | None = None

    def run(self) -> int:
        text = ""
        try:
            self._begin_main()
            if self.job.cells is None:
                text = sources.read_source(self.file)
                # What Python cannot read is said before anything runs.
                compile(text, self.file, "exec", dont_inherit=True)
            with contextlib.ExitStack() as stack:
                self._watch(stack, text)
                self.budget.begin()
                if self.job.cells is None:
                    exec(self._compiled(text), self.main.__dict__)
                else:
                    self._run_cells(self.job.cells)
        except SystemExit:
            raise
        except OutOfTime:
            why = f"the dry run was ended after {self.job.seconds:g} s: what the program does later was not seen"
            self.recorder.tell(Gap(what="dry run", why=why))
            self.recorder.flush()
        except BaseException as error:
            if isinstance(error, SyntaxError) and not len(self.recorder.record):
                self._tell_syntax_error(error)
            if isinstance(error, KeyboardInterrupt) and self.job.watch:
                self.recorder.tell(crash_of(self.recorder, error))
            show_error(error)
            return _STOPPED if isinstance(error, KeyboardInterrupt) else 1
        return int(self._failed)

    def _watch(self, stack: contextlib.ExitStack, text: str) -> None:
        """Switch the witnesses on, and what lets old and incomplete programs run."""
        own = [text] if self.job.cells is None else [cell.code for cell in self.job.cells]
        set_early(own)
        texts = own_texts(own, Path(self.file).parent)
        self.flow.know(texts)
        if self.job.dry:
            self.recorder.limits = dict(BRIEF if self.job.brief else LIMITS)
        if self.job.dry:
            # Beneath the witness of calls, which is to see the learner's own line next to it.
            from rnnlab.watching.bridges.telling import Teller
            from rnnlab.watching.standins.graphics import stand_in_for_a_graphics_card

            stand_in_for_a_graphics_card(Teller(self.recorder, "stand-in"), texts, stack)
        if self.job.watch:
            stack.enter_context(self.watch.looking())
        if self.job.dry and self.job.brief:
            stack.enter_context(compiler_put_off())
            stack.enter_context(few_rows(self.recorder))
        if bridges := _made("rnnlab.watching.bridges", "Bridges", self.recorder):
            stack.enter_context(bridges)
        if self.job.dry and (stand_ins := _made("rnnlab.watching.standins", "StandIns", self.recorder, texts)):
            stack.enter_context(stand_ins)
        if self.job.watch:
            stack.enter_context(self.flow.watching())
            stack.enter_context(OwnModules(self.flow, self.recorder.places))
            if self.job.dry:
                self._follow_marks(stack)
            if self.job.lines:
                stack.enter_context(Lines(self.recorder).watching())

    def _follow_marks(self, stack: contextlib.ExitStack) -> None:
        """Follow the marked words of made-up reviews into splits and vocabularies."""
        from rnnlab.watching.data.marks import Marks

        marks = Marks(self.watch.describer)
        self.recorder.function_ended = marks.look_through
        kind = self.recorder.places.kind

        def finish() -> None:
            with self.recorder.guarded():
                own = [
                    one for one in list(sys.modules.values()) if kind(getattr(one, "__file__", None) or "") == "learner"
                ]
                marks.finish([self.main, *(one for one in own if one is not self.main)])

        stack.callback(finish)

    # --- as Python itself would begin ------------------------------------------------------------------------------

    def _begin_main(self) -> None:
        """Make the program's `__main__` and put it in the place of ours."""
        self.main = main = ModuleType("__main__")
        main.__dict__["__builtins__"] = builtins
        sys.argv = [self.job.program, *self.job.arguments]
        folder = os.path.dirname(os.path.realpath(self.file))  # noqa: PTH120  # as Python does it
        sys.path.insert(0, folder)
        if self.job.cells is None:
            main.__file__ = self.file
            main.__dict__["__cached__"] = None
            main.__loader__ = SourceFileLoader("__main__", self.file)
        else:
            # A kernel's folder is the notebook's, and its pictures do not open windows.
            os.chdir(folder)
            os.environ.setdefault("MPLBACKEND", "agg")
            main.__dict__["display"] = self._display
            if any("get_ipython" in cell.code for cell in self.job.cells):
                main.__dict__["get_ipython"] = _Kernel
        sys.modules["__main__"] = main

    # --- a script ----------------------------------------------------------------------------------------------------

    def _compiled(self, text: str) -> CodeType:
        if self.job.watch:
            return self.flow.compile(text, self.file)
        return compile(text, self.file, "exec", dont_inherit=True)

    def _tell_syntax_error(self, error: SyntaxError) -> None:
        file = error.filename or self.file
        named, cell = sources.file_and_cell(file)
        line = error.lineno or 1
        column = max(0, (error.offset or 1) - 1)
        place = Place(named, line, column, error.end_lineno or line, max(0, (error.end_offset or 0) - 1), cell)
        self.recorder.tell(Crash(place=place, error=type(error).__name__, message=error.msg or str(error)))

    # --- a notebook --------------------------------------------------------------------------------------------------

    def _run_cells(self, cells: list[Cell]) -> None:
        """Run the cells one after another; one that fails does not stop the later ones."""
        for cell in cells:
            file = sources.key_of(Place(self.file, 1, cell=cell.number))
            linecache.cache[file] = (len(cell.text), None, cell.text.splitlines(keepends=True), file)
            self.recorder.places.texts[file] = cell.text
            for skipped in cell.skipped:
                place = Place(self.file, skipped.line, cell=cell.number)
                self.recorder.tell(Instead(place=place, kind="skipped", what=skipped.what, done=skipped.done))
            try:
                self._run_cell(cell, file)
            except (KeyboardInterrupt, OutOfTime):
                raise
            except BaseException as error:
                self._failed = True
                if isinstance(error, SyntaxError) and error.filename == file:
                    self._tell_syntax_error(error)
                elif not isinstance(error, SystemExit):
                    self.recorder.tell(crash_of(self.recorder, error))
                show_error(error)

    def _run_cell(self, cell: Cell, file: str) -> None:
        body, last, line = self.flow.compile_cell(cell.code, file, watch=self.job.watch)
        self._evaluated(body)
        if last is not None:
            value = self._evaluated(last)
            if value is not None:
                self.main.__dict__["_"] = value
                self._show(value, self.recorder.places.line(file, line))

    def _evaluated(self, code: CodeType) -> Any:
        """Run a piece of a cell; one that awaits something runs in the one event loop of the notebook."""
        value = eval(code, self.main.__dict__)
        if not code.co_flags & inspect.CO_COROUTINE:
            return value
        import asyncio

        self._event_loop = self._event_loop or asyncio.new_event_loop()
        return self._event_loop.run_until_complete(value)

    def _show(self, value: Any, place: Place | None) -> None:
        """Show a value as a notebook would, in words."""
        text = repr(value)
        with self.recorder.silence():
            print(text)
        with self.recorder.guarded():
            self.recorder.tell_folded(Said(place=place, text=text[:2000]), text)

    def _display(self, *things: Any, **options: Any) -> None:
        for thing in things:
            self._show(thing, self.recorder.where(sys._getframe(1)))


class _Kernel:
    """What `get_ipython()` gives where no kernel runs: an object that does nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments, **options: None


def show_error(error: BaseException) -> None:
    """Print an exception as Python would have printed it, without the frames of rnnlab."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            one.__traceback__ = _without_ours(one.__traceback__)
            waiting += [one.__cause__, one.__context__]
    if sys.excepthook is sys.__excepthook__:
        # In Python's own words; its hook does not know the text of a notebook's cells.
        traceback.print_exception(error)
    else:
        sys.excepthook(type(error), error, error.__traceback__)


def _without_ours(trace: TracebackType | None) -> TracebackType | None:
    frames: list[TracebackType] = []
    while trace is not None:
        if not trace.tb_frame.f_code.co_filename.startswith(_OURS):
            frames.append(trace)
        trace = trace.tb_next
    made = None
    for one in reversed(frames):
        made = TracebackType(made, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return made


def _made(module: str, name: str, *arguments: Any) -> Any:
    """Make an object of a part of rnnlab that may not be there."""
    if importlib.util.find_spec(module) is None:
        return None
    kind = getattr(importlib.import_module(module), name, None)
    return None if kind is None else kind(*arguments)


def _forget_in_forks(watch: Watch) -> None:
    """Let forks of the process (workers of a loader) go their own way: nothing of theirs is written into the record."""

    def look_away() -> None:
        watch.recorder.quiet += 1_000_000
        watch.recorder.record = watch.record = Record(Header())

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=look_away)


def _restore_path(job: Job) -> None:
    """Put back what the parent changed so that this process finds rnnlab: programs that it starts are to see none of it."""
    before = os.environ.pop("PYTHONPATH", "")
    if job.python_path is not None:
        os.environ["PYTHONPATH"] = job.python_path
    first = before.partition(os.pathsep)[0]
    if first in sys.path:
        sys.path.remove(first)
        if first not in sys.path:
            sys.path.append(first)


def main() -> None:
    """Do the job that the parent wrote."""
    job = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Job)
    _restore_path(job)
    try:
        status = run(job)
    except KeyboardInterrupt:  # before the program's first line, or after its last
        status = _STOPPED
    sys.exit(status)


if __name__ == "__main__":
    main()
