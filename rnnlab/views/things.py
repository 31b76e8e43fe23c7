"""Draws single things: what an inspector saw, a traced forward pass, a data object, a tensor, a module."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from pathlib import Path

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from rnnlab import sources
from rnnlab.facts import Call, Data, GroupNote, Note, PackedNote, tensors
from rnnlab.operations import LOSSES
from rnnlab.record import Record
from rnnlab.rules.kit import Splits
from rnnlab.stages import Stage
from rnnlab.views.crashes import crash_view
from rnnlab.views.peeks import PEEKED, bar, grid, indented, peek, table, words
from rnnlab.views.shapes import flow, note_text, outputs
from rnnlab.views.terminal import BOOKKEEPING, STEPS
from rnnlab.views.words import clause


def inspected_view(stage: Stage, facts: Sequence[Call | Data], record: Record) -> RenderableType:
    """Return what an inspector prints: the stage, then what went in and out of each of its calls, and its data."""
    calls = [fact for fact in facts if isinstance(fact, Call) and fact.what not in BOOKKEEPING]
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
    steps = dict.fromkeys(call.what for call in facts if isinstance(call, Call) and call.what in STEPS)
    passes = [fact for fact in facts if isinstance(fact, Data) and fact.what == "training pass"]
    losses = [fact.counts[key] for fact in passes for key in ("first_loss", "last_loss") if key in fact.counts]
    if not passes:
        losses = [call.values["value"] for call in facts if isinstance(call, Call) and _is_loss(call)]
    lines = [Text(" → ".join(steps), style="bold")] if steps else []
    if passes:
        batches = sum(fact.counts["batches"] for fact in passes)
        word = "pass" if len(passes) == 1 else "passes"
        lines.append(Text(f"{len(passes)} {word} over the training split, {batches:,.0f} batches in all"))
    if losses:
        first, last = (f"{losses[0]:.4f}", "bold"), (f"{losses[-1]:.4f}", "bold")
        lines.append(Text.assemble("loss ", first, " at the first batch, ", last, " at the last"))
    return lines


def _is_loss(call: Call) -> bool:
    return call.what in LOSSES and "value" in call.values


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
    span = sources.cut(record.text_of(place), place).replace("\n", " ") if place is not None else call.what
    named = Text(span if len(span) <= 60 else span[:59] + "…", style="cyan")
    if call.times > 1:
        named.append(f"  × {call.times:,}", style="dim")
    lines: list[RenderableType] = [named, *(indented(one) for one in flow(call))]
    if said := clause(call):
        lines.append(Padding(Text(said, style="dim"), (0, 0, 0, 6)))
    if call.gradient_asked:
        lines.append(Padding(_gradient(call), (0, 0, 0, 6)))
    return lines


def _gradient(call: Call) -> Text:
    """The norm of the gradient that came back to a row's results, in three digits."""
    if call.gradient is None:
        return Text("no gradient arrived", style="dim")
    return Text(f"gradient {call.gradient:.3g}", style="yellow" if call.gradient == 0 else "green")


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
