"""Tensors in words: `text (seq_len=251, batch=128) int64`, each axis in its own colour wherever it appears."""

from __future__ import annotations

from rich.text import Text

from rnnlab.facts import Axis, Call, GroupNote, Named, Note, PackedNote, TensorNote, ValueNote
from rnnlab.operations import RECURRENT

# One colour per axis, the same on every screen; the name always stands beside it.
AXIS_STYLES = {
    "seq_len": "cyan",
    "batch": "magenta",
    "emb": "green",
    "hid": "yellow",
    "classes": "bright_blue",
    "tokens": "bright_cyan",
}


def axis_style(name: str) -> str:
    """Return the colour of an axis; `2*hid` has the colour of hid."""
    for part in name.replace("+", "*").split("*"):
        if part.partition("_")[0] in AXIS_STYLES or part in AXIS_STYLES:
            return AXIS_STYLES.get(part) or AXIS_STYLES[part.partition("_")[0]]
    return "default"


def axes_text(shape: tuple[int | None, ...] | None, axes: tuple[Axis, ...]) -> Text:
    """Return `(seq_len=251, batch=128)`; an axis that only counts one layer is a plain 1, an unknown name is `?`."""
    if shape is None:
        return Text("(unknown shape)", style="dim")
    text = Text("(")
    for i, size in enumerate(shape):
        name = axes[i].name if i < len(axes) else "?"
        number = "?" if size is None else f"{size:,}"
        text.append(", " if i else "")
        if size == 1 and name.startswith("layers"):
            text.append("1")
        else:
            text.append(name, style=axis_style(name) if name != "?" else "dim")
            text.append(f"={number}")
    return text.append(")")


def note_text(name: str, note: Note | None) -> Text:
    """Return a value under its name: a tensor, a packed sequence, an RNN's tuple, or anything else."""
    text = Text(f"{name} " if name else "", style="bold")
    text.style = ""
    if name:
        text.stylize("bold", 0, len(name))
    if isinstance(note, TensorNote):
        if note.shape == ():
            return text.append(f"one number {note.dtype}".rstrip(), style="dim")
        return text.append_text(axes_text(note.shape, note.axes)).append(f" {note.dtype}", style="dim")
    if isinstance(note, PackedNote):
        return text.append_text(packed_text(note))
    if isinstance(note, GroupNote):
        names = [item.name for item in note.items]
        parts = [note_text(word, item.note) for word, item in zip(names, note.items, strict=True)]
        return text.append("(").append_text(Text(", ").join(parts)).append(")")
    if isinstance(note, ValueNote):
        return text.append(note.text or note.type, style="dim")
    return text


def packed_text(note: PackedNote) -> Text:
    """Return `7,620 tokens packed from (seq_len=200 × batch=64), emb=128`."""
    if note.tokens is None:
        return Text("a packed sequence")
    text = Text(f"{note.tokens:,} tokens", style=AXIS_STYLES["tokens"])
    text.style = ""
    text.stylize(AXIS_STYLES["tokens"])
    text.append(" packed from (", "default").append("seq_len", AXIS_STYLES["seq_len"]).append(f"={note.seq_len} × ")
    text.append("batch", AXIS_STYLES["batch"]).append(f"={note.batch})")
    for size, axis in zip(note.features, note.axes[1:], strict=False):
        text.append(", ").append(axis.name, axis_style(axis.name)).append(f"={size}")
    return text


def outputs(call: Call) -> list[Named]:
    """Return what a call gave under the variables that it was bound to; an RNN's tuple is opened."""
    names = [name.strip("()") for name in call.binds]
    if not isinstance(call.output, GroupNote):
        return [Named(names[0] if names else "", call.output)] if call.output is not None else []
    items = list(call.output.items)
    words = names if len(names) == len(items) else (_RNN_WORDS if call.what in RECURRENT else [""] * len(items))
    opened: list[Named] = []
    for word, item in zip(words, items, strict=False):
        if isinstance(item.note, GroupNote):
            inner = [part.strip() for part in word.split(",")]
            inner = inner if len(inner) == len(item.note.items) else ["hidden", "cell"]
            opened.extend(Named(w, i.note) for w, i in zip(inner, item.note.items, strict=False))
        else:
            opened.append(Named(word, item.note))
    return opened


_RNN_WORDS = ["output", "hidden"]


def flow(call: Call) -> list[Text]:
    """Return the lines `in → out` of a call: what went in, an arrow, and one line for each thing that came out."""
    inputs = Text(", ").join([note_text(item.name, item.note) for item in call.inputs[:3]])
    lines = [inputs] if call.inputs else []
    for item in outputs(call):
        name = item.name or _usual_name(call)
        lines.append(Text.assemble(("  → ", "bold"), note_text(name, item.note)))
    return lines


def _usual_name(call: Call) -> str:
    """What the lecture calls a result that the program did not name."""
    if call.what == "linear" and isinstance(call.output, TensorNote) and call.output.axes:
        return "logits" if call.output.axes[-1].name == "classes" else ""
    return {"cross_entropy": "loss", "squeeze": "hidden"}.get(call.what, "")
