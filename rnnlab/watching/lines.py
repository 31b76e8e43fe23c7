"""Watches line by line what changes among the variables that are no tensors, by Python's own tracing (`--lines`).

Only plain values are written out; of anything else its type is told, so that no `__repr__` of the learner's or of a library
runs. A debugger or a coverage tool uses the same place in Python: where one is there already, it stays.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, MethodType, ModuleType
from typing import Any

from rnnlab.facts import Gap, Locals, Named, ValueNote
from rnnlab.watching.recorder import Recorder

_DIFFERENT = 5  # so many different changes of a line are told one by one, then the last of them with its count
_VARIABLES = 40
_SCALARS = (bool, int, float, complex, str, bytes, type(None))
_CONTAINERS = (list, tuple, dict, set, frozenset)
_UNTOLD = (ModuleType, FunctionType, BuiltinFunctionType, MethodType, type, CodeType)
_LETTERS = 80


class Lines:
    """The witness of lines; `watching()` switches it on for the thread that runs."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self._seen: dict[tuple[CodeType, int], _Line] = {}

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Trace the learner's files while the block runs; afterwards the tracer that was there before is there again."""
        before = sys.gettrace()
        if before is not None:
            self.recorder.tell(Gap(what="lines", why="a debugger or a coverage tool is tracing this program already"))
            yield
            return
        mine = self._enter
        sys.settrace(mine)
        try:
            yield
        finally:
            # A program may have begun to trace itself (`breakpoint()`): that is left as it is.
            if sys.gettrace() == mine:
                sys.settrace(before)
            with self.recorder.guarded():
                for code in {code for code, _ in self._seen}:
                    self._tell_counts(code)

    def _enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        code = frame.f_code
        if self.recorder.quiet or self.recorder.places.kind(code.co_filename) != "learner":
            return None
        # Comprehensions have frames of their own (before Python 3.12): their line is told once, by the function around.
        if code.co_name.startswith("<") and code.co_name != "<module>":
            return None
        return _Frame(self, frame).trace

    def _changed(self, code: CodeType, line: int, changed: tuple[Named, ...]) -> None:
        seen = self._seen.get((code, line))
        if seen is None:
            seen = self._seen[code, line] = _Line()
        if changed not in seen.told and len(seen.told) < _DIFFERENT:
            seen.told.add(changed)
            self.recorder.tell(self._fact(code, line, changed))
        else:
            seen.last, seen.times = changed, seen.times + 1

    def _fact(self, code: CodeType, line: int, changed: tuple[Named, ...], times: int = 1) -> Locals:
        name = code.co_qualname
        place = self.recorder.places.line(code.co_filename, line)
        return Locals(place=place, changed=changed, function="" if name == "<module>" else name, times=times)

    def _tell_counts(self, code: CodeType) -> None:
        """Tell of each line's last change, and of how many came between it and those that were told."""
        for (owner, line), seen in self._seen.items():
            if owner is code and seen.last is not None:
                self.recorder.tell(self._fact(code, line, seen.last, seen.times))
                seen.last, seen.times = None, 0


class _Line:
    """What one line changed so far."""

    __slots__ = ("last", "times", "told")

    def __init__(self) -> None:
        self.told: set[tuple[Named, ...]] = set()
        self.last: tuple[Named, ...] | None = None
        self.times = 0


class _Frame:
    """One running function: its variables as they were after the line before."""

    def __init__(self, lines: Lines, frame: FrameType) -> None:
        self.lines = lines
        self.line = frame.f_lineno
        self.before: dict[str, Any] = {}
        with lines.recorder.guarded():
            self.before = _plain(frame)

    def trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        """Called by Python before each line, and when the function ends."""
        recorder = self.lines.recorder
        if recorder.quiet or event not in ("line", "return"):
            return self.trace
        with recorder.guarded():
            now = _plain(frame)
            changed = [name for name, value in now.items() if self.before.get(name) != value]
            if changed:
                self.before = now
                notes = tuple(Named(name, _note(*now[name])) for name in changed[:_VARIABLES])
                self.lines._changed(frame.f_code, self.line, notes)
        self.line = frame.f_lineno
        return self.trace


def _plain(frame: FrameType) -> dict[str, tuple[Any, ...]]:
    """Return what tells the variables of a frame apart from what they were: their type, and their value or identity."""
    torch = sys.modules.get("torch")
    untold = _UNTOLD if torch is None else (*_UNTOLD, torch.Tensor, torch.nn.Module)
    found: dict[str, tuple[Any, ...]] = {}
    for name, value in list(frame.f_locals.items()):
        kind = type(value)
        if name.startswith("__") or issubclass(kind, untold):
            continue
        if kind in _SCALARS:
            found[name] = (kind, _short(value))
        elif kind in _CONTAINERS:
            found[name] = (kind, f"{len(value)} items" if len(value) != 1 else "1 item")
        else:
            found[name] = (kind, "", id(value))
    return found


def _short(value: Any) -> str:
    if isinstance(value, str | bytes) and len(value) > _LETTERS:
        return f"{value[: _LETTERS - 1]!r}…"
    if type(value) is int and value.bit_length() > 256:  # Python refuses to write very long ones
        return f"{value.bit_length()} bits"
    return repr(value)


def _note(kind: type, text: str, *_identity: int) -> ValueNote:
    return ValueNote(kind.__name__, text)
