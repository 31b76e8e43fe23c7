"""Draws the program's own crash: the learner's line with its span marked, what happened there, what it means, what to write."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

from rich import box
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.syntax import Syntax
from rich.text import Text

from rnnlab import sources
from rnnlab.errors import Explanation, explain
from rnnlab.facts import Crash, Place
from rnnlab.record import Record
from rnnlab.views.peeks import grid
from rnnlab.views.shapes import axis_style

_BEFORE, _AFTER = 3, 1
_LETTERS, _LINES = 500, 6
_WAY = 4
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# What is lit in a sentence: code between backticks, and sizes with the name of their axis.
_CODE = re.compile(r"`([^`]+)`")
_SIZE = re.compile(r"(?<![\w.])((?:\d\*)?[a-z]\w*(?:[*+]\w+)*)=\d[\d,]*")


def crash_view(record: Record, crash: Crash | None = None, *, listing: bool = True) -> RenderableType | None:
    """Return the program's own crash, explained at its own line (of a notebook, each failed cell's); None where none was.

    Args:
        crash: which one; all of them otherwise.
        listing: whether to show the lines around it as well; a view that shows the source beside it needs none.
    """
    panels = [_panel(record, crash, listing) for crash in ([crash] if crash is not None else record.ask(Crash))]
    return Group(*panels) if len(panels) > 1 else panels[0] if panels else None


def _panel(record: Record, crash: Crash, listing: bool) -> Panel:
    found = explain(record, crash)
    place = (found.place if found is not None else None) or crash.place
    parts: list[RenderableType] = []
    if place is not None and (lines := _listing(record, place, found)) is not None and listing:
        parts += [lines, Text("")]
    elif place is not None:
        parts += [Text.assemble((f"{_where(place)}  ", "dim"), record.line(place)), Text("")]
    parts.extend(_said(crash))
    if found is not None:
        parts += [Text(""), _explanation(found)]
    if way := _way(record, crash, place):
        parts += [Text(""), way]
    # The later cells of a notebook have run all the same.
    stopped = (
        "the program stopped" if crash.place is None or crash.place.cell is None else f"cell {crash.place.cell} stopped"
    )
    title = Text.assemble((f"✗ {stopped}", "bold red"), *([(f"  {_where(place)}", "dim")] if place else []))
    return Panel(
        Group(*parts), title=title, title_align="left", border_style="red", box=box.ROUNDED, padding=(1, 2),
        subtitle=Text(found.name, "dim") if found is not None and found.name else None, subtitle_align="right",
    )  # fmt: skip


def _where(place: Place) -> str:
    """Return `model.py:13`, or `lesson.ipynb, cell 3, line 2`."""
    name = Path(place.file).name
    return f"{name}:{place.line}" if place.cell is None else f"{name}, cell {place.cell}, line {place.line}"


# --- the code ------------------------------------------------------------------------------------------------------


def _listing(record: Record, place: Place, found: Explanation | None) -> RenderableType | None:
    """The lines around a place, numbered: its own bright, marks under its span, a dot before those that led to it."""
    text = record.text_of(place)
    lines = text.splitlines()
    if not 0 < place.line <= len(lines):
        return None
    first, last, beyond = _range(text, lines, place)
    led = {n for one in _evidence(record, found) if sources.key_of(one) == sources.key_of(place) for n in (one.line,)}
    block = [line.expandtabs(4) for line in lines[first - 1 : beyond]]
    shown = textwrap.dedent("\n".join(block)).splitlines()
    rows = grid(padding=(0, 1, 0, 0))
    for n, (whole, line) in enumerate(zip(block, shown, strict=False), first):
        here = place.line <= n <= last
        mark = Text("▶" if n == place.line else "·" if n in led else " ", "bold red" if here else "bold yellow")
        rows.add_row(mark, Text(f"{n}", "" if here or n in led else "dim"), _line(line, here or n in led))
        if here and (marks := _marks(place, lines[n - 1], len(whole) - len(line))):
            rows.add_row("", "", Text(marks, "bold red", no_wrap=True, overflow="crop"))
    return rows


def _range(text: str, lines: list[str], place: Place) -> tuple[int, int, int]:
    """Return the first line to show, the last one of the place and the last one to show; all in one function."""
    last = min(len(lines), max(place.line, place.end_line))
    begin, end = sources.function_around(text, place.line) or (1, len(lines))
    first, beyond = max(begin, place.line - _BEFORE), max(last, min(end, last + _AFTER))
    while first < place.line and not lines[first - 1].strip():
        first += 1
    while beyond > last and not lines[beyond - 1].strip():
        beyond -= 1
    return first, last, beyond


def _evidence(record: Record, found: Explanation | None) -> list[Place]:
    facts = [record.fact(n) for n in found.evidence if 0 <= n < len(record)] if found is not None else []
    return [fact.place for fact in facts if fact.place is not None]


def _line(text: str, bright: bool) -> Text:
    code = Syntax(text, "python", theme="ansi_dark", background_color="default")
    shown = code.highlight(text) if bright else Text(text, "dim")
    shown.rstrip()
    shown.no_wrap, shown.overflow = True, "ellipsis"
    return shown


def _marks(place: Place, line: str, dropped: int) -> str:
    """Return the carets under a span that stands on one line; "" under any other, and where the columns are unknown."""
    if not place.end_column or place.end_line not in (0, place.line):
        return ""
    before, span = line[: place.column].expandtabs(4)[dropped:], line[place.column : place.end_column]
    return " " * cell_len(before) + "^" * cell_len(span)


# --- the words -----------------------------------------------------------------------------------------------------


def _said(crash: Crash) -> Iterator[Text]:
    """The error's own text, in a few lines, and what led to it."""
    message = _ESCAPES.sub("", crash.message).strip()
    short = message[:_LETTERS].splitlines()[:_LINES]
    more = len("\n".join(short)) < len(message)
    yield Text.assemble((crash.error, "bold red"), (": " if short else ""), "\n".join(short), " …" if more else "")
    for cause in crash.values.get("causes", ())[:2] if isinstance(crash.values.get("causes"), list | tuple) else ():
        if isinstance(cause, dict) and cause.get("message") != crash.message:
            first = (str(cause.get("message", "")).splitlines() or [""])[0][:_LETTERS]
            yield Text.assemble(("after ", "dim"), (str(cause.get("error", "")), "red"), (f": {first}", "dim"))


def _explanation(found: Explanation) -> RenderableType:
    rows = grid(padding=(0, 2, 0, 0))
    rows.add_column(no_wrap=True)
    rows.add_column()
    for head, text in found.parts():
        if text:
            rows.add_row(Text(head, "bold green" if text == found.next_step else "bold"), sentence(text))
    return rows


def sentence(text: str) -> Text:
    """Return a sentence with its code lit, and each axis name in the axis' own colour."""
    shown = Text(text)
    for match in _SIZE.finditer(text):
        if (style := axis_style(match[1])) != "default":
            shown.stylize(style, match.start(1), match.end(1))
    for match in _CODE.finditer(text):
        shown.stylize("bold", match.start(1), match.end(1))
        shown.stylize("dim", match.start(), match.start(1))
        shown.stylize("dim", match.end(1), match.end())
    return shown


def _way(record: Record, crash: Crash, place: Place | None) -> Text | None:
    """The learner's calls that led here, outermost first; None where the line stands in no function."""
    calls = [one for one in crash.through if one != place]
    if not calls:
        return None
    text = Text("came through ", style="dim")
    text.append("… → " if len(calls) > _WAY else "", "dim")
    for i, call in enumerate(calls[-_WAY:]):
        source = " ".join(sources.cut(record.text_of(call), call).split())
        text.append(" → " if i else "", "dim").append(f"{_where(call)} ", "dim")
        text.append(source if len(source) <= 36 else source[:35] + "…")
    return text
