"""One plain clause on what an operation did to the axes."""

from __future__ import annotations

from rnnlab.facts import Call, GroupNote, PackedNote, TensorNote, tensors
from rnnlab.operations import LOSSES, RECURRENT


def clause(call: Call) -> str:
    """Return the layer and what it did, in one sentence without its full stop; "" where there is nothing to add."""
    return ": ".join(part for part in (call.layer or "", _deed(call)) if part)


def _deed(call: Call) -> str:
    if call.what in RECURRENT:
        return _recurrent(call)
    if call.what in LOSSES:
        return "compares each row with its right class and takes the mean over the batch"
    return _CLAUSES.get(call.what, lambda _: "")(call)


def _recurrent(call: Call) -> str:
    packed = any(isinstance(item.note, PackedNote) for item in call.inputs)
    states = (
        tensors(call.output.items[1].note) if isinstance(call.output, GroupNote) and len(call.output.items) > 1 else []
    )
    layers = states[0].shape[0] if states and states[0].shape else 1
    first = "one layer, one direction" if layers == 1 else f"{layers} = layers × directions"
    read = (
        "reads real tokens only and stops at each review's own last word"
        if packed
        else "reads every step of the rectangle, padding included"
    )
    return f"{read}; the first axis of hidden counts {first}"


def _squeeze(call: Call) -> str:
    before = tensors(call.inputs[0].note) if call.inputs else []
    after = call.output
    if not before or not isinstance(after, TensorNote) or before[0].shape is None or after.shape is None:
        return ""
    if len(before[0].shape) == len(after.shape):
        return "drops nothing: the axis is longer than 1"
    dim = call.values.get("dim", 0)
    lost = [axis.name for axis in before[0].axes if axis not in after.axes] or [""]
    named = f" ({lost[0]})" if lost[0] not in {"", "?"} else ""
    return f"drops axis {dim}{named}, its size is 1"


def _linear(call: Call) -> str:
    before = tensors(call.inputs[0].note) if call.inputs else []
    if not before or not before[0].shape or not isinstance(call.output, TensorNote) or not call.output.shape:
        return ""
    return f"{before[0].shape[-1]} numbers per review become {call.output.shape[-1]}"


def _index(call: Call) -> str:
    before = tensors(call.inputs[0].note) if call.inputs else []
    keys = call.values.get("index", [])
    taken = [
        f"{key} along {before[0].axes[i].name}"
        for i, key in enumerate(keys)
        if before and isinstance(key, int) and i < len(before[0].axes) and before[0].axes[i].name != "?"
    ]
    return f"takes number {' and '.join(taken)}: that axis is gone" if taken else ""


def _cat(call: Call) -> str:
    made = call.output
    if not isinstance(made, TensorNote):
        return ""
    before = {axis.name for item in call.inputs for note in tensors(item.note) for axis in note.axes}
    joined = [axis.name for axis in made.axes if axis.name not in before]
    return (
        f"puts {len(call.inputs)} tensors end to end: {joined[0]}"
        if joined
        else "puts tensors end to end along one axis"
    )


_CLAUSES = {
    "embedding": lambda _: "each index is replaced by its row of the table: a new last axis",
    "pack_padded_sequence": lambda _: "takes the padding out: only real tokens are left, step by step",
    "pad_packed_sequence": lambda _: "puts the padding back, as zeros",
    "squeeze": _squeeze,
    "linear": _linear,
    "permute": lambda _: "moves the axes",
    "transpose": lambda _: "swaps two axes",
    "cat": _cat,
    "index": _index,
    "unsqueeze": lambda _: "adds an axis of size 1",
}
