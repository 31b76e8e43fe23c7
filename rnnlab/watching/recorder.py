"""Turns what is seen into facts: numbers them, nests them, knows tensors and data objects again, folds equal loop turns.

Nothing alive is kept: tensors and data objects are known by weak references, and a fact holds shapes, names and numbers.
"""

from __future__ import annotations

import contextlib
import os
import sys
import weakref
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any, TypeVar

import msgspec

from rnnlab import sources
from rnnlab.axes import Symbol, Symbols, unknown
from rnnlab.facts import (
    Call,
    Data,
    Fact,
    Gap,
    GroupNote,
    Loop,
    Named,
    Note,
    PackedNote,
    Place,
    Scope,
    TensorNote,
    ValueNote,
)
from rnnlab.record import Record
from rnnlab.watching.places import Places
from rnnlab.watching.shortening import is_enough, shortened
from rnnlab.watching.turns import Turns, settle

F = TypeVar("F", bound=Fact)


class _Silence:
    """Looks away inside; one object for all uses, as thousands of them nest in each other in a forward pass."""

    __slots__ = ("recorder",)

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    def __enter__(self) -> None:
        self.recorder.quiet += 1

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> bool | None:
        self.recorder.quiet -= 1
        return None


class _Guard(_Silence):
    """Looks away inside, and keeps what fails there."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> bool | None:
        kept = isinstance(error, Exception) and not os.environ.get("RNNLAB_STRICT")
        if kept:
            why = f"rnnlab could not follow a step: {type(error).__name__}: {error}"
            self.recorder.tell(Gap(what="watching", why=why))
        self.recorder.quiet -= 1
        return kept


class Recorder:
    """Writes one record of a running program."""

    def __init__(self, record: Record, places: Places | None = None) -> None:
        self.record = record
        self.places = places or Places()
        self.quiet = 0
        self._silence, self._guard = _Silence(self), _Guard(self)
        self.stage: str | None = None
        self.loops: list[Turns] = []
        # The identities of data objects that stand in for what was not there.
        self.stand_ins: set[int] = set()
        # How many turns of each kind of loop a dry run runs; empty for a full run.
        self.limits: dict[str, int] = {}
        self._around: list[int] = []
        self._waiting: list[Fact] = []
        self._holding = 0
        self._repeats: dict[int, int] = {}
        self._tensors: dict[int, tuple[weakref.ref[Any], Symbols, tuple[int, ...]]] = {}
        self._crowded = 1_000
        self._things: dict[int, tuple[weakref.ref[Any], int]] = {}
        self._next_thing = 1
        self._folded: dict[Any, int] = {}
        self.when_written: Callable[[], None] = lambda: None
        # How many bytes of values may still be kept: none, unless the learner asks for them.
        self.values_left = 0
        # Set while calls are counted that are not told one by one: tells of them before anything else is told.
        self.counted: Callable[[], None] | None = None
        # Called with the frame of a learner's function that ends.
        self.function_ended: Callable[[FrameType], None] | None = None

    # --- facts -------------------------------------------------------------------------------------------------

    def tell(self, fact: Fact) -> int:
        """Add a fact inside whatever is open now and return its number; it may wait until its axes are settled."""
        self._tell_counted()
        n = self.next_number
        if fact.place is not None:
            self._keep_source(fact.place)
        stage = fact.stage or self.stage
        inside = self._around[-1] if self._around else None
        self._waiting.append(msgspec.structs.replace(self._resting(fact), n=n, inside=inside, stage=stage))
        if not self._holding:
            self.flush()
        return n

    def _resting(self, fact: F) -> F:
        """What was made from a stand-in is one as well."""
        if not isinstance(fact, Data):
            return fact
        # A prediction names the operation that it comes from, no data object.
        parents = () if fact.what == "prediction tokens" else fact.made_from
        if fact.stand_in or not self.stand_ins.isdisjoint((fact.id, *parents)):
            self.stand_ins.add(fact.id)
            return msgspec.structs.replace(fact, stand_in=True)
        return fact

    def _tell_counted(self) -> None:
        if self.counted is not None and not self.loops:
            tell, self.counted = self.counted, None
            tell()

    def _keep_source(self, place: Place) -> None:
        key = sources.key_of(place)
        self.record.add_source(key, self.places.text(key))

    @property
    def in_pass(self) -> bool:
        """Whether what runs now runs on a batch: of a loader, or of a loop that cuts its batches by itself."""
        return any(turns.is_pass for turns in self.loops)

    @property
    def inside(self) -> int | None:
        """The number of the scope that is open now."""
        return self._around[-1] if self._around else None

    @property
    def next_number(self) -> int:
        """The number that the next fact will have."""
        return len(self.record) + len(self._waiting)

    def flush(self) -> None:
        """Write the facts that were waiting for their axes' names."""
        waiting, self._waiting = self._waiting, []
        for fact in waiting:
            self.record.add(_settled_fact(fact, self._repeats.pop(fact.n, 0)))
        if waiting:
            self.when_written()

    def fact(self, n: int) -> Fact | None:
        """Return a fact that was told, written or still waiting; None where there is none."""
        written = len(self.record)
        if n < written:
            return self.record.fact(n) if n >= 0 else None
        return self._waiting[n - written] if n - written < len(self._waiting) else None

    @property
    def is_holding(self) -> bool:
        """Whether facts wait for their axes' names."""
        return self._holding > 0

    @property
    def waiting(self) -> list[Fact]:
        """The facts that wait for their axes' names; their notes hold symbols instead of names."""
        return self._waiting

    def amend(self, fact: Fact) -> None:
        """Put a fact in the place of the one with its number, while that one still waits."""
        self._waiting[fact.n - len(self.record)] = fact

    def hold(self) -> None:
        """Begin holding facts back (a module was entered)."""
        self._holding += 1

    def release(self) -> None:
        """End holding facts back (a module was left)."""
        self._holding = max(0, self._holding - 1)
        if not self._holding:
            self.flush()

    def enter(self, scope: Scope) -> int:
        """Open a scope: facts told from now on are inside it."""
        n = self.tell(scope)
        self._around.append(n)
        return n

    def leave(self, n: int, out: Scope | None = None) -> None:
        """Close a scope, and with it whatever was left open inside it."""
        if n in self._around:
            del self._around[self._around.index(n) :]
        if out is not None:
            self.tell(out)

    @contextlib.contextmanager
    def covering(self, stage: str | None) -> Iterator[None]:
        """Give the stage to every fact that names none itself."""
        before, self.stage = self.stage, stage or self.stage
        try:
            yield
        finally:
            self.stage = before

    def silence(self) -> _Silence:
        """Look away while a library (or the recorder) works."""
        return self._silence

    def guarded(self) -> _Guard:
        """Look away while the recorder works, and let its own failures leave a gap instead of the learner's program.

        `RNNLAB_STRICT` in the environment lets them through, for tests.
        """
        return self._guard

    # --- loops -------------------------------------------------------------------------------------------------

    def begin_loop(self, place: Place | None, over: int, declared: int | None) -> Turns:
        """A pass over a loader begins."""
        return self.begin_turns(Turns(place, over, declared))

    def begin_turns(self, turns: Turns) -> Turns:
        """A loop begins: a pass over a loader, or a loop of the program's own."""
        self._tell_counted()
        for outer in self.loops:
            outer.had_loops = True
        self.loops.append(turns)
        self._tell_begun(turns)
        return turns

    def _tell_begun(self, turns: Turns) -> None:
        self.tell(Loop(place=turns.place, kind=turns.kind, declared=turns.declared, over=turns.over))

    def is_enough(self, turns: Turns) -> bool:
        """Say whether a dry run ends a loop here; ask only when the loop would go on. It is told, once for each loop."""
        if not is_enough(turns, self.limits):
            return False
        turns.shortened = True
        if (key := (turns.key, "shortened")) not in self._folded:
            self._folded[key] = self.tell(shortened(turns))
        return True

    def end_loop(self, turns: Turns) -> None:
        """A loop has ended: its held calls, its count, and what was counted on the way are told."""
        if turns not in self.loops:
            return
        for inner in self.loops[: self.loops.index(turns) : -1]:
            self.end_loop(inner)
        self.loops.remove(turns)
        self.tell_held(turns)
        stage = turns.stage
        self.tell(
            Loop(
                place=turns.place,
                stage=stage,
                kind=turns.ended_as,
                index=turns.executed,
                declared=turns.declared,
                executed=turns.executed,
                over=turns.over,
                shortened=turns.shortened,
            )
        )
        if turns.tally and turns.is_pass:
            what = "training pass" if turns.trained else "evaluation pass"
            made_from = () if turns.over is None else (turns.over,)
            self.tell(
                Data(
                    place=turns.place,
                    stage=stage,
                    what=what,
                    id=self.new_id(),
                    made_from=made_from,
                    counts=turns.counts(),
                )
            )

    def tell_held(self, turns: Turns) -> None:
        """Tell the last of the equal calls that a loop's turns held back, with how often they came."""
        for fact, times in turns.held.values():
            again = msgspec.structs.replace(fact, times=times) if isinstance(fact, Call) else fact
            if fact.place is not None:
                self._keep_source(fact.place)
            self._waiting.append(msgspec.structs.replace(again, n=self.next_number))
        turns.held.clear()

    def tell_folded(self, fact: Fact, key: Any) -> int:
        """Tell a fact that loop turns repeat: the first is written, later equal ones are counted and the last is kept."""
        if not self.loops:
            return self.tell(fact)
        turns = self.loops[-1]
        if isinstance(fact, Call):
            turns.called = True
            if fact.what in _TRAINING and not (turns.trained and all(one.settled for one in self.loops)):
                for other in settle(self.loops):
                    self._tell_begun(other)
        key = (turns.key, key)
        if key not in self._folded:
            self._folded[key] = self.tell(fact)
            return self._folded[key]
        times = turns.held[key][1] + 1 if key in turns.held else 1
        inside = self._around[-1] if self._around else None
        fact = self._resting(fact)
        turns.held[key] = msgspec.structs.replace(fact, inside=inside, stage=fact.stage or self.stage), times
        return self._folded[key]

    def again(self, n: int, key: Any) -> None:
        """Count another turn of a fact that was told before in the same forward pass, folded or not."""
        turns = self.loops[-1] if self.loops else None
        if turns is not None and (folded := (turns.key, key)) in turns.held:
            fact, times = turns.held[folded]
            turns.held[folded] = fact, times + 1
        elif n >= len(self.record):
            self._repeats[n] = self._repeats.get(n, 0) + 1

    def is_repeated(self, key: Any) -> bool:
        """Say whether a loop turn already told of this; the first asking counts as telling."""
        if not self.loops:
            return False
        key = (self.loops[-1].key, key)
        repeated = key in self._folded
        self._folded.setdefault(key, -1)
        return repeated

    # --- tensors -----------------------------------------------------------------------------------------------

    def know(self, tensor: Any, symbols: Symbols, made_by: Sequence[int] = ()) -> None:
        """Remember the axes of a tensor and the fact that made it, for as long as the tensor lives."""
        if len(self._tensors) >= self._crowded:
            # No callback forgets a dead tensor: Python drops a Ctrl-C that falls into one.
            self._tensors = {key: known for key, known in self._tensors.items() if known[0]() is not None}
            self._crowded = 2 * len(self._tensors) + 1_000
        self._tensors[id(tensor)] = weakref.ref(tensor), symbols, tuple(made_by)

    def symbols(self, tensor: Any) -> Symbols:
        """Return the axes of a tensor; one that was never seen before gets unknown axes, remembered from now on."""
        known = self._tensors.get(id(tensor))
        if known is None or known[0]() is not tensor or len(known[1]) != tensor.dim():
            self.know(tensor, unknown(tensor.shape), known[2] if known and known[0]() is tensor else ())
            known = self._tensors[id(tensor)]
        return known[1]

    def made_by(self, tensor: Any) -> tuple[int, ...]:
        """Return the number of the fact that made a tensor."""
        known = self._tensors.get(id(tensor))
        return known[2] if known is not None and known[0]() is tensor else ()

    def declare(self, tensor: Any, names: Sequence[str]) -> None:
        """Name a tensor's axes as declared by its maker."""
        for symbol, name in zip(self.symbols(tensor), names, strict=False):
            symbol.settle(name, "declared")

    def note(self, value: Any) -> Note:
        """Describe a value as plain data; axis names stay open until the facts around them are written."""
        torch = _torch()
        if torch is not None and isinstance(value, torch.Tensor):
            return TensorNote(
                tuple(value.shape),
                tuple(self.symbols(value)),  # type: ignore[arg-type]  # settled when the fact is written
                str(value.dtype).removeprefix("torch."),
                str(value.device),
                self.made_by(value),
            )
        if torch is not None and isinstance(value, torch.nn.utils.rnn.PackedSequence):
            return self._packed(value)
        if isinstance(value, tuple | list) and len(value) <= 8 and any(_holds_tensor(item) for item in value):
            return GroupNote(
                "tuple" if isinstance(value, tuple) else "list", tuple(Named("", self.note(v)) for v in value)
            )
        if isinstance(value, dict) and len(value) <= 16 and any(_holds_tensor(item) for item in value.values()):
            return GroupNote("dict", tuple(Named(str(key), self.note(v)) for key, v in value.items()))
        return ValueNote(type(value).__name__, _short(value))

    def _packed(self, packed: Any) -> PackedNote:
        data, steps = packed.data, packed.batch_sizes
        symbols = self.symbols(data)
        return PackedNote(
            tokens=data.shape[0],
            seq_len=len(steps),
            batch=int(steps[0]) if len(steps) else 0,
            features=tuple(data.shape[1:]),
            axes=tuple(symbols),  # type: ignore[arg-type]  # settled when the fact is written
            dtype=str(data.dtype).removeprefix("torch."),
            device=str(data.device),
            made_by=self.made_by(data),
        )

    # --- data objects ------------------------------------------------------------------------------------------

    def new_id(self) -> int:
        """Return the next free identity."""
        self._next_thing += 1
        return self._next_thing - 1

    def id_of(self, thing: Any) -> int:
        """Return the identity of a data object: the same object always has the same one."""
        known = self._things.get(id(thing))
        if known is None or known[0]() is not thing:
            try:
                reference = weakref.ref(thing)
            except TypeError:
                return self.new_id()
            known = self._things[id(thing)] = reference, self.new_id()
        return known[1]

    def knows(self, thing: Any) -> bool:
        """Say whether a data object has been told of."""
        known = self._things.get(id(thing))
        return known is not None and known[0]() is thing

    # --- where -------------------------------------------------------------------------------------------------

    def where(self, frame: FrameType | None) -> Place | None:
        """Return the learner's place nearest to a frame."""
        learner = self.places.learner(frame)
        return self.places.place(learner) if learner is not None else None


# The operations that only training has.
_TRAINING = {"backward", "optimizer_step"}


def _torch() -> Any:
    return sys.modules.get("torch")


def _holds_tensor(value: Any) -> bool:
    torch = _torch()
    if torch is None:
        return False
    if isinstance(value, tuple | list):
        return any(_holds_tensor(item) for item in value[:8])
    return isinstance(value, torch.Tensor | torch.nn.utils.rnn.PackedSequence)


def _short(value: Any) -> str:
    if isinstance(value, bool | int | float | str | None):
        text = repr(value)
        return text if len(text) <= 120 else text[:117] + "..."
    if isinstance(value, tuple | list | dict | set):
        return f"{len(value)} items"
    return ""


def settled(note: Any) -> Any:
    """Replace the open symbols of a note by the names that they have now."""
    if isinstance(note, TensorNote | PackedNote):
        axes: Any = note.axes
        return msgspec.structs.replace(note, axes=tuple(a.axis() if isinstance(a, Symbol) else a for a in axes))
    if isinstance(note, GroupNote):
        return msgspec.structs.replace(note, items=tuple(Named(i.name, settled(i.note)) for i in note.items))
    return note


def _settled_fact(fact: Fact, repeats: int = 0) -> Fact:
    if isinstance(fact, Call | Scope):
        return msgspec.structs.replace(
            fact,
            inputs=tuple(Named(i.name, settled(i.note)) for i in fact.inputs),
            output=settled(fact.output),
            times=fact.times + repeats,
        )
    return fact
