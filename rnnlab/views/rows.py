"""What one row of a record says: the operation, what went in and came out, and what it did, in words and named axes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.segment import Segment
from rich.text import Text

from rnnlab.facts import AnyFact, Call, Crash, Data, Gap, Instead, Locals, Loop, Place, Said, Scope, ValueNote
from rnnlab.timeline import Timeline
from rnnlab.views.peeks import peek
from rnnlab.views.shapes import flow, note_text
from rnnlab.views.words import clause

_SAID = 12  # lines of a printed text that are shown
_NUMBERS = 64  # numbers of a result that are shown
_ARROW = ("  → ", "bold")


def row_title(fact: AnyFact) -> Text:
    """Return what a row is, in a few words: `lstm × 199`, `into RNN.forward`, `vocabulary TEXT`."""
    if isinstance(fact, Call):
        text = Text(fact.what, style="bold")
        return text.append(f"  × {fact.times:,}", style="dim") if fact.times > 1 else text
    if isinstance(fact, Scope):
        word = {"into": "into", "out": "end of", "over": "ran"}[fact.phase]
        text = Text.assemble((f"{word} ", "dim"), (fact.function, "bold"))
        return text.append(f"  × {fact.times:,}", style="dim") if fact.times > 1 else text
    if isinstance(fact, Locals):
        text = Text("variables changed", style="dim")
        return text.append(f"  × {fact.times:,}", style="dim") if fact.times > 1 else text
    if isinstance(fact, Data):
        text = Text.assemble((fact.what, "bold"), f" {fact.name}" if fact.name else "")
        return text.append("  a stand-in: the real one was not there", style="yellow") if fact.stand_in else text
    if isinstance(fact, Loop):
        if fact.executed is not None:
            return Text.assemble(("end of the loop: ", "dim"), (fact.kind, "bold"))
        # What a loop without a loader goes over is only known when something is trained in it.
        known = fact.over is not None or fact.kind != "batches"
        return Text.assemble(("loop over ", "dim"), (fact.kind, "bold")) if known else Text("loop", style="bold")
    return Text(_TITLES.get(type(fact), type(fact).__name__.lower()), style=_TITLE_STYLES.get(type(fact), "bold"))


_TITLES: dict[type, str] = {
    Said: "printed",
    Instead: "done instead",
    Gap: "not followed",
    Crash: "the program stopped",
}
_TITLE_STYLES: dict[type, str] = {Instead: "bold yellow", Gap: "bold yellow", Crash: "bold red"}


def row_lines(fact: AnyFact, *, short: bool = False) -> list[RenderableType]:
    """Return what a row did, a line each; `short` leaves the picture of a data object out."""
    if isinstance(fact, Call):
        return [*_call(fact), *_gradient(fact)]
    if isinstance(fact, Scope):
        return list(_scope(fact))
    if isinstance(fact, Data):
        return [_counts(fact)] if short else [peek([fact])]
    if isinstance(fact, Loop):
        return [Text(_loop(fact))]
    if isinstance(fact, Said):
        lines = fact.text.splitlines() or [""]
        more = [f"… {len(lines) - _SAID:,} more lines"] if len(lines) > _SAID else []
        return [Text.assemble(("│ ", "dim"), line) for line in lines[:_SAID] + more]
    if isinstance(fact, Locals):
        return [variable_text(item.name, item.note) for item in fact.changed]
    if isinstance(fact, Instead):
        return list(_instead(fact))
    if isinstance(fact, Gap):
        return [Text(f"{fact.what}: {fact.why}" if fact.why else fact.what)]
    if isinstance(fact, Crash):
        return [Text(f"{fact.error}: {fact.message}")]
    return []


def _call(call: Call) -> Iterator[RenderableType]:
    yield from flow(call)
    if said := clause(call):
        yield Padding(Text(said, style="dim"), (0, 0, 0, 4), expand=False)
    if call.times > 1:
        yield Text(f"    the last of {call.times:,} turns that did the same", style="dim")


def _gradient(call: Call) -> Iterator[Text]:
    if call.gradient is not None:
        yield Text.assemble(("    gradient ", "dim"), (f"{call.gradient:.4g}", "bold"))
    elif call.gradient_asked:
        yield Text("    no gradient arrived", style="yellow")


def _scope(scope: Scope) -> Iterator[Text]:
    for item in scope.inputs:
        yield variable_text(item.name, item.note)
    if scope.output is not None:
        yield Text.assemble(_ARROW, note_text("", scope.output))
    if scope.seconds is not None:
        yield Text(f"    {scope.seconds:,.3g} seconds", style="dim")


def _loop(loop: Loop) -> str:
    if loop.executed is None:
        return (
            "how many turns it will take is not known" if loop.declared is None else f"{loop.declared:,} turns to come"
        )
    counted = f"{loop.executed:,}" if loop.declared is None else f"{loop.executed:,} of {loop.declared:,}"
    word = "turn" if (loop.executed if loop.declared is None else loop.declared) == 1 else "turns"
    return f"ran {counted} {word}" + ("; this dry run ended it there" if loop.shortened else "")


def _instead(fact: Instead) -> Iterator[Text]:
    yield Text.assemble((f"{fact.kind}: ", "yellow"), fact.what)
    yield Text.assemble(_ARROW, fact.done)
    if fact.today:
        yield Text.assemble(("    today: ", "dim"), fact.today)


def _counts(fact: Data) -> Text:
    counted = ", ".join(f"{name.replace('_', ' ')} {count:,g}" for name, count in list(fact.counts.items())[:6])
    return Text(counted, style="dim")


def variable_text(name: str, note: Any) -> Text:
    """Return a variable with what it holds: `text (seq_len=200, batch=64) int64`, `epoch = 3`."""
    if isinstance(note, ValueNote):
        plain = note.type in {"int", "float", "bool", "str", "NoneType"}
        return Text.assemble((name, "bold"), " = " if plain else " ", (note.text or note.type, "" if plain else "dim"))
    return note_text(name, note) if note is not None else Text.assemble((name, "bold"), (" not seen", "dim"))


def value_lines(fact: AnyFact) -> list[RenderableType]:
    """Return the numbers that were recorded of a row's result, or the sentence that none were and how to get them."""
    known = fact.values if isinstance(fact, Call | Crash) else {}
    shown: list[RenderableType] = []
    ranges = [f"{name} {_number(known[name])}" for name in ("min", "max", "mean", "value") if name in known]
    if ranges:
        shown.append(Text("   ".join(ranges), style="bold"))
    for name in ("sample", "values"):
        if name in known:
            shown.extend(_numbers(name, known[name]))
    others = {
        name: value for name, value in known.items() if name not in {"min", "max", "mean", "value", "sample", "values"}
    }
    shown.extend(Text.assemble((f"{name} ", "dim"), _number(value)) for name, value in others.items())
    if not shown and isinstance(fact, Call):
        shown.append(
            Text("the values of this result were not recorded; rnnlab step PROGRAM --values records them", "yellow")
        )
    return shown or [Text("this row computes no tensor, so there are no values to show", style="yellow")]


def _numbers(name: str, values: Any) -> Iterator[RenderableType]:
    rows = values if isinstance(values, list) and values and isinstance(values[0], list) else [values]
    yield Text("the first numbers:" if name == "sample" else "all numbers:", style="dim")
    for row in rows[:_SAID]:
        numbers = row if isinstance(row, list) else [row]
        more = "  …" if len(numbers) > _NUMBERS else ""
        yield Text("  ".join(_number(number) for number in numbers[:_NUMBERS]) + more)
    if len(rows) > _SAID:
        yield Text(f"… {len(rows) - _SAID:,} more rows", style="dim")


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def where_text(place: Place) -> str:
    """Return `lecture.py:61`, or `lesson.ipynb, cell 3, line 4`."""
    name = Path(place.file).name
    return f"{name}:{place.line}" if place.cell is None else f"{name}, cell {place.cell}, line {place.line}"


# --- all rows, one below another -------------------------------------------------------------------------------------


def rows_view(timeline: Timeline) -> Iterator[RenderableType]:
    """Give every row in order, indented as it is nested: the line where it is a new one, then what the row did.

    The stage stands on the left where it changes.
    """
    stage, line = None, None
    for n in timeline.rows:
        place, here = timeline.place(n), timeline.stage(n)
        indent = _STAGE + 2 * min(timeline.depth(n), _DEEPEST)
        if place is not None and (place.file, place.cell, place.line) != line:
            line = (place.file, place.cell, place.line)
            where = Text.assemble((f"{where_text(place)}  ", "dim"), (timeline.record.line(place), "bold"))
            yield Group(Text(""), _Set(where, indent))
        head, *rest = _in_lines(timeline, n)
        yield _Set(head, indent + 2, Text(here or "" if here != stage else "", style="bold cyan"))
        for one in rest:
            yield _Set(one, indent + 4)
        stage = here


_STAGE, _DEEPEST = 10, 12


def _in_lines(timeline: Timeline, n: int) -> list[RenderableType]:
    """A row's title, with the first thing that there is to say of it beside it, and the rest."""
    fact = timeline.fact(n)
    title = row_title(fact)
    if source := _span(timeline, n):
        title = Text.assemble((source, "cyan"), "  ", title)
    lines = row_lines(fact, short=True)
    if lines and isinstance(lines[0], Text):
        first = lines[0]
        return [Text.assemble(title, "  ", first[len(first.plain) - len(first.plain.lstrip()) :]), *lines[1:]]
    return [title, *lines]


def _span(timeline: Timeline, n: int) -> str:
    """The part of the line that a row speaks of, in one line; "" where the line says nothing else."""
    place = timeline.span(n)
    if place is None or not place.end_column or not isinstance(timeline.fact(n), Call | Scope):
        return ""
    source = " ".join(timeline.source(timeline.index.places[n]).split())
    line = " ".join(timeline.record.line(place).split())
    if not source or (line.endswith(source) and line[: -len(source)].endswith(("= ", "return "))) or line == source:
        return ""
    return source if len(source) <= _LONGEST else source[: _LONGEST - 1] + "…"


_LONGEST = 60


@dataclass(frozen=True)
class _Set:
    """Something set in from the left, a word before its first line, and nothing blank at the ends of its lines."""

    content: RenderableType
    indent: int
    before: Text | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = max(20, options.max_width - self.indent)
        before = self.before or Text("")
        lead = Text.assemble(before, " " * (self.indent - len(before)))
        for line in console.render_lines(self.content, options.update(width=width), pad=False):
            while line and not line[-1].text.strip():
                line.pop()
            yield from lead.render(console)
            if line:
                yield from line[:-1]
                yield line[-1]._replace(text=line[-1].text.rstrip())
            yield Segment.line()
            lead = Text(" " * self.indent)
