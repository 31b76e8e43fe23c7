"""Errors of training: gradients that have nowhere to go, and devices."""

from __future__ import annotations

import re

from rnnlab.errors.kit import Explanation, code, explains, history, line_of, shown, source
from rnnlab.facts import Call, Crash, Named, Note, PackedNote, TensorNote
from rnnlab.operations import OPERATIONS
from rnnlab.record import Record

# Operations whose result is a choice or a count: no gradient passes them.
_CUTS = {"argmax", "eq", "compare", "round", "tensor", "item"}
_LAYERS = {operation.name for operation in OPERATIONS if operation.stage in {"embed", "rnn"}} | {
    "linear",
    "conv1d",
    "conv2d",
}


@explains("RuntimeError", r"does not require grad and does not have a grad_fn")
def graph_cut_before_the_loss(record: Record, crash: Crash) -> Explanation | None:
    """Something between the model and the loss took the loss out of the graph."""
    if crash.what not in {"backward", ""}:
        return None
    loss = shown(crash.inputs[0], "the loss") if crash.inputs else "the loss"
    happened = f"{code(record, crash.place)}: {loss}, and no weight of the model leads to it."
    if crash.values.get("grad_on") is False:
        return Explanation(
            happened,
            "backward() runs while gradients are switched off (torch.no_grad or inference_mode).",
            "train outside of `with torch.no_grad():`; it belongs around evaluation only",
        )
    calls = list(history(record, crash.inputs))
    off = next((call for call in reversed(calls) if call.grad_on is False and call.what in _LAYERS), None)
    if off is not None:
        return Explanation(
            happened,
            f"{_at(record, crash, off)} ran while gradients were switched off (torch.no_grad or inference_mode).",
            "train outside of `with torch.no_grad():`; it belongs around evaluation only",
            (off.n,),
        )
    cut = next((call for call in calls if _cuts(record, call) and not _goes_round(record, crash, call)), None)
    if cut is None:
        return Explanation(
            happened,
            "The loss was made of tensors that take no part in training: by .data, .item() or torch.tensor(...) "
            "on the way, "
            "or by a model whose weights are all frozen.",
            "give the loss the model's own result, `loss = criterion(model(text), labels)`",
        )
    what = "argmax chooses a class, and a choice has no gradient" if cut.what == "argmax" else "no gradient passes it"
    return Explanation(
        happened,
        f"{_at(record, crash, cut)} took it out of the graph: {what}.",
        "give the loss the logits themselves; choose the class (argmax, round) only where you count right answers",
        (cut.n,),
    )


def _cuts(record: Record, call: Call) -> bool:
    return call.what in _CUTS or (call.what == "to" and ".detach" in source(record, call.place))


def _goes_round(record: Record, crash: Crash, cut: Call) -> bool:
    """Say whether a layer takes part in the loss on a way that does not lead through this call."""
    return any(call.what in _LAYERS for call in history(record, crash.inputs, without=cut))


def _at(record: Record, crash: Crash, call: Call) -> str:
    line = f" in {line_of(call.place, crash)}" if call.place is not None else ""
    return f"{code(record, call.place)}{line}"


@explains("RuntimeError", r"[Bb]ackward through the graph a second time")
def backward_twice_through_one_graph(record: Record, crash: Crash) -> Explanation | None:
    """The same graph is walked back twice; what the two have in common is not known."""
    given = f": {shown(crash.inputs[0], 'the loss')}" if crash.inputs else ""
    return Explanation(
        f"{code(record, crash.place)}{given}; a part of what led to it was walked back before, and its memory is "
        "freed.",
        "Something made for an earlier backward() takes part in this one: backward() called twice on one loss, a "
        "loss that adds up "
        "earlier ones, or a tensor kept from the last batch.",
        "make everything that the loss needs anew in each batch, and keep old values as numbers (`loss.item()`) "
        "or `.detach()`ed; "
        "retain_graph=True hides it and grows slower",
    )


@explains("RuntimeError", r"grad can be implicitly created only for scalar outputs")
def loss_is_not_one_number(record: Record, crash: Crash) -> Explanation | None:
    """backward() is called on a tensor with many numbers."""
    if not crash.inputs or not isinstance(crash.inputs[0].note, TensorNote):
        return None
    name = crash.inputs[0].name or "the loss"
    return Explanation(
        f"{code(record, crash.place)}: {shown(crash.inputs[0], 'the loss')}, one number for each row.",
        "backward() starts at one number. A loss with reduction='none', or a result that never met a loss, has many.",
        f"take the mean first: `{name if name.isidentifier() else 'loss'}.mean().backward()`",
    )


_DEVICES = r"same device|is not on the expected device|Input and \w+ tensors are not at the same device"


@explains("RuntimeError", _DEVICES)
def tensors_on_two_devices(record: Record, crash: Crash) -> Explanation | None:
    """A layer lies on one device and what it is given on another."""
    inputs = [(item, _device(item.note)) for item in crash.inputs]
    given = [(item, device) for item, device in inputs if device]
    weights = sorted({device for item in crash.parameters if (device := _device(item.note))})
    devices = {device for _, device in given} | set(weights)
    if len(devices) < 2:
        return _devices_in_the_text(record, crash)
    said = ", ".join(f"{shown(item)} on {device}" for item, device in given[:3])
    if len(weights) == 1:
        said += f", the layer's weights are on {weights[0]}"
        others = [item for item, device in given if device != weights[0]]
        return _moved(f"{code(record, crash.place)}: {said}.", others, weights[0])
    home = next((device for _, device in given if device != "cpu"), given[0][1])
    others = [item for item, device in given if device != home]
    return _moved(f"{code(record, crash.place)}: {said}.", others, home)


def _moved(happened: str, others: list[Named], home: str) -> Explanation:
    names = [item.name for item in others if item.name.replace(".", "").isidentifier()]
    moves = ", ".join(
        f"`{name} = {name}.to(device)`" if "." not in name else f"`{name}.to(device)`" for name in names[:2]
    )
    if home == "cpu" and others:
        elsewhere = _device(others[0].note)
        return Explanation(
            happened,
            f"The weights are still in main memory (cpu), and what comes in lies on {elsewhere}.",
            f"move the model as well, before you make its optimizer: `model = model.to('{elsewhere}')`",
        )
    return Explanation(
        happened,
        f"torch calculates where all operands lie on one device, here {home}. A tensor that you make yourself "
        "(a batch, a sentence, a first hidden state) is born on the cpu.",
        f"move it before this line: {moves}" if moves else "move what is left behind: `.to(device)`",
    )


def _device(note: Note) -> str:
    return note.device if isinstance(note, TensorNote | PackedNote) else ""


def _devices_in_the_text(record: Record, crash: Crash) -> Explanation | None:
    found = sorted(set(re.findall(r"\b(?:cpu|meta|mps(?::\d+)?|cuda(?::\d+)?)\b", crash.message)))
    if len(found) < 2:
        return None
    return Explanation(
        f"{code(record, crash.place)}: its operands lie on {' and '.join(found)}.",
        "torch calculates where all operands lie on one device.",
        "move the model once (`model.to(device)`) and each batch's tensors before they are used (`.to(device)`)",
    )


@explains(
    "AssertionError RuntimeError",
    r"Torch not compiled with CUDA enabled|Found no NVIDIA driver|No CUDA GPUs are available",
)
def no_gpu_here(record: Record, crash: Crash) -> Explanation | None:
    """A tensor or model is moved to a graphics card that this machine, or this PyTorch, does not have."""
    return Explanation(
        f"{code(record, crash.place)} moves to a CUDA device, and this PyTorch finds none.",
        "The program was written for a machine with an NVIDIA card; here it has to run on the cpu.",
        "write `device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')` once and `.to(device)` "
        "everywhere",
    )
