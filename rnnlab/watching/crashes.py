"""Describes an exception at the learner's line: what the operation was given, by name, with axes and sizes.

The frames of the traceback are read once, when the exception leaves the program. What is kept of them is plain data.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import CodeType, FrameType, ModuleType, TracebackType
from typing import Any, NamedTuple, cast

import msgspec

from rnnlab import sources
from rnnlab.facts import Axis, Crash, Named, Note, PackedNote, Place, TensorNote, ValueNote, tensors
from rnnlab.operations import Operation
from rnnlab.watching.places import NOTHING, look_up
from rnnlab.watching.recorder import Recorder, settled

_LETTERS = 2000
_VARIABLES = 24
_CALLS = 20
_CAUSES = 4
_FAILED = "_rnnlab_failed"


class Failed(NamedTuple):
    """An operation that raised, with what it was given; `inputs` was noted before the call."""

    operation: Operation
    place: Place
    inputs: tuple[Named, ...]
    args: Any
    kwargs: dict[str, Any]
    module: Any = None

    def argument(self, position: int, *names: str) -> Any:
        """Return an argument by its position or by one of its names; None where it was not given."""
        if len(self.args) > position:
            return self.args[position]
        return next((self.kwargs[name] for name in names if name in self.kwargs), None)


def remember(error: BaseException | None, failed: Failed) -> None:
    """Note on an exception which operation raised it: what the operation was given lives no longer than the exception."""
    if error is not None:
        vars(error).setdefault(_FAILED, failed)


class Step(NamedTuple):
    """One frame of a traceback: `place` in the learner's own files, None in a library."""

    frame: FrameType
    place: Place | None

    @property
    def name(self) -> str:
        """The module and the function, such as `torchtext.data.field.numericalize`."""
        return f"{self.frame.f_globals.get('__name__', '')}.{self.frame.f_code.co_name}"


class _Moment(NamedTuple):
    """Where a frame was when the exception passed it; the frame itself may have gone on since, to its `finally`."""

    f_code: CodeType
    f_lasti: int
    f_lineno: int


def crash_of(recorder: Recorder, error: BaseException) -> Crash:
    """Return the fact of an exception that left the program; nothing alive is kept, and describing it never raises."""
    crash = Crash(error=type(error).__name__, message=_message(error))
    with recorder.guarded():
        # A loader's pass ends when its iterator is freed, which the traceback still holds: end it here.
        for turns in [turns for turns in reversed(recorder.loops) if not turns.by_hand]:
            recorder.end_loop(turns)
    with recorder.guarded():
        steps = _steps(recorder, error)
        crash = msgspec.structs.replace(
            crash, place=_place(recorder, error, steps), through=_through(steps), values=_causes(recorder, error)
        )
        _keep_sources(recorder, crash, error)
    with recorder.guarded():
        return _described(recorder, error, crash)
    return crash


def chain(error: BaseException) -> list[BaseException]:
    """Return an exception and those that led to it, the last raised first."""
    found: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in found and len(found) <= _CAUSES:
        found.append(one)
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return found


def _message(error: BaseException) -> str:
    try:
        return str(error)[:_LETTERS]
    except Exception:
        return ""  # the learner's own exception may not know how to say itself


# --- where ---------------------------------------------------------------------------------------------------------


def _steps(recorder: Recorder, error: BaseException) -> list[Step]:
    """Return the frames that an exception passed, outermost first."""
    return [
        Step(one.tb_frame, _place_of(recorder, one) if _is_learners(recorder, one.tb_frame) else None)
        for one in _walk(error.__traceback__)
    ]


def _walk(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _is_learners(recorder: Recorder, frame: FrameType) -> bool:
    return recorder.places.kind(frame.f_code.co_filename) == "learner"


def _place_of(recorder: Recorder, one: TracebackType) -> Place:
    moment = _Moment(one.tb_frame.f_code, one.tb_lasti, one.tb_lineno)
    place = recorder.places.place(cast(FrameType, moment))
    return sources.told_span(recorder.places.text(sources.key_of(place)), place)


def _place(recorder: Recorder, error: BaseException, steps: list[Step]) -> Place | None:
    """Return the learner's innermost place; a file that Python could not read has one as well."""
    if isinstance(error, SyntaxError) and (place := _place_of_syntax(recorder, error)) is not None:
        return place
    places = [step.place for step in steps if step.place is not None]
    return places[-1] if places else None


def _place_of_syntax(recorder: Recorder, error: SyntaxError) -> Place | None:
    """Return where the learner's file cannot be parsed: no line of it ever ran."""
    if not error.filename or not error.lineno or recorder.places.kind(error.filename) != "learner":
        return None
    file, cell = sources.file_and_cell(error.filename)
    column, end = max(0, (error.offset or 1) - 1), max(0, (error.end_offset or 0) - 1)
    return Place(file, error.lineno, column, error.end_lineno or error.lineno, end, cell)


def _through(steps: list[Step]) -> tuple[Place, ...]:
    """Return the learner's calls that led to the last place, outermost first; of a deep recursion its two ends."""
    calls = [step.place for step in steps if step.place is not None][:-1]
    return tuple(calls if len(calls) <= _CALLS else [*calls[: _CALLS // 2], *calls[-_CALLS // 2 :]])


def _causes(recorder: Recorder, error: BaseException) -> dict[str, Any]:
    """Note the exceptions that led to this one: `raise ... from error`, or another one on the way."""
    causes = [
        {
            "error": type(one).__name__,
            "message": _message(one),
            "place": msgspec.to_builtins(_place(recorder, one, _steps(recorder, one))),
        }
        for one in chain(error)[1:]
    ]
    return {"causes": causes} if causes else {}


def _keep_sources(recorder: Recorder, crash: Crash, error: BaseException) -> None:
    """Keep the source of every file that the way to the error leads through."""
    places = [*crash.through, *(_place(recorder, one, _steps(recorder, one)) for one in chain(error))]
    for key in dict.fromkeys(sources.key_of(place) for place in places if place is not None):
        recorder.record.add_source(key, recorder.places.text(key))


# --- what ----------------------------------------------------------------------------------------------------------


def _described(recorder: Recorder, error: BaseException, crash: Crash) -> Crash:
    """Add what the operation was given, its weights, the variables of the learner's line, and what was measured of them."""
    from rnnlab.watching.causes import measured_of

    telling, steps, failed = _telling(recorder, error)
    mine = next((step for step in reversed(steps) if step.place is not None), None)
    values = {**crash.values, **measured_of(telling, steps, failed)}
    described = msgspec.structs.replace(
        crash,
        variables=_variables(recorder, mine) if mine is not None else (),
        inputs=_given(recorder, telling, mine),
        values=values,
    )
    if failed is None:
        return described
    # Not before: it imports torch, which this program may do without.
    from rnnlab.watching.measuring import tensors_and_packs

    given = tensors_and_packs(failed.args, failed.kwargs)
    inputs = failed.inputs or tuple(Named("", recorder.note(value)) for value in given)
    return msgspec.structs.replace(
        described,
        stage=failed.operation.stage,
        what=failed.operation.name,
        layer=_layer(failed.module),
        inputs=_settled(inputs),
        parameters=_parameters(recorder, failed),
    )


def _telling(recorder: Recorder, error: BaseException) -> tuple[BaseException, list[Step], Failed | None]:
    """Return the exception of the chain that an operation raised, its frames, and the operation."""
    failed = [(one, vars(one).pop(_FAILED, None)) for one in chain(error)]
    one, operation = next(((one, operation) for one, operation in failed if operation is not None), (error, None))
    return one, _steps(recorder, one), operation


def _settled(items: tuple[Named, ...]) -> tuple[Named, ...]:
    return tuple(Named(item.name, settled(item.note)) for item in items)


def _layer(module: Any) -> str | None:
    if module is None:
        return None
    from rnnlab.watching.layers import described

    return described(module)


# The axes of the weights that a layer of this operation holds.
_WEIGHTS = {
    ("linear", "weight"): ("out_features", "in_features"),
    ("linear", "bias"): ("out_features",),
    ("embedding", "weight"): ("num_embeddings", "emb"),
}


def _parameters(recorder: Recorder, failed: Failed) -> tuple[Named, ...]:
    """Note the weights of a layer, or those that a functional call was given."""
    torch = sys.modules.get("torch")
    if failed.module is not None:
        found = list(failed.module.named_parameters(recurse=False))
    elif torch is not None:
        words = ("input", "weight", "bias") if failed.operation.name in {"linear", "embedding"} else ()
        found = [
            (words[i] if i < len(words) else "", value)
            for i, value in enumerate(failed.args)
            if isinstance(value, torch.nn.Parameter)
        ]
    else:
        return ()
    return tuple(Named(name, _weight(recorder, failed.operation.name, name, value)) for name, value in found[:12])


def _weight(recorder: Recorder, operation: str, name: str, value: Any) -> Note:
    note = recorder.note(value)
    axes = _WEIGHTS.get((operation, name), ())
    # The functional embedding takes its ids first and its table second.
    if operation == "embedding" and len(getattr(note, "shape", ())) == 2:
        axes = _WEIGHTS["embedding", "weight"]
    if isinstance(note, TensorNote) and note.shape is not None and len(axes) == len(note.shape):
        return msgspec.structs.replace(note, axes=tuple(Axis(axis, "declared") for axis in axes))
    return settled(note)


# --- the learner's variables -----------------------------------------------------------------------------------------


def _given(recorder: Recorder, error: BaseException, mine: Step | None) -> tuple[Named, ...]:
    """Note the object that lacks an attribute: for that error it is what the line worked on."""
    held = getattr(error, "obj", None)
    if not isinstance(error, AttributeError) or held is None or isinstance(held, ModuleType):
        return ()
    words = _words(recorder, mine) if mine is not None else ()
    frame = mine.frame if mine is not None else None
    name = next((word for word in words if frame is not None and look_up(frame, word) is held), "")
    return _settled((Named(name, note_of(recorder, held)),))


def _words(recorder: Recorder, step: Step) -> tuple[str, ...]:
    if step.place is None:
        return ()
    text = recorder.places.text(sources.key_of(step.place))
    return sources.words(text, step.place.line, step.place.end_line or step.place.line)


def _variables(recorder: Recorder, step: Step) -> tuple[Named, ...]:
    """Note what the learner's line speaks of, then the tensors and numbers that its function and its model hold."""
    frame = step.frame
    found: dict[str, Any] = {}
    for word in _words(recorder, step):
        if (value := look_up(frame, word)) is not NOTHING and not _is_code(value):
            found[word] = value
    owner = frame.f_locals.get("self")
    held = getattr(owner, "__dict__", {}) if _is_module(owner) else {}
    quiet: list[tuple[str, Any]] = [
        *frame.f_locals.items(),
        *((f"self.{name}", value) for name, value in held.items() if not name.startswith("_")),
        *((name, frame.f_globals[name]) for name in frame.f_code.co_names if name in frame.f_globals),
    ]
    for name, value in quiet[:2000]:
        if is_size(value) or _is_tensor_like(recorder.note(value)):
            found.setdefault(name, value)
    notes = ((name, note_of(recorder, value)) for name, value in list(found.items())[:_VARIABLES])
    return _settled(tuple(Named(name, note) for name, note in notes))


def is_size(value: Any) -> bool:
    """Say whether a value may be a size: a whole number, and no truth value."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_code(value: Any) -> bool:
    return isinstance(value, ModuleType) or (callable(value) and not _is_module(value) and not hasattr(value, "vocab"))


def _is_module(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.nn.Module)


def _is_tensor_like(note: Note) -> bool:
    return isinstance(note, PackedNote) or bool(tensors(note))


def note_of(recorder: Recorder, value: Any) -> Note:
    """Describe a value; what holds other things says how many and of which types."""
    note = recorder.note(value)
    if isinstance(note, ValueNote) and isinstance(value, tuple | list) and value:
        kinds = ", ".join(dict.fromkeys(type(item).__name__ for item in value[:8]))
        return ValueNote(note.type, f"{len(value)} × {kinds}")
    return note
