"""Thirteen inspectors, one per stage: wrap a stage of anybody's own code and see what goes in and what comes out.

    from rnnlab import inspectors

    load = inspectors.load(pandas.read_csv)          # a function: it prints whenever it is called
    inspectors.embed(model.embedding)                # a layer: it prints whenever the model runs it
    with inspectors.squeeze():                       # a stretch of code
        hidden = hidden.squeeze(0)

    @inspectors.train                                # a decorator
    def train(model, loader): ...

Results are the very same objects, computed as they would be alone. While one inspector runs inside another (the layers
inside a training function), only its first call is printed and the others are counted; so are calls of the same inspector
in a row. `inspectors.off()` removes everything.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnnlab.facts import Call, Data
from rnnlab.record import Record
from rnnlab.stages import RUNS, STAGE_NAMES, STAGES, Stage
from rnnlab.views import terminal, things
from rnnlab.watching.describing import is_module
from rnnlab.watching.watch import Watch, new_record

# The same inspector over and over (a tokenizer, called for each review) prints this often, then counts.
_SAME_IN_A_ROW = 3

if TYPE_CHECKING:
    from rich.console import Console


class _Bench:
    """What all inspectors of a program share: one watch, so that axis names carry from stage to stage."""

    def __init__(self) -> None:
        self.console: Console = terminal.console()
        self._undo = contextlib.ExitStack()
        self._open: list[dict[str, int]] = []
        # The stage that printed last outside of all others, and how often in a row.
        self._row: tuple[Stage | None, int] = (None, 0)
        self._waiting: list[_Print] = []
        self.watch = self._new_watch()
        self._looking = False

    def _new_watch(self) -> Watch:
        watch = Watch(new_record(program="inspectors"))
        watch.recorder.when_written = self._print_waiting
        return watch

    @property
    def record(self) -> Record:
        """Everything that the inspectors have seen."""
        return self.watch.record

    def look(self) -> None:
        """Begin to watch torch and the data libraries, once."""
        if not self._looking:
            self._looking = True
            self._undo.enter_context(self.watch.looking())

    def keep(self, undo: Callable[[], None]) -> None:
        """Remember how to remove a hook."""
        self._undo.callback(undo)

    def off(self) -> None:
        """Stop watching, remove every hook, and forget what was seen."""
        self.end_row()
        self._undo.close()
        self._undo = contextlib.ExitStack()
        self._waiting.clear()
        self._open.clear()
        self._looking = False
        self.watch = self._new_watch()

    # --- printing ------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def inside(self, stage: Stage) -> Iterator[None]:
        """Fold what inspectors print while this one runs."""
        self._open.append({})
        try:
            yield
        finally:
            folded = {name: times - 1 for name, times in self._open.pop().items() if times > 1}
            if folded:
                self.console.print(things.folded_view(stage, folded))

    def is_folded(self, stage: Stage) -> bool:
        """Count a call; say whether it is one of many: inside another inspector, or the same one again and again."""
        if not self._open:
            return self._is_in_a_row(stage)
        counts = self._open[-1]
        counts[stage.name] = counts.get(stage.name, 0) + 1
        return counts[stage.name] > 1

    def _is_in_a_row(self, stage: Stage) -> bool:
        before, times = self._row
        if before is not stage:
            self.end_row()
            times = 0
        self._row = stage, times + 1
        return times >= _SAME_IN_A_ROW

    def end_row(self) -> None:
        """Say how often the same inspector ran without being printed."""
        stage, times = self._row
        if stage is not None and times > _SAME_IN_A_ROW:
            self.console.print(things.more_view(stage, times - _SAME_IN_A_ROW))
        self._row = (None, 0)

    def print_later(self, wanted: _Print) -> None:
        """Print facts as soon as they are written, that is when their axes have their names."""
        if not self.is_folded(wanted.stage):
            self._waiting.append(wanted)
            self._print_waiting()

    def _print_waiting(self) -> None:
        ready = [one for one in self._waiting if one.end <= len(self.record)]
        self._waiting = [one for one in self._waiting if one.end > len(self.record)]
        for one in ready:
            facts: list[Any] = [fact for fact in map(self.record.fact, range(one.start, one.end)) if one.chosen(fact)]
            if facts:
                self.console.print(things.inspected_view(one.stage, facts, self.record))


@dataclass(frozen=True)
class _Print:
    """What an inspector wants printed: the chosen ones of the facts from `start` up to, and without, `end`."""

    stage: Stage
    start: int
    end: int
    chosen: Callable[[Any], bool]


_bench = _Bench()
atexit.register(_bench.end_row)


class Inspector:
    """Looks at one stage. Call it with a function, a layer or a loader; or use it as a decorator or a context.

    Args (of a call):
        thing: what to wrap. A layer (`nn.Module`) gets a hook and is returned itself, so that `model.rnn` stays `model.rnn`.
        axes: names of the first input's axes, such as "batch seq_len", where the lecture's order is not the right one.
    """

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.__doc__ = f"Look at the stage {stage.name}: {stage.takes} → {stage.gives}."
        self._contexts: list[contextlib.ExitStack] = []

    def __repr__(self) -> str:
        return f"<inspector of the stage {self.stage.name}>"

    def __call__(self, thing: Any = None, *, axes: str | None = None) -> Any:
        """Return the thing, inspected; without one, this inspector, for `with`."""
        if thing is None:
            return self
        if is_module(thing):
            return self._layer(thing, axes)
        if callable(thing):
            return self._function(thing)
        if hasattr(thing, "__iter__") and not isinstance(thing, str | bytes):
            return InspectedLoader(self.stage, thing)
        raise TypeError(
            f"inspectors.{self.stage.name} wraps a function, a layer or a loader, not a {type(thing).__name__}"
        )

    # --- a function ----------------------------------------------------------------------------------------------

    def _function(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def inspected(*args: Any, **kwargs: Any) -> Any:
            with self._stretch(function, _bound(function, args, kwargs)) as give:
                result = function(*args, **kwargs)
                give(result)
            return result

        return inspected

    @contextlib.contextmanager
    def _stretch(self, function: Callable[..., Any] | None, inputs: dict[str, Any]) -> Iterator[Callable[[Any], None]]:
        recorder = _bench.watch.recorder
        if recorder.quiet:
            # The recorder itself is calling (or torch, through a function that was replaced by an inspected one).
            yield lambda _: None
            return
        if _torch_is_here():
            _bench.look()
        start = recorder.next_number
        with _bench.inside(self.stage), _bench.watch.stage((self.stage.name,), function, inputs) as give:
            yield give
        # A run of many stages is told as a whole; the others by what belongs to them.
        stages = set(STAGE_NAMES) | {None} if self.stage.name in RUNS else {self.stage.name, None}
        _bench.print_later(
            _Print(self.stage, start, recorder.next_number, lambda f: isinstance(f, Call | Data) and f.stage in stages)
        )

    # --- a stretch of code ---------------------------------------------------------------------------------------

    def __enter__(self) -> Inspector:
        stack = contextlib.ExitStack()
        stack.enter_context(self._stretch(None, {}))
        self._contexts.append(stack)
        return self

    def __exit__(self, *error: Any) -> None:
        self._contexts.pop().__exit__(*error)

    # --- a layer -------------------------------------------------------------------------------------------------

    def _layer(self, layer: Any, axes: str | None) -> Any:
        _bench.look()
        handles = [
            layer.register_forward_pre_hook(lambda _, args: self._declare(args, axes)),
            layer.register_forward_hook(lambda module, args, result: self._ran(module)),
        ]
        for handle in handles:
            _bench.keep(handle.remove)
        return layer

    def _declare(self, args: tuple[Any, ...], axes: str | None) -> None:
        """Axes that nobody knows are named as said, or as the lecture's stage has them when the layer runs on its own."""
        recorder = _bench.watch.recorder
        with recorder.guarded():
            tensors = [value for value in args if hasattr(value, "shape") and hasattr(value, "dim")]
            if not tensors:
                return
            names = axes.split() if axes else _CONVENTIONS.get(self.stage.name, ())
            if len(names) == tensors[0].dim() and (axes or not recorder.is_holding):
                recorder.declare(tensors[0], names)

    def _ran(self, module: Any) -> None:
        end = _bench.watch.recorder.next_number
        # The layer's own row is the latest one; what a layer tells beside it (a prediction's tokens) is no row.
        layers = {repr(module), type(module).__name__}
        _bench.print_later(
            _Print(self.stage, max(0, end - 2), end, lambda f: isinstance(f, Call) and f.layer in layers)
        )


class InspectedLoader:
    """A loader that shows its batches; everything else about it is the loader's own."""

    def __init__(self, stage: Stage, loader: Any) -> None:
        self._stage, self._loader = stage, loader

    def __iter__(self) -> Iterator[Any]:
        _bench.look()
        recorder = _bench.watch.recorder
        with _bench.inside(self._stage):
            for batch in self._loader:
                end = recorder.next_number
                _bench.print_later(_Print(self._stage, max(0, end - 1), end, lambda f: isinstance(f, Data)))
                yield batch

    def __len__(self) -> int:
        return len(self._loader)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)


# What the lecture's stage takes; an RNN and a loss say their axes themselves.
_CONVENTIONS = {
    "embed": ("seq_len", "batch"),
    "squeeze": ("layers", "batch", "hid"),
    "head": ("batch", "hid"),
}


def _bound(function: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return arguments under their parameters' names; a built-in without a signature numbers them."""
    try:
        return dict(inspect.signature(function).bind(*args, **kwargs).arguments)
    except (TypeError, ValueError):
        return {f"argument {i}": value for i, value in enumerate(args)} | kwargs


def _torch_is_here() -> bool:
    import sys

    return "torch" in sys.modules


def off() -> None:
    """Remove every inspector's hooks and forget what they saw."""
    _bench.off()


def record() -> Record:
    """Return what the inspectors of this program have seen so far."""
    return _bench.record


load, tokenize, split, vocab, batch, embed, rnn, squeeze, head, loss, train, evaluate, predict = map(Inspector, STAGES)
