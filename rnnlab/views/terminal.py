"""Draws a record in a terminal: one panel per stage, the findings, and the summary at the end."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from math import prod
from pathlib import Path

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.markdown import Markdown
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule as Line
from rich.segment import Segment
from rich.syntax import Syntax
from rich.text import Text

from rnnlab import sources
from rnnlab.facts import Call, Crash, Data, GroupNote, Note, PackedNote, Place, Scope, tensors
from rnnlab.operations import LOSSES
from rnnlab.record import Record
from rnnlab.report import Outcome, Report
from rnnlab.rules.kit import Finding, Level, Rule, Splits, role_in_words
from rnnlab.stages import STAGES, Stage
from rnnlab.views.peeks import PEEKED, bar, grid, guessing, indented, peek, table, words
from rnnlab.views.shapes import flow, note_text, outputs
from rnnlab.views.words import clause

WIDTH = 110
LEVEL_STYLES: dict[Level, str] = {"mistake": "bold red", "risk": "bold yellow", "habit": "bold blue"}
_MARKS: dict[Level, str] = {"mistake": "✗", "risk": "!", "habit": "·"}
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
        calls = [call for call in calls if call.what in _STEPS]
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
    text = record.sources.get(place.file, "")
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
    run = record.first(Scope, where=lambda fact: fact.stage in _RUNS)
    seen = [call for call in record.ask(Call, stage=stage) if call.place is not None and call.what not in _BOOKKEEPING]
    # A first look at one batch, if the program took one, shows the model better than its training does.
    before = [call for call in seen if run is not None and call.n < run.n] if stage in _FORWARD else []
    found: dict[Place, Call] = {}
    for call in before or seen:
        if call.place is not None:
            found.setdefault(call.place, call)
    return list(found.values())


_BOOKKEEPING = {"to", "item", "tensor"}


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


# --- single things -------------------------------------------------------------------------------------------------


def inspected_view(stage: Stage, facts: Sequence[Call | Data], record: Record) -> RenderableType:
    """Return what an inspector prints: the stage, then what went in and out of each of its calls, and its data."""
    calls = [fact for fact in facts if isinstance(fact, Call) and fact.what not in _BOOKKEEPING]
    lines: list[RenderableType] = []
    if stage.name in _RUNS:
        lines.extend(_RUNS[stage.name](record, facts))
    else:
        for call in calls[:8]:
            lines.extend(flow(call))
    data = [fact for fact in facts if isinstance(fact, Data) and fact.stage == stage.name]
    for facts_of_kind in _by_kind(data):
        lines.append(indented(peek(facts_of_kind)))
    shown = grid(padding=(0, 1, 0, 0))
    shown.add_column(width=9, no_wrap=True)
    shown.add_row(
        Text(stage.name, style="bold cyan"), Group(*lines) if lines else Text(f"{stage.takes} → {stage.gives}", "dim")
    )
    return shown


def _run_of_training(record: Record, facts: Sequence[Call | Data]) -> list[Text]:
    """What a training function did: its passes, its loss from first to last, and the order of its steps."""
    steps = dict.fromkeys(call.what for call in facts if isinstance(call, Call) and call.what in _STEPS)
    losses = [call.values["value"] for call in record.ask(Call) if call.what in LOSSES and "value" in call.values]
    passes = [fact for fact in facts if isinstance(fact, Data) and fact.what == "training pass"]
    lines = [Text(" → ".join(steps), style="bold")] if steps else []
    if passes:
        batches = sum(fact.counts["batches"] for fact in passes)
        lines.append(Text(f"{len(passes)} passes over the training split, {batches:,.0f} batches in all"))
    if losses:
        first, last = (f"{losses[0]:.4f}", "bold"), (f"{losses[-1]:.4f}", "bold")
        lines.append(Text.assemble("loss ", first, " at the first batch, ", last, " at the last"))
    return lines


def _run_of_evaluation(record: Record, facts: Sequence[Call | Data]) -> list[Text]:
    """Right answers per pass, and over which split they were counted."""
    lines: list[Text] = []
    splits = Splits(record)
    for fact in facts:
        if isinstance(fact, Data) and fact.what == "evaluation pass":
            behind = splits.data[fact.made_from[0]].made_from
            over = splits.name(behind[0]) if behind else "?"
            rows, correct = fact.counts.get("rows", 0), fact.counts.get("correct")
            share = (
                f": {correct:,.0f} of {rows:,.0f} right = {correct / rows:.2%}" if correct is not None and rows else ""
            )
            lines.append(Text.assemble("over ", (over, "bold"), f", {fact.counts['batches']:.0f} batches{share}"))
    first = next((fact for fact in facts if isinstance(fact, Call)), None)
    if first is not None:
        mode = "train() mode: dropout is on" if first.training else "gradients are kept" if first.grad_on else ""
        lines += [Text(mode, style="yellow")] if mode else []
    return lines


def _run_of_prediction(record: Record, facts: Sequence[Call | Data]) -> list[Text]:
    """The tokens that were read and the probability of each class under the label's own name."""
    lines: list[Text] = []
    tokens = record.last(Data, what="prediction tokens")
    if tokens is not None:
        lines.append(Text("tokens: ", style="dim").append_text(words(tokens.samples["tokens"])))
    labels = record.last(Data, what="label map")
    probable = next((c for c in reversed(facts) if isinstance(c, Call) and "values" in c.values), None)
    if probable is not None:
        names = [name for name, *_ in labels.samples["labels"]] if labels is not None else []
        row = (
            probable.values["values"][0]
            if isinstance(probable.values["values"][0], list)
            else probable.values["values"]
        )
        lines.append(note_text("probabilities", probable.output))
        for i, value in enumerate(row):
            name = f"'{names[i]}'" if i < len(names) else f"index {i}"
            lines.append(Text.assemble((f"  {name} ", "bold"), bar(value, 20, "bright_blue"), f" {value:.1%}"))
    return lines


_STEPS = {"zero_grad", *LOSSES, "backward", "clip_grad_norm_", "optimizer_step"}
_RUNS = {"train": _run_of_training, "evaluate": _run_of_evaluation, "predict": _run_of_prediction}


def _by_kind(facts: Sequence[Data]) -> list[list[Data]]:
    kinds: dict[str, dict[int, Data]] = {}
    for fact in facts:
        kinds.setdefault(fact.what, {})[fact.id] = fact
    return [list(group.values()) for what, group in kinds.items() if what in PEEKED]


def folded_view(stage: Stage, times: dict[str, int]) -> RenderableType:
    """Return how often inspectors ran inside another one without being printed again."""
    counted = ", ".join(f"{name} × {n:,}" for name, n in times.items())
    return Text(f"{'':10}… inside {stage.name}, not printed again: {counted}", style="dim")


def more_view(stage: Stage, times: int) -> RenderableType:
    """Return how often an inspector ran again in a row."""
    return Text(f"{'':10}… {stage.name} × {times:,} more", style="dim")


def trace_view(record: Record) -> RenderableType:
    """Return a forward pass, one row for each thing its author wrote: line, source, shapes, and what it did."""
    parts: list[RenderableType] = []
    line = None
    for call in record.ask(Call):
        if call.place is None:
            continue
        if (call.place.file, call.place.line) != line:
            line = (call.place.file, call.place.line)
            where = Text(f"{Path(call.place.file).name}:{call.place.line}  ", "dim").append(
                record.line(call.place), "bold"
            )
            parts += ([Text("")] if parts else []) + [where]
        parts.extend(indented(one) for one in _trace_row(record, call))
    if (crash := crash_view(record)) is not None:
        parts.append(crash)
    return Panel(
        Group(*parts) if parts else Text("nothing was seen"),
        title=Text(f" {record.header.program} "),
        title_align="left",
    )


def _trace_row(record: Record, call: Call) -> list[RenderableType]:
    place = call.place
    span = sources.cut(record.sources.get(place.file, ""), place).replace("\n", " ") if place is not None else call.what
    named = Text(span if len(span) <= 60 else span[:59] + "…", style="cyan")
    if call.times > 1:
        named.append(f"  × {call.times:,}", style="dim")
    lines: list[RenderableType] = [named, *(indented(one) for one in flow(call))]
    if said := clause(call):
        lines.append(Padding(Text(said, style="dim"), (0, 0, 0, 6)))
    return lines


def data_view(kind: str, fact: Data) -> RenderableType:
    """Return the panel of a data object."""
    return Panel(peek([fact]), title=Text(f" {kind}: {fact.what} "), title_align="left", border_style="cyan")


def value_view(kind: str, note: Note, numbers: dict[str, str]) -> RenderableType:
    """Return the panel of a tensor, a packed sequence or an RNN's tuple."""
    lines: list[RenderableType] = []
    if isinstance(note, GroupNote):
        call = Call(what="lstm" if _is_rnn_result(note) else "", output=note)
        lines.extend(note_text(item.name, item.note) for item in outputs(call))
    else:
        lines.append(note_text("", note))
    if numbers:
        lines.append(Text("  ".join(f"{name} {value}" for name, value in numbers.items()), style="dim"))
    return Panel(Group(*lines), title=Text(f" {kind} "), title_align="left", border_style="cyan")


def _is_rnn_result(note: GroupNote) -> bool:
    """`(output, hidden)` or `(output, (hidden, cell))`: the states have as many axes as a padded output."""
    if len(note.items) != 2:
        return False
    output, states = note.items[0].note, tensors(note.items[1].note)
    rank = 3 if isinstance(output, PackedNote) else len(getattr(output, "shape", None) or ())
    alike = all(len(state.shape or ()) == rank and state.dtype.startswith(("float", "bfloat")) for state in states)
    return rank in (2, 3) and len(states) in (1, 2) and alike


def module_view(text: str, parameters: Sequence[tuple[str, tuple[int, ...], bool]]) -> RenderableType:
    """Return the panel of a module without an input: its layers and its parameters."""
    shown = table("parameter", "shape", ">numbers", "")
    for name, shape, trained in parameters:
        shown.add_row(name, str(shape), f"{prod(shape):,}", Text("" if trained else "frozen", style="yellow"))
    hint = Text("with an input its forward pass is shown: rnnlab.inspect(model, text, lengths)", style="dim")
    return Panel(Group(Text(text), shown, hint), title=" module ", title_align="left", border_style="cyan")


# --- findings ------------------------------------------------------------------------------------------------------


def finding_view(record: Record, outcome: Outcome, finding: Finding) -> RenderableType:
    """Return one finding: its level and name, the line, the message, and how to read more."""
    level = outcome.level(finding)
    title = Text.assemble((f" {_MARKS[level]} {level} ", LEVEL_STYLES[level]), (outcome.rule.name, "bold"), " ")
    lines: list[RenderableType] = [Text(finding.message)]
    if finding.place is not None:
        where = Text.assemble(
            (f"{Path(finding.place.file).name}:{finding.place.line}  ", "dim"), record.line(finding.place)
        )
        lines.append(where)
    lines.append(Text(f"more: rnnlab explain {outcome.rule.name}", style="dim"))
    return Panel(
        Group(*lines),
        title=title,
        title_align="left",
        border_style=LEVEL_STYLES[level].removeprefix("bold "),
        box=box.ROUNDED,
    )


def report_view(report: Report) -> RenderableType:
    """Return the end of a walk: the findings in a line each (their stages have shown them whole), then all outcomes."""
    parts: list[RenderableType] = []
    found = report.found()
    if found:
        shown = grid()
        for outcome, finding in found:
            level = outcome.level(finding)
            where = f"{Path(finding.place.file).name}:{finding.place.line}" if finding.place is not None else ""
            marked = Text(f"{_MARKS[level]} {level}", style=LEVEL_STYLES[level])
            shown.add_row(
                marked, Text(outcome.rule.name, style="bold"), Text(outcome.rule.stage), Text(where, style="dim")
            )
        parts += [Line(Text(f" {len(found)} found ", style="bold"), style="dim"), shown, Text("")]
    parts.append(summary(report))
    return Group(*parts)


def summary(report: Report) -> RenderableType:
    """Return one line per status, so that nothing unseen passes for clear."""
    styles = {"found": "red", "clear": "green", "unseen": "yellow", "broke": "red"}
    words = {
        "found": "found",
        "clear": "looked and clear",
        "unseen": "not seen, so not judged",
        "broke": "our rule failed (not your program's fault)",
    }
    shown = grid()
    for status, word in words.items():
        names = [outcome.rule.name for outcome in report.outcomes if outcome.status == status]
        if names:
            shown.add_row(Text(f"{len(names)} {word}", style=styles[status]), Text(", ".join(names), style="dim"))
    return shown


def crash_view(record: Record) -> RenderableType | None:
    """Return the program's own crash, at its own line; None where there was none."""
    crash = record.last(Crash)
    if crash is None:
        return None
    where = Text("")
    if crash.place is not None:
        where = Text.assemble((f"{Path(crash.place.file).name}:{crash.place.line}  ", "dim"), record.line(crash.place))
    return Panel(
        Group(where, Text(f"{crash.error}: {crash.message}")), title=" the program stopped ", border_style="red"
    )


def page_view(rule: Rule) -> RenderableType:
    """Return a rule's page."""
    head = Text.assemble((f" {rule.level} ", LEVEL_STYLES[rule.level]), ("stage ", "dim"), rule.stage)
    head.append("  rule ", "dim").append(rule.name)
    page = rule.page.replace("```python bad", "**Found here:**\n\n```python")
    return Group(head, Text(""), Markdown(page.replace("```python good", "**Better:**\n\n```python")))


def catalogue_view(rules: Iterable[Rule]) -> RenderableType:
    """Return the list of all mistakes, by stage."""
    shown = table("stage", "level", "name", "what it is")
    for rule in rules:
        shown.add_row(
            rule.stage, Text(rule.level, style=LEVEL_STYLES[rule.level]), Text(rule.name, style="bold"), rule.title
        )
    return shown
