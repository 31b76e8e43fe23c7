"""Draws a record in a terminal: one panel per stage, the findings, and the summary at the end."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.segment import Segment
from rich.syntax import Syntax
from rich.text import Text

from rnnlab import sources
from rnnlab.facts import Call, Data, Place, Scope
from rnnlab.operations import LOSSES
from rnnlab.record import Record
from rnnlab.report import Report
from rnnlab.rules.kit import role_in_words
from rnnlab.stages import RUNS, STAGES, Stage
from rnnlab.views.findings import finding_view
from rnnlab.views.peeks import grid, guessing, indented, peek
from rnnlab.views.shapes import flow
from rnnlab.views.words import clause

WIDTH = 110
# Which kinds of data a stage shows, in this order.
_SHOWN = {
    "load": ("table",),
    "tokenize": ("tokens",),
    "split": ("split", "dataset"),
    "vocab": ("vocabulary", "label map"),
    "batch": ("batch", "padding"),
    "train": ("history",),
    "evaluate": ("evaluation",),
    "predict": ("prediction",),
}
_LONGEST_CODE = 26


class SafeConsole(Console):
    """A console that passes no control character of a text on: a review cannot clear the screen or move the cursor."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print, and leave Python's random state as it was: rich draws from it for links and the like."""
        state = random.getstate()
        try:
            super().print(*objects, **options)
        finally:
            random.setstate(state)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """Leave the control characters out of every text; what rich itself sends (styles, progress) stays."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield segment._replace(text=_CONTROL.sub("", _SURROGATE.sub("\ufffd", segment.text)))


_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")  # no output can encode half a character


def console(**options: object) -> Console:
    """Return a console of at most the house width; it writes plain text where the output is no terminal."""
    made = SafeConsole(highlight=False, markup=False, emoji=False, **options)  # type: ignore[arg-type]
    # Where the output is no terminal its width is unknown: use the house's own.
    known = made.is_terminal or os.environ.get("COLUMNS") or "width" in options
    if made.width > WIDTH or not known:
        made.width = WIDTH
    return made


# --- stages --------------------------------------------------------------------------------------------------------


def stage_view(record: Record, report: Report, stage: Stage) -> RenderableType:
    """Return a stage's panel: its story, the code that ran, what went in and came out, the data, and the findings."""
    parts: list[RenderableType] = [Text(stage.story)]
    code = _code(record, stage)
    if code is not None:
        parts += [Text(""), code]
    parts += [Text(""), *_flows(record, stage)]
    for facts in _shown_data(record, stage):
        parts += [Text(""), indented(peek(facts))]
    found = report.found(stage.name)
    if found:
        parts += [Text(""), *(finding_view(record, outcome, finding) for outcome, finding in found)]
    title = Text.assemble(f" {stage.number} of {len(STAGES)} ", (stage.name, "bold cyan"), f" · {stage.title} ")
    return Panel(
        Group(*parts), title=title, title_align="left", subtitle=rail(stage), subtitle_align="left",
        box=box.ROUNDED, border_style="cyan", padding=(1, 2),
    )  # fmt: skip


def rail(stage: Stage) -> Text:
    """Return the row of all stages with the current one lit."""
    text = Text(" ")
    for one in STAGES:
        style = "bold cyan" if one == stage else "default" if one.number < stage.number else "dim"
        text.append(one.name, style=style).append("" if one is STAGES[-1] else "·", style="dim")
    return text.append(" ")


def explanation(stage: Stage) -> RenderableType:
    """Return what `?` shows: the longer story of a stage, with its axes in and out."""
    flowing = Text.assemble((stage.takes, "bold"), "  →  ", (stage.gives, "bold"))
    return Panel(
        Group(flowing, Text(""), Text(stage.asks)),
        title=Text(f"? {stage.name}"),
        title_align="left",
        border_style="dim",
    )


def _code(record: Record, stage: Stage) -> RenderableType | None:
    """The function in which the stage happens, with the lines of its operations marked."""
    calls = [call for call in first_calls(record, stage.name) if call.place is not None]
    if stage.name == "train":
        calls = [call for call in calls if call.what in STEPS]
    if stage.name in _FORWARD or stage.name == "train":
        place = calls[0].place if calls else None
        lit = {call.place.line for call in calls if call.place is not None and place and call.place.file == place.file}
    else:
        scope = record.first(
            Scope, stage=stage.name, where=lambda fact: fact.phase == "into" and fact.place is not None
        )
        place, lit = (scope.place if scope is not None else None), set()
    if place is None:
        return None
    text = record.text_of(place)
    around = sources.function_around(text, place.line) or (place.line, place.end_line or place.line)
    lines = sources.shown_lines(text, *around)
    return Group(_where(place), _listing(lines, lit)) if lines else None


_FORWARD = ("embed", "rnn", "squeeze", "head", "loss")


def _where(place: Place) -> Text:
    path = Path(place.file)
    return Text(f"{path.parent.name}/{path.name}:{place.line}", style="dim")


def _listing(lines: list[tuple[int, str]], lit: set[int]) -> RenderableType:
    """Numbered code; where lines are marked the others step back."""
    if len(lines) > _LONGEST_CODE and not lit:
        lines = [*lines[:_LONGEST_CODE], (lines[_LONGEST_CODE][0], f"    # … {len(lines) - _LONGEST_CODE} more lines")]
    shown = grid(padding=(0, 1, 0, 0))
    for n, line in lines:
        bright = not lit or n in lit
        code = (
            Syntax(line or " ", "python", theme="ansi_dark", background_color="default")
            if bright
            else Text(line, "dim")
        )
        shown.add_row(Text("▶" if n in lit else " ", "bold cyan"), Text(f"{n}", "dim"), code)
    return shown


def first_calls(record: Record, stage: str) -> list[Call]:
    """Return the operations of a stage in the first pass that showed it, one for each place."""
    run = record.first(Scope, where=lambda fact: fact.stage in RUNS)
    seen = [call for call in record.ask(Call, stage=stage) if call.place is not None and call.what not in BOOKKEEPING]
    # A first look at one batch, if the program took one, shows the model better than its training does.
    before = [call for call in seen if run is not None and call.n < run.n] if stage in _FORWARD else []
    found: dict[Place, Call] = {}
    for call in before or seen:
        if call.place is not None:
            found.setdefault(call.place, call)
    return list(found.values())


# Operations that say nothing of a stage, and the ones that training consists of.
BOOKKEEPING = {"to", "item", "tensor"}
STEPS = {"zero_grad", *LOSSES, "backward", "clip_grad_norm_", "optimizer_step"}


def _flows(record: Record, stage: Stage) -> list[RenderableType]:
    """What went in and what came out, with named axes for the stages that handle tensors."""
    calls = first_calls(record, stage.name) if stage.name in _FORWARD else []
    if not calls:
        return [Text.assemble((_given(record, stage), "bold"), "  →  ", (_made(record, stage), "bold"))]
    lines: list[RenderableType] = []
    for call in calls:
        lines.extend(indented(line) for line in flow(call))
        if said := clause(call):
            lines.append(Padding(Text(said, style="dim"), (0, 0, 0, 6)))
    if stage.name == "loss":
        lines.append(Padding(_first_loss(record, calls[-1]), (0, 0, 0, 6)))
    return lines


def _first_loss(record: Record, call: Call) -> Text:
    value = call.values.get("value")
    labels = record.first(Data, what="label map")
    classes = int(labels.counts["classes"]) if labels is not None else 2
    measured = f"{value:.4f}" if value is not None else "not measured"
    return Text.assemble(
        "the untrained model's loss: ", (measured, "bold"),
        (f"   guessing between {classes} classes: ln {classes} = {guessing(classes):.4f}", "dim"),
    )  # fmt: skip


def _given(record: Record, stage: Stage) -> str:
    if stage.name == "load":
        return str(record.header.arguments.get("reviews") or stage.takes)
    return stage.takes


def _made(record: Record, stage: Stage) -> str:
    for kind in _SHOWN.get(stage.name, ()):
        facts = list(record.ask(Data, what=kind, stage=stage.name))
        if facts and kind in _MADE:
            return _MADE[kind](facts)
    return stage.gives


def _batch_made(facts: Sequence[Data]) -> str:
    samples = facts[0].samples
    parts = []
    for name, value in samples.items():
        if isinstance(value, dict) and "axes" in value:
            sized = ", ".join(f"{axis}={size}" for axis, size in zip(value["axes"], value["shape"], strict=True))
            parts.append(f"{name} ({sized}) {value['dtype']}")
    return ", ".join(parts)


def _final_splits(record: Record) -> list[Data]:
    facts = list(record.ask(Data, what="split"))
    cut_further = {parent for fact in facts for parent in fact.made_from}
    order = {"train": 0, "valid": 1, "test": 2}
    final = [fact for fact in facts if fact.id not in cut_further]
    return sorted(final, key=lambda fact: order.get(role_in_words(fact.name) or "", 3))


_MADE = {
    "table": lambda facts: f"table ({facts[0].counts['rows']:,.0f} rows, {facts[0].counts['columns']:.0f} columns)",
    "tokens": lambda facts: f"{facts[0].counts['tokens']:,.0f} tokens in {facts[0].counts['texts']:,.0f} reviews",
    "vocabulary": lambda facts: f"vocabulary ({facts[0].counts['words']:,.0f} entries)",
    "batch": _batch_made,
    "history": lambda facts: (
        f"weights after {facts[0].counts['epochs']:.0f} of {facts[0].counts['planned']:.0f} epochs"
    ),
    "evaluation": lambda facts: f"accuracy {facts[0].counts['accuracy']:.2%}",
}


def _shown_data(record: Record, stage: Stage) -> list[Sequence[Data]]:
    shown: list[Sequence[Data]] = []
    for kind in _SHOWN.get(stage.name, ()):
        facts = _final_splits(record) if kind == "split" else list(record.ask(Data, what=kind, stage=stage.name))
        if kind == "dataset" and shown:
            continue
        if facts:
            shown.append(facts if kind in {"split", "loader"} else facts[:1] if kind == "batch" else facts[-1:])
    return shown
