"""A look at the data themselves: one small picture for each kind of data fact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log
from typing import Any

from rich import box
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rnnlab.facts import Axis, Data, TensorNote
from rnnlab.views.shapes import note_text

_BAR = "█"


def peek(facts: Sequence[Data]) -> RenderableType:
    """Return a picture of data facts of one kind; kinds without one show their counts."""
    try:
        return _PEEKS.get(facts[0].what, _counts)(facts)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        # A record of another version, or one that somebody edited: its counts are still worth a line.
        return _counts(facts)


class Plain(Table):
    """A table whose texts are never markup: a review may hold [red]."""

    def add_column(self, header: RenderableType = "", *args: Any, **options: Any) -> None:
        super().add_column(Text(header) if isinstance(header, str) else header, *args, **options)

    def add_row(self, *cells: RenderableType | None, **options: Any) -> None:
        super().add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in cells), **options)


def grid(**options: Any) -> Plain:
    """Return an empty table without lines and headers."""
    return Plain(box=None, pad_edge=False, show_header=False, **options)


def table(*headers: str) -> Plain:
    """Return an empty table in the house style; a header that begins with `>` is set flush right."""
    made = Plain(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim")
    for header in headers:
        right = header.startswith(">")
        made.add_column(header.removeprefix(">"), justify="right" if right else "left", no_wrap=right)
    return made


def bar(share: float, width: int = 24, style: str = "cyan") -> Text:
    """Return a bar whose length says a share between 0 and 1."""
    full = round(max(0.0, min(1.0, share)) * width)
    return Text(_BAR * full, style=style).append("·" * (width - full), style="dim")


def words(tokens: Sequence[str], pad: str | None = None, limit: int = 24) -> Text:
    """Return tokens one beside another, each between thin marks, padding shaded."""
    text = Text()
    for i, token in enumerate(tokens[:limit]):
        text.append("│" if i else "", style="dim")
        text.append(token.replace("\n", "⏎"), style="dim" if token == pad else "default")
    return text.append("│ …" if len(tokens) > limit else "", style="dim")


def _count(fact: Data, key: str) -> str:
    return f"{fact.counts.get(key, 0):,.0f}"


def _table(facts: Sequence[Data]) -> RenderableType:
    fact = facts[0]
    shown = table(*fact.samples["columns"])
    for row in fact.samples["head"]:
        shown.add_row(*(Text(str(value), overflow="ellipsis", no_wrap=True) for value in row))
    lines: list[RenderableType] = [shown]
    for column, labels in fact.samples.get("labels", {}).items():
        listed = ", ".join(f"'{name}' {count:,} ×" for name, count in labels[:8])
        lines.append(Text.assemble((f"{column}: ", "bold"), listed))
    if dropped := fact.samples.get("dropped"):
        lines.append(
            Text("dropped: " + ", ".join(f"{n:,} × {reason}" for reason, n in dropped.items()), style="yellow")
        )
    return Group(*lines)


def _tokens(facts: Sequence[Data]) -> RenderableType:
    fact = facts[0]
    if "histogram" not in fact.samples:
        return _counted_tokens(fact)
    bars = fact.samples["histogram"]
    most = max((count for *_, count in bars), default=1) or 1
    shown = grid()
    for low, high, count in bars:
        name = f"{low + 1}–{high}" if high < 10**9 else f"over {low}"
        shown.add_row(Text(name, style="dim", justify="right"), bar(count / most), Text(f"{count:,}", justify="right"))
    texts = fact.counts["texts"]
    share = fact.counts.get("with_breaks", 0) / max(1, texts)
    return Group(
        Text("tokens per review", style="dim"),
        shown,
        Text.assemble(
            ("median ", "dim"), _count(fact, "median"), ("  longest ", "dim"), _count(fact, "longest"),
            ("  in all ", "dim"), _count(fact, "tokens"), ("  reviews with <br /> as tokens ", "dim"), f"{share:.0%}",
        ),
        Text(""),
        Text("the first review, cut: ", style="dim").append_text(words(fact.samples["first"])),
    )  # fmt: skip


def _counted_tokens(fact: Data) -> RenderableType:
    """Texts that the program cut one by one."""
    counts = fact.counts
    sums = Text.assemble(
        (_count(fact, "texts"), "bold"), " texts, ", (_count(fact, "tokens"), "bold"), " tokens",
        (f"  {counts['tokens'] / max(1, counts['texts']):.1f} each", "dim"),
        ("  longest ", "dim"), _count(fact, "longest"), ("  without a token ", "dim"), _count(fact, "empty"),
    )  # fmt: skip
    first = Text("the first text, cut: ", style="dim").append_text(words(fact.samples["first"]))
    given = [Text(f"“{fact.samples['text']}”", style="italic")] if "text" in fact.samples else []
    return Group(sums, *given, first)


def _one_review(facts: Sequence[Data]) -> RenderableType:
    count = Text(f"{_count(facts[-1], 'tokens')} tokens: ", style="dim")
    return count.append_text(words(facts[-1].samples["tokens"]))


def _splits(facts: Sequence[Data]) -> RenderableType:
    cut_further = {parent for fact in facts for parent in fact.made_from}
    facts = [fact for fact in facts if fact.id not in cut_further] or facts
    whole = sum(fact.counts["examples"] for fact in facts)
    tokens = any("median" in fact.counts for fact in facts)
    # The share of a single one would be its share of itself.
    several = len(facts) > 1
    shown = table(
        "split", ">reviews", *(["share"] if several else []), *([">median tokens"] if tokens else []), "labels"
    )
    for fact in facts:
        share = fact.counts["examples"] / max(1, whole)
        labels = ", ".join(f"'{name}' {count:,}" for name, count in fact.samples.get("labels", [])[:4])
        counted = [_count(fact, "examples"), *([bar(share, 16).append(f" {share:.0%}")] if several else [])]
        median = [_count(fact, "median") if "median" in fact.counts else "–"] if tokens else []
        shown.add_row(fact.name, *counted, *median, labels)
    return Group(shown, *_first_rows(facts), *_copies(facts))


def _first_rows(facts: Sequence[Data]) -> list[Text]:
    """The first example, as tokens where the dataset holds tokens and as its columns else."""
    fact = facts[0]
    label = Text(f"first example of {fact.name or 'it'}: ", style="dim")
    if first := fact.samples.get("first"):
        return [label.append_text(words(first))]
    row = fact.samples.get("row", {})
    shown = Text("  ").join(Text.assemble((f"{name}=", "dim"), str(value)) for name, value in row.items())
    return [label.append_text(shown)] if row else []


def _copies(facts: Sequence[Data]) -> list[Text]:
    return [
        Text(
            f"{shared['examples']:,} of {fact.name or 'these'} stand in {shared['name'] or 'another dataset'} as well: "
            f"“{shared['text']}”",
            style="yellow",
        )
        for fact in facts
        for shared in fact.samples.get("shared", ())
    ]


def _vocabulary(facts: Sequence[Data]) -> RenderableType:
    fact = facts[0]
    if "most_common" not in fact.samples:
        origin = f" made by {fact.samples['made_by']}" if "made_by" in fact.samples else ""
        return Group(Text.assemble((_count(fact, "words"), "bold"), f" entries{origin}"), _indices(fact))
    common = fact.samples["most_common"]
    most = common[0][1] if common else 1
    shown = grid()
    for word, count in common[:8]:
        shown.add_row(Text(word, style="bold"), bar(count / most, 18, "green"), Text(f"{count:,}", justify="right"))
    indices = _indices(fact)
    inside = fact.counts["tokens_inside"] / max(1, fact.counts["tokens"])
    summary = Text.assemble(
        (_count(fact, "words"), "bold"), f" entries = {fact.counts['words'] - fact.counts['specials']:,.0f} words + ",
        " + ".join(fact.samples["specials"]) or "no specials",
        f"; {_count(fact, 'distinct')} different words occur, {_count(fact, 'once')} of them once; "
        f"{inside:.1%} of the tokens have an entry of their own, the rest become <unk>",
    )  # fmt: skip
    return Group(summary, Text(""), shown, indices)


def _indices(fact: Data) -> Text:
    indices = Text("index: ", style="dim")
    for i, word in enumerate(fact.samples["first"][:8]):
        indices.append(f"{i} ", style="dim").append(f"{word}  ", style="bold")
    return indices


def _label_map(facts: Sequence[Data]) -> RenderableType:
    labels = facts[0].samples["labels"]
    where = "" if "numbered_by" in facts[0].samples else " in the training split"
    lines = [
        Text.assemble(("  label ", "dim"), (f"'{name}'", "bold"), (" → index ", "dim"), (str(i), "bold bright_blue"),
                      (f"   ({count:,} times{where})" if count else "", "dim"))
        for name, i, count in labels[:12]
    ]  # fmt: skip
    if (by := facts[0].samples.get("numbered_by", "frequency")) != "frequency":
        return Group(Text(f"the label map (made by {by})", style="dim"), *lines)
    numeric = [name for name, *_ in labels if str(name).lstrip("-").isdigit()]
    if len(numeric) == len(labels) and sorted(numeric, key=int) != numeric:
        lines.append(
            Text(
                f"  '{labels[0][0]}' is more frequent, so it comes first: index 0 means '{labels[0][0]}', not '0'. "
                "Read predictions through this map.",
                style="yellow",
            )
        )
    return Group(Text("the label map (most frequent first)", style="dim"), *lines)


def _field(facts: Sequence[Data]) -> RenderableType:
    options = facts[0].samples.get("options", {})
    return Text(", ".join(f"{name}={value}" for name, value in options.items()))


def _loader(facts: Sequence[Data]) -> RenderableType:
    shown = table("loader", "kind", ">batch", ">reviews", "options")
    for fact in facts:
        more = {name: fact.samples[name] for name in ("sampler", "collate") if name in fact.samples}
        options = ", ".join(f"{name}={value}" for name, value in (fact.samples.get("options", {}) | more).items())
        kind = fact.samples.get("type", "")
        shown.add_row(fact.name, kind, _count(fact, "batch_size"), _count(fact, "examples"), Text(options, style="dim"))
    return shown


def _batch(facts: Sequence[Data]) -> RenderableType:
    fact = facts[0]
    parts: list[RenderableType] = []
    if grid := fact.samples.get("grid"):
        parts.append(_grid(grid, fact.samples.get("pad"), fact.samples.get("shown_lengths")))
    if column := fact.samples.get("column"):
        ids = Text("the last column as indices: ", style="dim").append(" ".join(map(str, column["ids"])), style="cyan")
        back = Text("…and back to words:         ", style="dim").append_text(
            words(column["words"], fact.samples.get("pad"))
        )
        real = Text(f"{column['length']} of its {column['of']} positions are real tokens", style="dim")
        parts += [ids, back, real]
    return Group(*parts) if parts else _tensors(facts)


def _tensors(facts: Sequence[Data]) -> RenderableType:
    lines: list[Text] = []
    if facts[0].counts.get("positions"):
        lines.append(
            Text(f"{_count(facts[0], 'tokens')} of {_count(facts[0], 'positions')} positions are real tokens", "dim")
        )
    for name, value in facts[0].samples.items():
        axes = tuple(Axis(axis) for axis in value["axes"])
        lines.append(note_text(name, TensorNote(tuple(value["shape"]), axes, value["dtype"])))
    return Group(*lines)


def _grid(grid: list[list[str]], pad: str | None, lengths: list[int] | None) -> RenderableType:
    """A corner of (seq_len, batch): columns are reviews, rows are steps."""
    head = len(grid[0]) - 1
    rows = [*range(head), None, head]
    shown = Plain(box=box.SIMPLE, pad_edge=False, header_style="magenta")
    shown.add_column("seq_len ↓  batch →", style="cyan", no_wrap=True)
    for i in range(len(grid)):
        shown.add_column(f"review {i + 1}" if i + 1 < len(grid) else "last", no_wrap=True, max_width=12)
    for row in rows:
        cells = [Text("⋮" if row is None else one[row], overflow="ellipsis") for one in grid]
        for cell in cells:
            cell.stylize("dim on grey15" if cell.plain == pad else "")
        shown.add_row("⋮" if row is None else f"step {row}" if row < head else "last step", *cells)
    if lengths:
        shown.add_row(Text("lengths", style="dim"), *(Text(str(n), style="dim") for n in lengths))
    return shown


def _padding(facts: Sequence[Data]) -> RenderableType:
    counts = facts[0].counts
    most = max(counts["bucketed"], counts["unbucketed"])
    shown = grid()
    for name, key, used in (
        ("sort_within_batch=True", "bucketed", bool(counts["used"])),
        ("without it", "unbucketed", not counts["used"]),
    ):
        number = Text(f"{counts[key]:.2f} positions per real token", style="bold" if used else "dim")
        shown.add_row(
            Text(name), bar(counts[key] / most, 20, "magenta"), number, Text("← used here" if used else "", "green")
        )
    return shown


def _history(facts: Sequence[Data]) -> RenderableType:
    fact = facts[0]
    shown = table(">epoch", ">batches", ">loss", ">train acc", ">valid acc", "valid", ">gradient", ">seconds")
    for epoch in fact.samples["epochs"]:
        valid = epoch["valid_accuracy"]
        shown.add_row(
            str(epoch["epoch"]), f"{epoch['batches']}/{epoch['of']}", f"{epoch['loss']:.4f}", f"{epoch['train_accuracy']:.1%}",
            "–" if valid is None else f"{valid:.1%}", bar(valid or 0, 16, "green"),
            f"{epoch['gradient_norm']:.3f}", f"{epoch['seconds']:.1f}",
        )  # fmt: skip
    lines: list[RenderableType] = [shown]
    if fact.samples.get("stopped"):
        lines.append(
            Text(f"training was stopped {fact.samples['stopped']}; the weights so far are used", style="yellow")
        )
    if fact.samples.get("how"):
        lines.append(Text(fact.samples["how"], style="dim"))
    classes = int(fact.counts.get("classes", 2))
    lines.append(
        Text(f"loss of guessing between {classes} classes: ln {classes} = {guessing(classes):.4f}", style="dim")
    )
    return Group(*lines)


def _evaluation(facts: Sequence[Data]) -> RenderableType:
    fact = facts[0]
    accuracy, majority = fact.counts["accuracy"], fact.counts["majority"]
    names, confusion = fact.samples["names"], fact.samples["confusion"]
    bars = grid()
    counted = f"{accuracy:.2%}  ({_count(fact, 'correct')} of {_count(fact, 'rows')} reviews)"
    bars.add_row(Text("test accuracy", style="bold"), bar(accuracy, 30, "green"), Text(counted, style="bold"))
    bars.add_row(Text("always the commonest class"), bar(majority, 30, "yellow"), Text(f"{majority:.2%}"))
    shown = table("", *(f">called '{name}'" for name in names))
    for i, (name, row) in enumerate(zip(names, confusion, strict=True)):
        cells = [
            Text(f"{count:,}", style="bold green" if i == j else "red" if count else "dim")
            for j, count in enumerate(row)
        ]
        shown.add_row(f"is '{name}'", *cells)
    return Group(bars, shown)


def _prediction(facts: Sequence[Data]) -> RenderableType:
    fact = facts[0]
    if "probabilities" not in fact.samples:
        scores = ", ".join(fact.samples.get("scores", ()))
        asked = f" in {fact.samples['function']}()" if "function" in fact.samples else ""
        return Text.assemble((fact.samples["model"], "bold"), f" was asked about one review{asked}: ", (scores, "bold"))
    unknown = fact.samples.get("unknown", ())
    tokens = Text("tokens: ", style="dim").append_text(words(fact.samples["tokens"]))
    if unknown:
        tokens.append(f"   unknown to the vocabulary: {', '.join(unknown)}", style="yellow")
    shown = grid()
    for name, probability in fact.samples["probabilities"].items():
        shown.add_row(Text(f"'{name}'", style="bold"), bar(probability, 30, "bright_blue"), f"{probability:.1%}")
    return Group(Text(f"“{fact.samples['text']}”", style="italic"), tokens, shown)


def _file(facts: Sequence[Data]) -> RenderableType:
    fact = facts[0]
    rows = f": {_count(fact, 'rows')} rows" if "rows" in fact.counts else ""
    more = f" and {fact.counts['files'] - 1:,.0f} more" if fact.counts.get("files", 0) > 1 else ""
    return Text.assemble((fact.samples["path"], "bold"), f"{more} read by {fact.samples['read_by']}{rows}")


def _optimizer(facts: Sequence[Data]) -> RenderableType:
    fact = facts[0]
    counts = fact.counts
    rate = f", learning rate {counts['learning_rate']:g}" if "learning_rate" in counts else ""
    held = f"{_count(fact, 'parameters')} parameters in {_count(fact, 'tensors')} tensors"
    lines = [Text.assemble((fact.samples["type"], "bold"), f" over {held}{rate}")]
    if "of_parameters" in counts:
        whole = counts["parameters_held"] == counts["of_parameters"]
        share = "all" if whole else f"{_count(fact, 'parameters_held')} of {_count(fact, 'of_parameters')}"
        said = f"it holds {share} parameters of {fact.samples['model']} ({fact.samples['model_type']})"
        lines.append(Text(said, style="dim" if whole else "yellow"))
    return Group(*lines)


def _checkpoint(facts: Sequence[Data]) -> RenderableType:
    fact = facts[0]
    sizes = f" ({_count(fact, 'parameters')} parameters)" if "parameters" in fact.counts else ""
    return Text.assemble(
        f"{fact.samples['deed']} ", (fact.samples["path"] or "?", "bold"), f": {fact.samples['holds']}{sizes}"
    )


def _weights(facts: Sequence[Data]) -> RenderableType:
    fact = facts[0]
    left = [f"{_count(fact, name)} {name}" for name in ("missing", "unexpected") if fact.counts.get(name)]
    text = Text.assemble("into ", (fact.samples["into"], "bold"), f": {_count(fact, 'tensors')} tensors")
    return text.append(f"; {' and '.join(left)}", style="yellow") if left else text


def _counts(facts: Sequence[Data]) -> RenderableType:
    lines = [Text(", ".join(f"{name} {count:,g}" for name, count in fact.counts.items())) for fact in facts]
    return Columns(lines) if len(lines) > 1 else (lines[0] if lines else Text(""))


def guessing(classes: int) -> float:
    """Return the cross-entropy of guessing between classes: ln(classes)."""
    return log(max(1, classes))


def indented(part: RenderableType) -> RenderableType:
    """Return a picture set in from the left."""
    return Padding(part, (0, 0, 0, 2))


_PEEKS: dict[str, Callable[[Sequence[Data]], RenderableType]] = {
    "table": _table,
    "tokens": _tokens,
    "review tokens": _one_review,
    "dataset": _splits,
    "split": _splits,
    "vocabulary": _vocabulary,
    "label map": _label_map,
    "field": _field,
    "loader": _loader,
    "batch": _batch,
    "tensors": _tensors,
    "file": _file,
    "optimizer": _optimizer,
    "checkpoint": _checkpoint,
    "weights": _weights,
    "padding": _padding,
    "history": _history,
    "evaluation": _evaluation,
    "prediction": _prediction,
}

PEEKED = frozenset(_PEEKS)
