"""One plain clause on what an operation did to the axes."""

from __future__ import annotations

from collections.abc import Callable

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


# --- what went in and came out -------------------------------------------------------------------------------------


def _given(call: Call) -> list[TensorNote]:
    """The tensors that went in, those whose shape is known."""
    return [note for item in call.inputs for note in tensors(item.note) if note.shape is not None]


def _made(call: Call) -> TensorNote | None:
    """The tensor that came out; the first of several."""
    return next((note for note in tensors(call.output) if note.shape is not None), None)


def _named(note: TensorNote, axis: int) -> str:
    """The axis in words: its name, or `axis 2` where that is not known."""
    rank = len(note.shape or ())
    axis = axis + rank if axis < 0 else axis
    name = note.axes[axis].name if axis < len(note.axes) else "?"
    name = "layer" if name == "layers" else name
    return name if name != "?" else f"axis {axis}"


def _size(note: TensorNote, axis: int) -> str:
    size = (note.shape or ())[axis] if -len(note.shape or ()) <= axis < len(note.shape or ()) else None
    return "?" if size is None else f"{size:,}"


def _dims(call: Call) -> list[int]:
    dim = call.values.get("dim")
    return [dim] if isinstance(dim, int) else [d for d in dim or [] if isinstance(d, int)]


# --- layers --------------------------------------------------------------------------------------------------------


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


def _cell(call: Call) -> str:
    steps = f"; the loop does it {call.times:,} times" if call.times > 1 else ""
    return f"one time step for every review at once{steps}"


def _linear(call: Call) -> str:
    before, after = _given(call), _made(call)
    if not before or not before[0].shape or after is None or not after.shape:
        return ""
    return f"{before[0].shape[-1]} numbers per review become {after.shape[-1]}"


def _convolution(call: Call) -> str:
    before, after = _given(call), _made(call)
    if not before or after is None or len(before[0].shape or ()) != 3 or len(after.shape or ()) != 3:
        return ""
    steps = f"{_named(before[0], 2)} goes from {_size(before[0], 2)} to {_size(after, 2)} windows"
    return f"slides a window along the last axis: {steps}, {_size(before[0], 1)} channels become {_size(after, 1)}"


def _pool(call: Call) -> str:
    before, after = _given(call), _made(call)
    if not before or after is None or not before[0].shape or not after.shape:
        return ""
    return f"one number per window along {_named(before[0], -1)}: {_size(before[0], -1)} become {_size(after, -1)}"


# --- axes moved, dropped, added -----------------------------------------------------------------------------------


def _squeeze(call: Call) -> str:
    before, after = _given(call), call.output
    if not before or not isinstance(after, TensorNote) or before[0].shape is None or after.shape is None:
        return ""
    if len(before[0].shape) == len(after.shape):
        return "drops nothing: the axis is longer than 1"
    if not _dims(call):
        lost = [_named(before[0], i) for i, size in enumerate(before[0].shape) if size == 1]
        return f"drops every axis of size 1: {', '.join(lost)}"
    dim = _dims(call)[0]
    name = _named(before[0], dim)
    axis = name if name.startswith("axis ") else f"the {name} axis"
    return f"squeeze({dim}): drops {axis}, its size is 1"


def _unsqueeze(call: Call) -> str:
    dim = f"unsqueeze({_dims(call)[0]}): " if _dims(call) else ""
    return f"{dim}adds an axis of size 1"


def _index(call: Call) -> str:
    before, keys = _given(call), call.values.get("index", [])
    if not before:
        return ""
    taken = [
        f"{key} along {_named(before[0], i)}"
        for i, key in enumerate(keys)
        if isinstance(key, int) and i < len(before[0].shape or ())
    ]
    if not taken:
        return ""
    each = ", another one each time" if call.times > 1 and not call.values.get("fixed") else ""
    return f"takes number {' and '.join(taken)}{each}: {'that axis is' if len(taken) == 1 else 'those axes are'} gone"


def _order(note: TensorNote) -> str:
    return f"({', '.join(_named(note, i) for i in range(len(note.shape or ())))})"


def _moved(verb: str) -> Callable[[Call], str]:
    def said(call: Call) -> str:
        before, after = _given(call), _made(call)
        if not before or after is None:
            return ""
        return f"{verb}: {_order(before[0])} becomes {_order(after)}"

    return said


def _view(call: Call) -> str:
    before, after = _given(call), _made(call)
    if not before or after is None:
        return ""
    if before[0].shape == after.shape:
        return "changes nothing: the shape is the same"
    same = "the numbers keep their order in memory"
    return f"reads {_order(before[0])} as {_order(after)}: {same}, so axes can be merged or cut, never swapped"


def _joined(call: Call) -> tuple[list[TensorNote], TensorNote, int] | None:
    before, after = _given(call), _made(call)
    if not before or after is None or not after.shape:
        return None
    dim = _dims(call)[0] if _dims(call) else 0
    return before, after, dim + len(after.shape) if dim < 0 else dim


def _cat(call: Call) -> str:
    found = _joined(call)
    if found is None:
        return ""
    before, after, dim = found
    last = " the last axis" if dim == len(after.shape or ()) - 1 else f" axis {dim}"
    name = _named(before[0], dim)
    joined = _named(after, dim)
    if joined.startswith(f"{len(before)}*"):
        directions = ", one per direction" if joined == "2*hid" and _comes_from_states(before) else ""
        return f"cat: {len(before)} × {name} along{last}{directions}"
    sizes = " + ".join(_size(note, dim) for note in before)
    return f"cat: puts {len(before)} tensors end to end along{last}: {sizes} = {_size(after, dim)}"


def _comes_from_states(notes: list[TensorNote]) -> bool:
    return len(notes) == 2 and all(len(note.shape or ()) == 2 for note in notes)


def _stack(call: Call) -> str:
    found = _joined(call)
    if found is None:
        return ""
    before, after, dim = found
    return f"stack: lays {len(before)} tensors side by side along a new axis {dim} of size {_size(after, dim)}"


def _pieces(call: Call) -> str:
    before, made = _given(call), tensors(call.output)
    if not before or not made or not made[0].shape:
        return ""
    gone = len(made[0].shape) < len(before[0].shape or ())
    return f"gives {len(made)} tensors{': the axis is taken apart' if gone else ', each a piece of the whole'}"


def _expand(call: Call) -> str:
    before, after = _given(call), _made(call)
    if not before or after is None:
        return ""
    return f"repeats what is there: {_order(before[0])} becomes {_order(after)}"


# --- along an axis ------------------------------------------------------------------------------------------------


def _reduced(verb: str) -> Callable[[Call], str]:
    def said(call: Call) -> str:
        before, after = _given(call), _made(call)
        if not before:
            return ""
        if len(before) > 1 and not _dims(call):
            return "compares two tensors place by place and keeps one of each pair"
        if after is not None and not after.shape:
            return f"{verb} of all {_count(before[0])}: one number is left"
        along = [_named(before[0], dim) for dim in _dims(call) if -len(before[0].shape or ()) <= dim]
        if not along or after is None:
            return ""
        kept = len(after.shape or ()) == len(before[0].shape or ())
        axes = "that axis is" if len(along) == 1 else "those axes are"
        return f"{verb} along {' and '.join(along)}: {axes} {'of size 1 now' if kept else 'gone'}"

    return said


def _count(note: TensorNote) -> str:
    total = 1
    for size in note.shape or ():
        total *= size or 1
    return f"{total:,} numbers" if total != 1 else "the one number"


def _shares(call: Call) -> str:
    before = _given(call)
    along = f" along {_named(before[0], _dims(call)[0])}" if before and _dims(call) else ""
    kind = "logarithms of shares" if call.what == "log_softmax" else "shares that add up to 1"
    return f"turns scores into {kind}{along}"


def _product(call: Call) -> str:
    before, after = _given(call), _made(call)
    if len(before) < 2 or after is None or not before[0].shape:
        return ""
    sides = f"{_order(before[0])} × {_order(before[1])}"
    return f"multiplies and adds up along {_named(before[0], -1)}: {sides} gives {_order(after)}"


def _gather(call: Call) -> str:
    before = _given(call)
    along = f" along {_named(before[0], _dims(call)[0])}" if before and _dims(call) else ""
    return f"picks places by index{along}"


def _item(call: Call) -> str:
    value = call.values.get("value")
    return "takes the number out of the tensor" + (f": {value:.4g}" if isinstance(value, int | float) else "")


_CLAUSES: dict[str, Callable[[Call], str]] = {
    "embedding": lambda _: "each index is replaced by its row of the table: a new last axis",
    "embedding_bag": lambda _: "looks up the rows of a whole review and takes their mean: the axis of tokens is gone",
    "pack_padded_sequence": lambda _: "takes the padding out: only real tokens are left, step by step",
    "pad_packed_sequence": lambda _: "puts the padding back, as zeros",
    "pack_sequence": lambda _: "lays sequences of different lengths side by side, step by step, without padding",
    "pad_sequence": lambda _: "fills shorter sequences up to the longest, so that they make a rectangle",
    "lstm_cell": _cell,
    "gru_cell": _cell,
    "rnn_cell": _cell,
    "linear": _linear,
    "conv1d": _convolution,
    "max_pool1d": _pool,
    "avg_pool1d": _pool,
    "dropout": lambda call: (
        "sets a random part to zero and scales the rest up"
        if call.training
        else "does nothing in eval(): a random part is set to zero in training alone"
        if call.training is False
        else "sets a random part to zero while training"
    ),
    "layer_norm": lambda _: "brings the last axis to mean 0 and spread 1, row by row",
    "batch_norm": lambda _: "brings each channel to mean 0 and spread 1 over the batch",
    "squeeze": _squeeze,
    "unsqueeze": _unsqueeze,
    "index": _index,
    "select": _index,
    "permute": _moved("moves the axes"),
    "transpose": _moved("swaps two axes"),
    "t": _moved("swaps the two axes"),
    "view": _view,
    "flatten": _view,
    "cat": _cat,
    "stack": _stack,
    "chunk": _pieces,
    "expand": _expand,
    "gather": _gather,
    "mean": _reduced("the mean"),
    "sum": _reduced("the sum"),
    "max": _reduced("the largest"),
    "min": _reduced("the smallest"),
    "argmax": _reduced("the place of the largest"),
    "any": _reduced("whether any (or all) are true"),
    "softmax": _shares,
    "log_softmax": _shares,
    "sigmoid": lambda _: "squeezes each number into 0 to 1",
    "tanh": lambda _: "squeezes each number into -1 to 1",
    "relu": lambda _: "sets what is below 0 to 0",
    "matmul": _product,
    "einsum": lambda _: "multiplies and adds up as its equation says",
    "item": _item,
    "zero_grad": lambda _: "forgets the gradients of the batch before",
    "backward": lambda _: "sends the gradient of the loss back to every weight",
    "clip_grad_norm_": lambda _: "scales the gradients down where their norm is too large",
    "optimizer_step": lambda _: "moves every weight a little against its gradient",
}
