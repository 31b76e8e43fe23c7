"""`rnnlab.check`: what is wrong with a program, a model or a record, seen by reading, by probing and by a dry run."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rnnlab.facts import Crash, Gap
from rnnlab.jail import Jail
from rnnlab.record import SUFFIX, Header, Record, RecordError, is_record
from rnnlab.report import Report, judge
from rnnlab.report.ignoring import without_ignored
from rnnlab.report.joining import Disagreement, joined
from rnnlab.rules.kit import Rule, catalogue
from rnnlab.verbs.choices import Choices, chosen
from rnnlab.verbs.programs import programs_in

DRY_RUN_SECONDS = 60.0  # by the clock, with all imports: then it is killed
COMPUTING_SECONDS = 5.0  # of the processor, beyond its imports: then it ends by itself
# What a dry run imports before the program's first line.
_OF_A_RUN = (
    "rnnlab.watching.program", "rnnlab.watching.calls", "rnnlab.watching.libraries", "rnnlab.watching.bridges",
    "rnnlab.watching.standins", "torchtext",
)  # fmt: skip


@dataclass(frozen=True)
class Checked:
    """What came of checking one program: the report, what the witnesses disagreed on, what troubled them, and their seconds."""

    report: Report
    disagreements: tuple[Disagreement, ...] = ()
    troubles: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def could_look(self) -> bool:
        """Whether any rule came to found or clear."""
        return any(outcome.status in ("found", "clear") for outcome in self.report.outcomes)


def check(thing: Any, *, reading: bool | None = None) -> Report:
    """Return a report of what is wrong with a program's file or folder, a model, or a record.

    Args:
        thing: the path of a script, a notebook, a folder or a saved record; a `Record`; or an `nn.Module`.
        reading: look at the source alone: nothing is run and no model is built. [tool.rnnlab] in pyproject.toml says it
            otherwise.

    Raises:
        NothingToCheckError: there is no program at the path.
        ChoiceError: pyproject.toml asks for something that does not exist.
        TypeError: it is none of these.
    """
    if isinstance(thing, Record):
        return without_ignored(judge(thing))
    if isinstance(thing, str | Path):
        path = Path(thing)
        if path.is_file() and is_record(path):
            return without_ignored(judge(Record.load(path)))
        choices = chosen(path, reading=reading)
        reports = [one.report for one in check_programs(programs_in(path, choices.exclude), choices)]
        return reports[0] if len(reports) == 1 else together(reports)
    if hasattr(thing, "named_parameters") and hasattr(thing, "forward"):
        return _check_model(thing)
    raise TypeError(f"check() takes a path, a record or a model, not {thing!r:.60}")


def together(reports: Sequence[Report]) -> Report:
    """Return one report of several programs: a rule has found something where it has in any of them."""
    from rnnlab.report.joining import side_by_side

    return side_by_side(reports)


def _check_model(model: Any) -> Report:
    from rnnlab.probing.experiments import probe_model

    record = _one_pass(model)
    for fact in probe_model(model):
        record.add(fact)
    return judge(record)


def _one_pass(model: Any) -> Record:
    """Return what a copy of a model does with three texts of different length; nothing where its call is not found out."""
    from rnnlab.probing.experiments.signature import NoForm, find_form
    from rnnlab.probing.experiments.subject import Subject
    from rnnlab.probing.experiments.texts import Maker, texts
    from rnnlab.verbs.trace import trace

    try:
        form = find_form(model).form
        copy = Subject(model, form).fresh()
        batch = texts(form, (7, 4, 5))
        inputs, named = Maker(copy, form, batch, 7).arguments()
        return trace(copy.eval(), *inputs, axes=" ".join(form.axes), **named)
    except NoForm:
        return Record(Header(program=type(model).__name__, full=False))


def check_programs(paths: Sequence[Path], choices: Choices) -> Iterator[Checked]:
    """Check programs one after another; one warm process serves all probes."""
    rules = choices.rules()
    with contextlib.ExitStack() as stack:
        jail = None if choices.reading else stack.enter_context(warm_jail())
        for path in paths:
            yield check_program(path, rules, jail)


def warm_jail() -> Jail:
    """Return a jail that begins to warm up for probes and dry runs."""
    from rnnlab.probing.asking import MODULES

    jail = Jail((*MODULES, *_OF_A_RUN))
    jail.start()
    return jail


def check_program(path: Path, rules: Sequence[Rule] | None = None, jail: Jail | None = None) -> Checked:
    """Check one program. With a jail its models are probed there and it is run dry; without one its source is read alone."""
    rules = list(catalogue().values()) if rules is None else rules
    seconds: dict[str, float] = {}
    with _timed(seconds, "reading"):
        source = read_program(path)
    troubles = [gap.why for gap in source.ask(Gap, where=lambda gap: gap.what in ("file", "syntax"))]
    if jail is None or troubles:
        with _timed(seconds, "judging"):
            return Checked(without_ignored(judge(source, rules)), (), tuple(troubles), seconds)
    with ThreadPoolExecutor(1) as beside:
        # Both wait for processes of their own: the models are tried while the program runs.
        running = beside.submit(_timed_run, path, jail, seconds)
        with _timed(seconds, "probing"):
            troubles += add_probes(source, jail)
        run, trouble = running.result()
    troubles += [trouble] if trouble else []
    with _timed(seconds, "judging"):
        static = judge(source, rules)
        if run is None:
            return Checked(without_ignored(static), (), tuple(troubles), seconds)
        report, disagreements = joined(judge(run, rules), static)
    return Checked(without_ignored(report), disagreements, tuple(troubles), seconds)


def read_program(path: Path) -> Record:
    """Return what the source says, without torch."""
    from rnnlab.reading import read

    return read(path)


def add_probes(source: Record, jail: Jail) -> list[str]:
    """Try the models of a program that was read, add what was seen, and return why one could not be tried."""
    from rnnlab.probing.asking import probe

    facts = probe(source.sources, jail=jail)
    for fact in facts:
        source.add(fact)
    return [fact.why for fact in facts if isinstance(fact, Gap) and fact.what.startswith("model ")]


def _timed_run(path: Path, jail: Jail, seconds: dict[str, float]) -> tuple[Record | None, str]:
    with _timed(seconds, "dry run"):
        return dry_run(path, jail, seconds)


def dry_run(path: Path, jail: Jail | None = None, seconds: dict[str, float] | None = None) -> tuple[Record | None, str]:
    """Run a program dry and in silence; return its record and a sentence where it did not come to its end.

    Args:
        path: of the program.
        jail: a warm one to fork the run from.
        seconds: where to put down how long the program's own imports took.
    """
    from rnnlab.verbs.program import ProgramError, run_program

    folder = tempfile.mkdtemp(prefix="rnnlab-check-")
    try:
        ran = run_program(
            path,
            dry=True,
            save=Path(folder, f"dry{SUFFIX}"),
            quiet=True,
            seconds=DRY_RUN_SECONDS,
            computing=COMPUTING_SECONDS,
            jail=jail,
        )
        if seconds is not None:
            seconds["imports"] = ran.importing
        record = _in_memory(Record.load(ran.record))
    except (ProgramError, RecordError, OSError) as error:
        return None, f"it could not be run: {error}"
    finally:
        _remove(folder)
    crash = next(record.ask(Crash), None)  # in a notebook, later cells may fail for want of what the first one makes
    if crash is not None:
        where = f" in line {crash.place.line}" if crash.place is not None else ""
        return (
            record,
            f"the dry run stopped{where}: {crash.error}: {crash.message.splitlines()[0] if crash.message else ''}",
        )
    ended = record.last(Gap, where=lambda gap: gap.what == "dry run")
    return record, ran.sentence or (ended.why if ended is not None else "")


def _in_memory(saved: Record) -> Record:
    """Return a copy that needs no file."""
    record = Record(saved.header)
    for file, text in saved.sources.items():
        record.add_source(file, text)
    for fact in saved:
        record.add(fact)
    saved.close()
    return record


def _remove(folder: str) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _timed(seconds: dict[str, float], what: str, clock: Callable[[], float] = time.perf_counter) -> Iterator[None]:
    began = clock()
    try:
        yield
    finally:
        seconds[what] = clock() - began
