"""Where in the learner's source something happened: from a running frame to a place, its operands and its variables."""

from __future__ import annotations

import functools
import linecache
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import rnnlab
from rnnlab import sources
from rnnlab.facts import Place

_PACKAGE = Path(rnnlab.__file__).absolute().parent
# Frames that torch puts around its own Python functions.
_WRAPPERS = {
    "_no_grad_wrapper",
    "wrapper",
    "decorate_context",
    "wrapped",
    "handle_torch_function",
    "__torch_function__",
    "fn",
}
_LIBRARIES = tuple(
    Path(folder).absolute()
    for folder in {
        *(
            path
            for name, path in sysconfig.get_paths().items()
            if name in {"stdlib", "platstdlib", "purelib", "platlib"}
        ),
        *site.getsitepackages(),
        site.getusersitepackages(),
    }
)


class Places:
    """Finds the learner's frames and turns them into places.

    Args:
        also: folders or files inside rnnlab that count as the learner's for this recording (the reference pipeline,
            when it is the program that is stepped through).
    """

    def __init__(self, also: Iterable[Path] = ()) -> None:
        self.also = tuple(also)
        self._kinds: dict[str, str] = {}
        self._spans: dict[tuple[CodeType, int], tuple[Place, tuple[int, int, int, int]]] = {}
        self.texts: dict[str, str] = {}

    def kind(self, file: str) -> str:
        """Say whose a file is: `learner`, `torch`, `library`, or `ours` (a wrapper of rnnlab, to be looked through)."""
        known = self._kinds.get(file)
        if known is None:
            known = self._kinds[file] = self._kind(file)
        return known

    def _kind(self, file: str) -> str:
        if self.also and any(Path(file).absolute().is_relative_to(folder) for folder in self.also):
            return "learner"
        return _owner(file)

    def learner(self, frame: FrameType | None) -> FrameType | None:
        """Return the nearest frame of the learner's, from `frame` outwards."""
        while frame is not None and self.kind(frame.f_code.co_filename) != "learner":
            frame = frame.f_back
        return frame

    def caller(self, frame: FrameType | None) -> tuple[FrameType | None, FrameType | None]:
        """Return the learner's frame if it called torch directly, and the torch function just beneath it, if any.

        A call that another library made on the learner's behalf (a loader building its batch) gives (None, None).
        """
        beneath = None
        while frame is not None:
            kind = self.kind(frame.f_code.co_filename)
            if kind == "learner":
                return frame, beneath
            if kind == "library":
                return None, None
            if kind == "torch" and frame.f_code.co_name not in _WRAPPERS:
                beneath = frame
            frame = frame.f_back
        return None, None

    def text(self, file: str) -> str:
        """Return a source file's text ("" where there is none)."""
        if file not in self.texts:
            self.texts[file] = "".join(linecache.getlines(file))
        return self.texts[file]

    def place(self, frame: FrameType) -> Place:
        """Return the span of the expression that the frame is running."""
        return self._span(frame)[0]

    def _span(self, frame: FrameType) -> tuple[Place, tuple[int, int, int, int]]:
        key = (frame.f_code, frame.f_lasti)
        if key not in self._spans:
            self._spans[key] = _span_of(*key, frame.f_lineno, self.text(frame.f_code.co_filename))
        return self._spans[key]

    def binds(self, place: Place) -> tuple[str, ...]:
        """Return the variables that the result at a place is assigned to."""
        return sources.binds(self.text(sources.key_of(place)), place)

    def line(self, file: str, line: int) -> Place:
        """Return the place of a whole line; `file` is a code object's, so it may name a notebook's cell."""
        named, cell = sources.file_and_cell(file)
        return Place(named, line, cell=cell)

    def assignment(self, frame: FrameType, name: str) -> Place:
        """Return the place of the latest assignment to a variable above the line that a frame is running."""
        file = frame.f_code.co_filename
        line = sources.assigned_at(self.text(file), name, frame.f_code.co_firstlineno, frame.f_lineno)
        return self.line(file, line or frame.f_lineno)

    def names(self, frame: FrameType, values: list[Any]) -> list[str]:
        """Return the learner's own words for the values that an operation works on.

        A variable is recognised by identity; what is left over takes the source of the operands in order.
        """
        words = list(sources.operands(self.text(frame.f_code.co_filename), self._span(frame)[1]))
        looked_up = {word: look_up(frame, word) for word in words}
        names = [_word_of(value, looked_up) for value in values]
        # What no variable holds was made on the line itself; where it is not plain which word made what, nothing is said.
        rest = [word for word in words if looked_up[word] is NOTHING and not sources.is_literal(word)]
        if len(rest) == names.count(""):
            left = iter(rest)
            names = [name or next(left) for name in names]
        return [name if len(name) <= 40 else name[:37] + "..." for name in names]


@functools.cache
def _owner(file: str) -> str:
    """Say whose a file is by where it lies; asked of every imported module, so each answer is kept."""
    path = Path(file).absolute()
    # Wrappers of ours that stand between the learner's line and what it calls.
    if path in {_PACKAGE / "inspectors.py", _PACKAGE / "watching" / "bridges" / "scalars.py"}:
        return "ours"
    if path.is_relative_to(_PACKAGE) or (file.startswith("<") and not file.startswith("<ipython-input")):
        return "library"
    if any(path.is_relative_to(folder) for folder in _LIBRARIES):
        return "torch" if "torch" in path.parts else "library"
    return "learner"


@functools.lru_cache(maxsize=4096)
def _span_of(code: CodeType, instruction: int, line: int, text: str) -> tuple[Place, tuple[int, int, int, int]]:
    """Return the place of the expression that an instruction belongs to, and its span with columns in bytes."""
    positions = next(islice(code.co_positions(), instruction // 2, None), (None, None, None, None))
    first, last, column, end_column = positions[0] or line, positions[1] or line, positions[2] or 0, positions[3] or 0
    named, cell = sources.file_and_cell(code.co_filename)
    begin, end = sources.characters(text, first, column), sources.characters(text, last, end_column)
    return Place(named, first, begin, last, end, cell), (first, column, last, end_column)


NOTHING = object()


def _word_of(value: Any, looked_up: dict[str, Any]) -> str:
    """Return the variable that is a value, or the list and the place in it; "" where there is none."""
    for word, thing in looked_up.items():
        if thing is value:
            return word
    for word, thing in looked_up.items():
        for i, item in enumerate(thing[:64]) if isinstance(thing, list | tuple) else ():
            if item is value:
                return f"{word}[{i}]"
    return ""


def look_up(frame: FrameType, word: str) -> Any:
    """Return what a name (with attributes of plain instances) stands for, without running any of the learner's code."""
    first, *rest = word.split(".")
    value = frame.f_locals.get(first, frame.f_globals.get(first, NOTHING))
    for attribute in rest:
        if not attribute.isidentifier():
            return NOTHING
        value = getattr(value, "__dict__", {}).get(attribute, NOTHING)
    return value


def outward(frame: FrameType | None) -> Iterator[FrameType]:
    """Walk from a frame to its callers."""
    while frame is not None:
        yield frame
        frame = frame.f_back


def here(depth: int = 1) -> FrameType:
    """Return the frame `depth` calls above this function's caller."""
    return sys._getframe(depth + 1)
