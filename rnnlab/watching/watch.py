"""Watches a stretch of program and writes what it sees into a record: the witnesses of a run, switched on together."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from rnnlab import sources
from rnnlab.facts import Named, Place, Scope
from rnnlab.record import Header, Record, versions
from rnnlab.watching.budget import OutOfTime
from rnnlab.watching.crashes import crash_of
from rnnlab.watching.describing import Describer, describe
from rnnlab.watching.places import Places
from rnnlab.watching.recorder import Recorder

# What `values=True` and `--values` keep: enough for some ten thousand rows.
VALUES = 4_000_000
_PACKAGES = ("rnnlab", "torch", "torchtext", "spacy", "pandas")


def new_record(path: str | Path | None = None, **header: Any) -> Record:
    """Begin a record that names the versions it was made with; it is written to `path` as it grows, if one is given."""
    return Record(Header(versions=dict(_versions()), **header), path)


@functools.cache
def _versions() -> dict[str, str]:
    return versions(*_PACKAGES)


class Watch:
    """The witnesses of one run.

    Args:
        record: where the facts go.
        also: folders whose files count as the learner's own (the reference pipeline, when it is what is stepped through).
        values: how many bytes of the values of results to keep, a few numbers of each.
    """

    def __init__(self, record: Record, also: Iterable[Path] = (), values: int = 0) -> None:
        self.record = record
        self.recorder = Recorder(record, Places(also))
        self.recorder.values_left = values
        self.describer = Describer(self.recorder)
        self._witnesses: tuple[Any, ...] = ()

    @property
    def calls(self) -> Any:
        """The witness of torch calls, once `looking` was entered."""
        from rnnlab.watching.calls import Calls

        return next(witness for witness in self._witnesses if isinstance(witness, Calls))

    @contextlib.contextmanager
    def looking(self) -> Iterator[Watch]:
        """Watch everything that runs inside: torch calls, data libraries, printed text, and a crash, which goes on its way.

        The program computes what it would compute alone: nothing random is drawn, and every hook is removed afterwards.
        """
        from rnnlab.watching.calls import Calls
        from rnnlab.watching.libraries import Libraries

        self._witnesses = self._witnesses or (
            Libraries(self.recorder, self.describer),
            Calls(self.recorder, self.describer),
        )
        libraries, calls = self._witnesses
        try:
            with libraries, calls:
                yield self
        except BaseException as error:
            self._tell_crash(error)
            raise
        finally:
            self.recorder.flush()

    @contextlib.contextmanager
    def stage(
        self, stages: tuple[str, ...], function: Callable[..., Any] | None, inputs: dict[str, Any]
    ) -> Iterator[Callable[[Any], None]]:
        """Enter a stage, or several that one function covers; give the result to what is yielded before leaving.

        Facts told inside belong to the stage unless their operation says otherwise.
        """
        recorder = self.recorder
        single = stages[0] if len(stages) == 1 else None
        place = self._place(function)
        name = getattr(function, "__qualname__", "") or "+".join(stages)
        with recorder.silence():
            named = tuple(Named(word, recorder.note(value)) for word, value in inputs.items())
            n = recorder.enter(Scope(place=place, stage=single, function=name, inputs=named))
        results: list[Any] = []
        started = time.perf_counter()
        try:
            with recorder.covering(single):
                yield results.append
        finally:
            seconds = time.perf_counter() - started
            with recorder.silence():
                for result in results:
                    self._tell_result(result, place, single, inputs)
                output = recorder.note(results[-1]) if results else None
                recorder.leave(
                    n, Scope(place=place, stage=single, function=name, phase="out", output=output, seconds=seconds)
                )
                if not recorder.is_holding:
                    recorder.flush()

    def _place(self, function: Callable[..., Any] | None) -> Place | None:
        if function is None:
            return None
        try:
            return sources.place_of_function(function)
        except (OSError, TypeError):
            return None

    def _tell_result(self, result: Any, place: Place | None, stage: str | None, inputs: dict[str, Any]) -> None:
        if self.recorder.knows(result) or describe(result)[0] == "value":
            return
        parents = [value for value in inputs.values() if self.recorder.knows(value)]
        self.describer.tell(result, place, "", parents, stage=stage)

    def _tell_crash(self, error: BaseException) -> None:
        if isinstance(error, KeyboardInterrupt | GeneratorExit | SystemExit | OutOfTime):
            return
        self.recorder.tell(crash_of(self.recorder, error))
