"""The stepper's screen: where we are, the source with the current span lit, the variables, and what this row did.

It is a function of a timeline, a position and the size of the terminal; the keys are `rnnlab.verbs.travel`'s.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.panel import Panel
from rich.segment import Segment
from rich.syntax import Syntax
from rich.text import Text

from rnnlab.facts import Crash, GroupNote, Note, PackedNote, Place, TensorNote
from rnnlab.timeline import Timeline, Variable
from rnnlab.views.crashes import crash_view
from rnnlab.views.findings import LEVEL_STYLES
from rnnlab.views.peeks import grid
from rnnlab.views.rows import row_lines, row_title, value_lines, variable_text
from rnnlab.views.shapes import axes_text, note_text, packed_text

KEYS = (
    ("n", "next"), ("b", "back"), ("i", "into"), ("o", "out"), ("s", "over"), ("g", "line"), ("c", "change"),
    ("f", "finding"), ("t", "stage"), ("/", "search"), ("v", "values"), ("?", "help"), ("q", "quit"),
)  # fmt: skip
_DISPENSABLE = "/tgcvfsoi"  # which keys go first where the line is too short; the help names all
HELP = (
    ("n  Enter  →", "the next row, into whatever begins here"),
    ("b  ←", "the row before"),
    ("i  o", "into what begins here; out of what is around this row"),
    ("s  ↓", "over: skip what is inside, go to its end"),
    ("g", "to a line: 61, or train.py:61"),
    ("c  C", "to the next row that changes a variable; to the one before"),
    ("f  F", "to the next finding; to the one before"),
    ("t", "to a stage, by its name or number"),
    ("/", "to the next row whose source holds a text; the same again with Enter"),
    ("v", "the values of this row's result, if they were recorded"),
    ("Home  End", "the first row; the last one"),
    ("q", "quit; nothing is lost, the record stays as it is"),
)
_LEAST = (40, 12)  # columns and lines below which nothing can be shown
_SPAN = "bold white on blue"


@dataclass(frozen=True)
class Screen:
    """One screen. `found` are the findings of this row, `message` and `prompt` fill the line above the keys.

    Args:
        size: columns and lines; those of the console without it.
    """

    timeline: Timeline
    n: int
    values: bool = False
    message: str = ""
    prompt: str | None = None
    found: Sequence[tuple[Any, Any]] = ()
    help: bool = False
    size: tuple[int, int] | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width, height = self.size or (options.max_width, options.height or console.height)
        if width < _LEAST[0] or height < _LEAST[1]:
            yield Text(f"this terminal has {width} × {height} characters; the stepper needs {_LEAST[0]} × {_LEAST[1]}")
            return
        middle = (
            self._help(console, options, width, height - 4)
            if self.help
            else self._body(console, options, width, height - 4)
        )
        lines = [*self._head(console, options, width), *middle, *self._foot(console, options, width)]
        for i, line in enumerate(lines[:height]):
            yield from line
            if i + 1 < min(height, len(lines)):
                yield Segment.line()

    # --- head and foot -------------------------------------------------------------------------------------------

    def _head(self, console: Console, options: ConsoleOptions, width: int) -> list[list[Segment]]:
        timeline = self.timeline
        row, rows = timeline.row(self.n) + 1, len(timeline)
        count = f"row {row:,} of {rows:,}" + ("" if timeline.record.is_complete else " · cut")
        program = Path(timeline.record.header.program).name or "a program"
        left = Text(f" {program}", style="bold", no_wrap=True)
        stage = timeline.stage(self.n)
        if stage:
            left.append(" · ", style="dim").append(stage, style="bold cyan")
        stack = [around.label for around in timeline.stack(self.n)]
        room = width - cell_len(left.plain) - cell_len(count) - 6
        while stack and cell_len(" → ".join(stack)) > room:
            stack = ["…", *stack[2:]] if stack[0] == "…" else ["…", *stack[1:]]
            if stack == ["…"]:
                break
        if stack:
            left.append(" · ", style="dim").append(" → ".join(stack))
        left.truncate(max(1, width - cell_len(count) - 2), overflow="ellipsis")
        gap = " " * max(1, width - cell_len(left.plain) - cell_len(count) - 1)
        done = round(width * row / max(1, rows))
        progress = Text("━" * done, style="cyan", no_wrap=True).append("─" * (width - done), style="dim")
        return _lines(console, options, [left.append(gap).append(count, style="dim"), progress], width)

    def _foot(self, console: Console, options: ConsoleOptions, width: int) -> list[list[Segment]]:
        if self.prompt is not None:
            said = Text(f" {self.prompt}", style="bold").append("▏", style="bold cyan")
        else:
            said = Text(f" {self.message}", style="yellow")
        said.truncate(width, overflow="ellipsis")
        keys = Text(" ", no_wrap=True)
        for key, word in _KEYS_WHILE_ASKING if self.prompt is not None else _fitting(width):
            keys.append(key, style="bold cyan").append(f" {word}  ", style="dim")
        keys.truncate(width)
        return _lines(console, options, [said, keys], width)

    def _help(self, console: Console, options: ConsoleOptions, width: int, height: int) -> list[list[Segment]]:
        shown = grid(padding=(0, 2, 0, 0))
        for keys, word in HELP:
            shown.add_row(Text(keys, style="bold cyan"), Text(word))
        return _boxed(console, options, shown, "the keys", width, height)

    # --- source, variables, row ----------------------------------------------------------------------------------

    def _body(self, console: Console, options: ConsoleOptions, width: int, height: int) -> list[list[Segment]]:
        did = self._did(console, options, width, height - max(5, height // 3 if self.values else 2 * height // 5))
        above = height - len(did)
        left = width * 11 // 20 if width >= 100 else width // 2
        plain = console.no_color or console.color_system is None
        source = _Source(self.timeline, self.n, left - 4, above - 2, plain)
        code = _boxed(console, options, Group(*source.lines()), source.title(), left, above)
        held = _boxed(
            console, options, Group(*self._variables(width - left - 4, above - 2)), "variables", width - left, above
        )
        return [one + other for one, other in zip(code, held, strict=True)] + did

    def _did(self, console: Console, options: ConsoleOptions, width: int, most: int) -> list[list[Segment]]:
        """The box of this row, in at most so many lines; what does not fit is counted."""
        fact = self.timeline.fact(self.n)
        if isinstance(fact, Crash) and not self.values:
            crash = crash_view(self.timeline.record, fact, listing=False)
            if crash is not None:
                return _cut(_lines(console, options, [crash], width), most, console, options, width)
        lines = _cut(_lines(console, options, self._deeds(), width - 4), max(2, most - 2), console, options, width - 4)
        style = "red" if isinstance(fact, Crash) else "cyan"
        return _boxed(console, options, _Ready(lines), row_title(fact), width, len(lines) + 2, style)

    def _deeds(self) -> list[RenderableType]:
        """What this row did, its findings, and its values where they are asked for."""
        fact = self.timeline.fact(self.n)
        lines: list[RenderableType] = []
        for outcome, finding in self.found:
            level = outcome.level(finding)
            lines.append(
                Text.assemble((f"{level} ", LEVEL_STYLES[level]), (outcome.rule.name, "bold"), f"  {finding.message}")
            )
        lines += row_lines(fact)
        return [*lines, Text("values", style="bold"), *value_lines(fact)] if self.values else lines

    def _variables(self, width: int, height: int) -> list[Text]:
        shown: list[Text] = []
        heads: list[int] = []
        wanted = 0
        for variable in self.timeline.variables(self.n):
            heads.append(len(shown))
            shown.extend(_variable(variable, width))
            if variable.seen == self.n:
                wanted = len(shown)
        if not shown:
            return [Text("nothing was seen here yet", style="dim")]
        return _scrolled(shown, heads, wanted or len(shown), height)


_KEYS_WHILE_ASKING = (("Enter", "go"), ("Esc", "leave it"))


def _fitting(width: int) -> list[tuple[str, str]]:
    """The keys that fit in one line."""
    chosen = list(KEYS)
    for key in _DISPENSABLE:
        if sum(len(key) + len(word) + 3 for key, word in chosen) <= width:
            break
        chosen = [one for one in chosen if one[0] != key]
    return chosen


def _variable(variable: Variable, width: int) -> list[Text]:
    """A variable in one line, or its name and what it holds in lines of their own."""
    mark = Text("● " if variable.changed else "  ", style="bold green")
    whole = Text.assemble(mark, variable_text(variable.name, variable.note))
    if cell_len(whole.plain) <= width:
        return [whole]
    lines = [
        Text.assemble(mark, (variable.name, "bold")),
        *(Text.assemble("    ", one) for one in _held(variable.note, width - 4)),
    ]
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return lines


def _held(note: Note | None, width: int) -> list[Text]:
    """What a variable holds, in as many lines as it takes; the type of the numbers goes first where it is too long."""
    if isinstance(note, GroupNote):
        return [line for item in note.items for line in _held(item.note, width)]
    if isinstance(note, TensorNote) and cell_len(note_text("", note).plain) > width:
        return [axes_text(note.shape, note.axes)]
    if isinstance(note, PackedNote):
        whole = packed_text(note)
        return (
            [whole[: whole.plain.index(" from ")], whole[whole.plain.index("(") :]]
            if note.tokens is not None
            else [whole]
        )
    return [variable_text("", note)]


def _scrolled(lines: list[Text], heads: list[int], wanted: int, height: int) -> list[Text]:
    """The variables that fit, among them the one that ends before `wanted`; what is cut is counted.

    Args:
        heads: which of the lines a variable begins with.
    """
    if len(lines) <= height:
        return lines
    last = min(max(wanted + 1, height), len(lines))  # a line more, to say how many follow
    first = next((head for head in heads if head >= last - height + 1), heads[-1]) if last > height else 0
    shown = lines[first:last]
    if first:
        shown = [Text(f"  ↑ {heads.index(first)} more", style="dim"), *shown[: height - 1]]
    if last < len(lines):
        after = sum(head >= last - 1 for head in heads)
        shown[-1] = Text(f"  ↓ {after} more" if after else "  ↓", style="dim")
    return shown


# --- the source ------------------------------------------------------------------------------------------------------


class _Source:
    """The lines around a row; the row's span is lit, what is around it steps back."""

    def __init__(self, timeline: Timeline, n: int, width: int, height: int, plain: bool) -> None:
        place = timeline.span(n)
        self.text = timeline.record.text_of(place) if place is not None else ""
        self.place = _without_tabs(place, self.text) if place is not None and "\t" in self.text else place
        self.width, self.height, self.plain = width, height, plain

    def title(self) -> Text:
        if self.place is None:
            return Text("no place in the source")
        cell = f" · cell {self.place.cell}" if self.place.cell is not None else ""
        return Text.assemble((Path(self.place.file).name, "bold"), cell)

    def lines(self) -> list[Text]:
        if self.place is None:
            return [Text("this row stands in no line of yours", style="dim")]
        code = _split(self.text)
        if not 0 < self.place.line <= len(code):
            return [Text(f"line {self.place.line}: its source was not kept", style="dim")]
        last = min(max(self.place.line, self.place.end_line), len(code))
        lit = range(self.place.line, last + 1)
        first = max(1, min(lit[0] - max(1, (self.height - len(lit)) * 2 // 5), len(code) - self.height + 1))
        digits = len(str(min(len(code), first + self.height)))
        room = self.width - digits - 3
        window = code[first - 1 : first - 1 + self.height]
        # What is blank in all of them can go; what is left keeps its indentation, and with it its meaning.
        blank = min((_indent(line) for line in window if line.strip()), default=0)
        blank = blank if max(map(len, window)) > room else 0
        shift = max(blank, _shift(code, self.place, lit, room + blank))
        shown: list[Text] = []
        for number in range(first, len(code) + 1):
            line = code[number - 1]
            cut = shift if number in lit else blank
            shown.append(self._line(line, number, number in lit, digits, room, cut, blank))
            if self.plain and number == last:
                shown.append(self._underline(line, last, digits, cut))
        return shown[: self.height]

    def _line(self, code: str, number: int, lit: bool, digits: int, room: int, cut: int, blank: int) -> Text:
        line = Text("▶ " if lit else "  ", style="bold cyan" if lit else "dim", no_wrap=True)
        line.append(f"{number:>{digits}} ", style="not dim bold" if lit else "dim")
        shown = _coloured(code) if lit else Text(code, style="dim")
        if lit and not self.plain:
            shown.stylize(_SPAN, *self._span(code, number))
        if code[:cut].strip() or cut > blank:
            shown = Text("…", style="dim").append_text(shown[cut + 1 :])
        elif cut:
            shown = shown[cut:]
        shown.truncate(room, overflow="ellipsis")
        return line.append_text(shown)

    def _underline(self, code: str, number: int, digits: int, cut: int) -> Text:
        """Where there are no colours, marks beneath the span."""
        start, end = self._span(code, number)
        return Text(" " * (digits + 3 + max(0, start - cut)) + "^" * max(1, end - max(start, cut)), no_wrap=True)

    def _span(self, code: str, number: int) -> tuple[int, int]:
        """The columns that a line has of the span."""
        assert self.place is not None
        indent, end = _indent(code), len(code.rstrip())
        if not self.place.end_column:
            return indent, end
        start = self.place.column if number == self.place.line else indent
        stop = self.place.end_column if number == max(self.place.line, self.place.end_line) else end
        return min(start, end), min(max(stop, start), end)


def _shift(code: list[str], place: Place, lit: range, room: int) -> int:
    """How many columns to leave out on the left, so that as much of the span as fits can be seen."""
    end = max(place.end_column if number == place.end_line else len(code[number - 1]) for number in lit)
    start = min([place.column, *(_indent(code[number - 1]) for number in lit[1:])])
    return 0 if end <= room else min(start, end - room + 1)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


@functools.lru_cache(maxsize=16)
def _split(text: str) -> list[str]:
    return [line.expandtabs(_TAB) if "\t" in line else line for line in text.splitlines()]


_TAB = 4


def _without_tabs(place: Place, text: str) -> Place:
    """The place as it stands where tabs are drawn as spaces."""
    lines = text.splitlines()

    def column(line: int, column: int) -> int:
        return len(lines[line - 1][:column].expandtabs(_TAB)) if 0 < line <= len(lines) else column

    start, end = column(place.line, place.column), column(max(place.line, place.end_line), place.end_column)
    return Place(place.file, place.line, start, place.end_line, end, place.cell)


@functools.lru_cache(maxsize=512)
def _highlighted(code: str) -> Text:
    shown = Syntax("", "python", theme="ansi_dark", background_color="default").highlight(code)
    shown.rstrip()
    return shown


def _coloured(code: str) -> Text:
    return _highlighted(code).copy()


# --- lines of segments -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Ready:
    """Lines that are rendered already."""

    lines: list[list[Segment]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.lines:
            yield from line
            yield Segment.line()


def _cut(
    lines: list[list[Segment]], most: int, console: Console, options: ConsoleOptions, width: int
) -> list[list[Segment]]:
    if len(lines) <= most:
        return lines
    hidden = Text(f"… {len(lines) - most + 1} more lines", style="dim")
    return lines[: most - 1] + _lines(console, options, [hidden], width)


def _lines(
    console: Console, options: ConsoleOptions, parts: Iterable[RenderableType], width: int
) -> list[list[Segment]]:
    return console.render_lines(Group(*parts), options.update(width=width, height=None), pad=True)


def _boxed(
    console: Console,
    options: ConsoleOptions,
    content: RenderableType,
    title: Text | str,
    width: int,
    height: int,
    style: str = "dim",
) -> list[list[Segment]]:
    panel = Panel(
        content, title=title if isinstance(title, Text) else Text(title), title_align="left", box=box.ROUNDED,
        border_style=style, width=width, height=height, padding=(0, 1),
    )  # fmt: skip
    return console.render_lines(panel, options.update(width=width, height=height), pad=True)
