"""Sees the learner's own functions and training loops run: what a rewritten program calls (see `rnnlab.watching.rewriting`).

A function that is called again and again costs next to nothing after its first few calls: they fold, and are counted.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import itertools
import sys
import time
from collections.abc import Iterable, Iterator
from threading import get_ident
from types import CodeType, FrameType
from typing import Any

from rnnlab.facts import Named, Place, Scope
from rnnlab.watching.reaching import Reach
from rnnlab.watching.recorder import Recorder
from rnnlab.watching.rewriting import NAME, FunctionSite, Sites, compiled, rewritten
from rnnlab.watching.turns import Turns

_FEW = 3  # calls from one line that are told one by one
_WORTH = 10  # folded calls that are told as soon as something else happens
_MANY = 100  # calls of one function that are: it may call itself
_AWAIT = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_SIZED = (range, list, tuple, dict, set, str)


class Flow:
    """What a rewritten program calls; one for a run.

    Args:
        texts: the texts of the program's files, as far as they are known before it runs.
    """

    def __init__(self, recorder: Recorder, texts: Iterable[str] = ()) -> None:
        self.recorder, self.sites = recorder, Sites()
        self.know(texts)
        self._thread = get_ident()
        self._open: list[_Told | _Counted | None] = []
        # What loops turned out to be when they ran before.
        self._kinds: dict[int, str] = {}
        self._whiles: list[Turns | None] = []
        self._nothing = _Nothing(self)
        self._told: dict[int, int] = {}
        # The calls that fold, by the scope that they are made in.
        self._folding: dict[int | None, dict[Any, _Folding]] = {}

    def know(self, texts: Iterable[str]) -> None:
        """Look through the files of a program for the loops that may be over batches or epochs."""
        trees = []
        for text in texts:
            with contextlib.suppress(SyntaxError, ValueError, RecursionError):
                trees.append(ast.parse(text))
        self.reach = Reach(trees)

    @contextlib.contextmanager
    def watching(self) -> Iterator[Flow]:
        """Let rewritten programs run; what was counted is told at the end.

        Their functions may be called afterwards as well (at exit, by threads): then nothing is told any more.
        """
        before = vars(builtins).get(NAME)
        setattr(builtins, NAME, self)
        try:
            yield self
        finally:
            with self.recorder.guarded():
                for scope in list(self._folding):
                    self._tell_counts(scope)
                while self.recorder.loops:
                    self.recorder.end_loop(self.recorder.loops[0])
            setattr(builtins, NAME, before if before is not None else _SILENT)

    def compile(self, text: str, file: str) -> CodeType:
        """Compile a file of the learner's so that it is seen.

        Raises:
            SyntaxError: as Python's own compiler raises it.
        """
        code: Any = compiled(text, file, self.reach, self.sites)
        return code

    def compile_cell(self, text: str, file: str, *, watch: bool = True) -> tuple[CodeType, CodeType | None, int]:
        """Compile a notebook's cell, and the expression at its end, whose value the notebook shows, with its line.

        As in a notebook, `await` may stand outside of functions: the code is then a coroutine's.

        Raises:
            SyntaxError: as Python's own compiler raises it.
        """
        compile(text, file, "exec", _AWAIT, dont_inherit=True)
        tree = rewritten(text, file, self.reach, self.sites) if watch else ast.parse(text, file)
        last = tree.body[-1] if tree.body else None
        if not isinstance(last, ast.Expr) or text.rstrip().endswith(";"):
            return compile(tree, file, "exec", _AWAIT, dont_inherit=True), None, 0
        body = ast.Module(tree.body[:-1], [])
        return (
            compile(body, file, "exec", _AWAIT, dont_inherit=True),
            compile(ast.Expression(last.value), file, "eval", _AWAIT, dont_inherit=True),
            last.lineno,
        )

    def _looks_away(self) -> bool:
        return bool(self.recorder.quiet) or get_ident() != self._thread

    # --- functions -------------------------------------------------------------------------------------------------

    def scope(self, number: int, arguments: tuple[Any, ...]) -> Any:
        """A function begins; what is returned is closed when it ends, in whatever way."""
        if self._looks_away():
            return _AWAY
        recorder = self.recorder
        caller = sys._getframe(1).f_back
        site = (number, id(caller.f_code), caller.f_lasti) if caller is not None else (number, 0, 0)
        if recorder.loops:
            if recorder.is_repeated(site):
                return self._nothing
        elif (folding := self._count(number, site)) is not None:
            return _Counted(self, folding)
        told = _Told(self, self.sites.functions[number])
        with recorder.guarded():
            told.begin(caller, arguments)
        return told

    def _count(self, number: int, site: Any) -> _Folding | None:
        """Count a call outside of every loop; from the fourth one of a line on they fold."""
        calls = self._folding.setdefault(self.recorder.inside, {})
        folding = calls.get(site)
        if folding is None:
            folding = calls[site] = _Folding(self.sites.functions[number], self.recorder)
        folding.calls += 1
        if folding.calls > _FEW:
            return folding
        self._told[number] = told = self._told.get(number, 0) + 1
        return folding if told > _MANY else None

    def _counted(self, folding: _Folding) -> None:
        """A call was folded; when many were, they are told before what comes next."""
        folding.folded += 1
        if folding.folded == _WORTH:
            self.recorder.counted = self._tell_counted

    def _tell_counted(self) -> None:
        for folding in self._folding.get(self.recorder.inside, {}).values():
            folding.tell(self.recorder)

    def _tell_counts(self, scope: int | None) -> None:
        """Tell of the calls that were folded inside a scope, when it ends."""
        for folding in self._folding.pop(scope, {}).values():
            folding.tell(self.recorder)

    def started(self, number: int, arguments: tuple[Any, ...]) -> None:
        """A generator or coroutine runs its first line: others run between its own, so that nothing is inside it."""
        if self._looks_away():
            return
        recorder, function = self.recorder, self.sites.functions[number]
        if recorder.loops:
            if recorder.is_repeated(("started", number)):
                return
        elif (folding := self._count(number, number)) is not None:
            self._counted(folding)
            return
        with recorder.guarded():
            caller = recorder.places.learner(sys._getframe(1).f_back)
            recorder.tell(
                Scope(
                    place=_called_at(recorder, caller, function),
                    function=function.name,
                    phase="over",
                    inputs=_inputs(recorder, function, arguments),
                )
            )

    def out(self, value: Any) -> Any:
        """A function returns a value."""
        if self._open and not self._looks_away():
            told = self._open[-1]
            if type(told) is _Told:
                told.returns(value)
        return value

    # --- loops -----------------------------------------------------------------------------------------------------

    def turns(self, number: int, items: Iterable[Any]) -> Iterator[Any]:
        """Give a loop its items, and count its turns."""
        iterator = iter(items)
        return iterator if self._looks_away() else self._turns(number, items, iterator)

    def _turns(self, number: int, items: Any, iterator: Iterator[Any]) -> Iterator[Any]:
        site = self.sites.loops[number]
        recorder, around = self.recorder, len(self.recorder.loops)
        try:
            item = next(iterator)
        except StopIteration:
            return
        if len(recorder.loops) > around:
            # The items come from a loader: its pass is the loop, and is told of already.
            yield item
            yield from iterator
            return
        kind = self._kinds.get(number, site.kind)
        turns = Turns(site.place, None, None, kind, counts=_counts(item), by_hand=site.by_hand)
        if not turns.counts_up and turns.kind != "batches":
            turns.kind = "turns"
        with recorder.guarded():
            turns.declared = _declared(items)
            recorder.begin_turns(turns)
        try:
            while True:
                turns.executed += 1
                yield item
                try:
                    item = next(iterator)
                except StopIteration:
                    break
                if recorder.is_enough(turns):
                    break
        finally:
            self._end(number, turns)

    @contextlib.contextmanager
    def loop(self, number: int) -> Iterator[None]:
        """A while loop begins and ends, in whatever way."""
        turns = None
        if not self._looks_away():
            site = self.sites.loops[number]
            kind = self._kinds.get(number, site.kind)
            turns = Turns(site.place, None, None, kind, by_hand=site.by_hand)
        self._whiles.append(turns)
        try:
            yield
        finally:
            self._whiles.pop()
            if turns is not None:
                self._end(number, turns)

    def _end(self, number: int, turns: Turns) -> None:
        if turns.settled:
            self._kinds[number] = turns.kind
        with self.recorder.guarded():
            self.recorder.end_loop(turns)

    def turn(self, going: Any) -> Any:
        """Say whether a while loop goes on, as its condition says."""
        turns = self._whiles[-1] if self._whiles and get_ident() == self._thread else None
        if turns is None or not going:
            return going
        with self.recorder.guarded():
            if not turns.executed:
                self.recorder.begin_turns(turns)
            elif self.recorder.is_enough(turns):
                return False
            turns.executed += 1
        return going


class _Told:
    """A call that is told of."""

    __slots__ = ("arguments", "flow", "function", "n", "place", "result", "stage", "started")

    def __init__(self, flow: Flow, function: FunctionSite) -> None:
        self.flow, self.function = flow, function
        self.n: int | None = None
        self.place: Place | None = None
        self.result: Any = None
        self.started = 0.0
        self.arguments: tuple[Any, ...] = ()
        self.stage: str | None = None

    def begin(self, caller: FrameType | None, arguments: tuple[Any, ...]) -> None:
        recorder = self.flow.recorder
        self.place = _called_at(recorder, recorder.places.learner(caller), self.function)
        inputs = _inputs(recorder, self.function, arguments)
        self.arguments = arguments
        self.n = recorder.enter(Scope(place=self.place, function=self.function.name, inputs=inputs))

    def returns(self, value: Any) -> None:
        with self.flow.recorder.guarded():
            self.result = self.flow.recorder.note(value)
            self.stage = _stage_of(self.arguments, value)

    def __enter__(self) -> None:
        self.flow._open.append(self)
        self.started = time.perf_counter()

    def __exit__(self, *error: object) -> None:
        seconds = time.perf_counter() - self.started
        flow, recorder = self.flow, self.flow.recorder
        flow._open.pop()
        if self.n is None:
            return
        with recorder.guarded():
            flow._tell_counts(self.n)
            if recorder.function_ended is not None:
                recorder.function_ended(sys._getframe(1))
            if error and error[0] is not None:
                # It did not come to its end: nothing came out.
                recorder.leave(self.n)
                self.arguments = ()
                return
            recorder.leave(
                self.n,
                Scope(
                    place=self.place,
                    stage=self.stage or _stage_of_new(self.function, sys._getframe(1)),
                    function=self.function.name,
                    phase="out",
                    output=self.result,
                    seconds=seconds,
                ),
            )
            self.arguments = ()


def _stage_of(arguments: tuple[Any, ...], value: Any) -> str | None:
    """The stage of a function of the learner's, where what it makes is certain: tokens of a text, or a vocabulary."""
    if isinstance(value, list) and value and all(isinstance(word, str) for word in value[:16]):
        return "tokenize" if any(isinstance(argument, str) for argument in arguments) else None
    return "vocab" if _is_vocabulary(value) else None


def _stage_of_new(function: FunctionSite, frame: FrameType) -> str | None:
    """The stage of an `__init__` of the learner's: one that has put a numbering of words into its object makes a vocabulary."""
    if not function.name.endswith(".__init__"):
        return None
    held = getattr(frame.f_locals.get("self"), "__dict__", {})
    return "vocab" if any(_is_vocabulary(one) for one in list(held.values())) else None


def _is_vocabulary(value: Any) -> bool:
    """Say whether a value numbers words: a dict of more than a few texts and different whole numbers."""
    if type(value) is not dict or len(value) <= 10:
        return False
    first = list(itertools.islice(value.items(), 16))
    numbers = {number for _, number in first}
    return len(numbers) == len(first) and all(type(word) is str and type(number) is int for word, number in first)


class _Nothing:
    """A call that repeats what a loop turn told of."""

    __slots__ = ("flow",)

    def __init__(self, flow: Flow) -> None:
        self.flow = flow

    def __enter__(self) -> None:
        self.flow._open.append(None)

    def __exit__(self, *error: object) -> None:
        self.flow._open.pop()


class _Folding:
    """Calls of one line that fold: how many there were, and what they have in common."""

    __slots__ = ("calls", "folded", "function", "seconds", "turns")

    def __init__(self, function: FunctionSite, recorder: Recorder) -> None:
        self.function = function
        self.calls = self.folded = 0
        self.seconds = 0.0
        self.turns = Turns(recorder.places.line(function.file, function.line), None, None, "calls")

    def tell(self, recorder: Recorder) -> None:
        if self.folded:
            recorder.tell_held(self.turns)
            place, seconds, times = self.turns.place, self.seconds or None, self.folded
            self.folded, self.seconds = 0, 0.0
            recorder.tell(Scope(place=place, function=self.function.name, phase="over", seconds=seconds, times=times))


class _Counted:
    """A call that is counted alone: what it does folds like the turns of a loop."""

    __slots__ = ("flow", "folding", "started")

    def __init__(self, flow: Flow, folding: _Folding) -> None:
        self.flow, self.folding = flow, folding
        self.started = 0.0

    def __enter__(self) -> None:
        self.flow._open.append(self)
        self.flow.recorder.loops.append(self.folding.turns)
        self.started = time.perf_counter()

    def __exit__(self, *error: object) -> None:
        folding, loops = self.folding, self.flow.recorder.loops
        folding.seconds += time.perf_counter() - self.started
        self.flow._open.pop()
        if loops and loops[-1] is not folding.turns:  # an iterator that somebody still holds
            with self.flow.recorder.guarded():
                while loops and loops[-1] is not folding.turns:
                    self.flow.recorder.end_loop(loops[-1])
        if loops:
            loops.pop()
        self.flow._counted(folding)


class _Away:
    """A call that nobody looks at: in another thread, or while the recorder works."""

    def __enter__(self) -> None: ...

    def __exit__(self, *error: object) -> None: ...


_AWAY = _Away()


class _Silent:
    """What a rewritten program calls when the run is over."""

    def scope(self, number: int, arguments: tuple[Any, ...]) -> _Away:
        return _AWAY

    def started(self, number: int, arguments: tuple[Any, ...]) -> None: ...

    def out(self, value: Any) -> Any:
        return value

    def turns(self, number: int, items: Iterable[Any]) -> Iterable[Any]:
        return items

    def loop(self, number: int) -> _Away:
        return _AWAY

    def turn(self, going: Any) -> Any:
        return going


_SILENT = _Silent()


def _called_at(recorder: Recorder, caller: FrameType | None, function: FunctionSite) -> Place:
    if caller is None:
        return recorder.places.line(function.file, function.line)
    return recorder.places.place(caller)


def _inputs(recorder: Recorder, function: FunctionSite, arguments: tuple[Any, ...]) -> tuple[Named, ...]:
    named = zip(function.arguments, arguments, strict=True)
    return tuple(Named(word, recorder.note(value)) for word, value in named)


def _counts(item: Any) -> bool:
    """Say whether an item is a number, or comes with its number (`enumerate`)."""
    first = item[0] if type(item) is tuple and item else item
    return type(first) is int


def _declared(items: Any) -> int | None:
    """Return how many items there will be, without running code of the learner's."""
    if type(items) in _SIZED:
        return len(items)
    if type(items).__module__.partition(".")[0] == "tqdm":
        total = getattr(items, "total", None)
        return int(total) if total is not None else None
    return None
