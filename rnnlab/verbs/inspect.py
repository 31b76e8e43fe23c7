"""`rnnlab.inspect`: print what a thing is, whatever is met on the way from a CSV to a prediction."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from rnnlab.facts import Data
from rnnlab.record import Record
from rnnlab.views import terminal, things
from rnnlab.watching.describing import describe, is_module
from rnnlab.watching.recorder import settled
from rnnlab.watching.watch import Watch, new_record

if TYPE_CHECKING:
    from rich.console import Console


def inspect(thing: Any, *inputs: Any, axes: str | None = None, console: Console | None = None) -> None:
    """Print the panel of a thing.

    Args:
        thing: a DataFrame; a torchtext Dataset, Field, Vocab or iterator; a DataLoader; a batch; a tensor; a PackedSequence; an
            LSTM's `(output, (hidden, cell))`; a record; or a module, with the inputs to run it on.
        inputs: what a module is called with: its forward pass is traced and shown.
        axes: the names of a tensor's axes, such as "seq_len batch".
    """
    console = console or terminal.console()
    if isinstance(thing, Record):
        console.print(things.trace_view(thing))
        return
    if is_module(thing):
        _inspect_module(thing, inputs, axes, console)
        return
    what, counts, samples = _described(thing)
    if what != "value":
        fact = Data(what=what, id=0, name="", counts=counts, samples=samples)
        console.print(things.data_view(type(thing).__name__, fact))
        return
    watch = Watch(new_record())
    if axes is not None and hasattr(thing, "dim"):
        watch.recorder.declare(thing, axes.split())
    _declare_rnn_result(watch, thing)
    note = settled(watch.recorder.note(thing))
    console.print(things.value_view(type(thing).__name__, note, _numbers(thing)))


def _inspect_module(module: Any, inputs: tuple[Any, ...], axes: str | None, console: Console) -> None:
    from rnnlab.verbs.trace import trace

    if not inputs:
        parameters = [(name, tuple(p.shape), p.requires_grad) for name, p in module.named_parameters()]
        console.print(things.module_view(repr(module), parameters))
        return
    try:
        record = trace(module, *inputs, axes=axes)
    except Exception as error:
        seen = getattr(error, "record", None)
        if seen is not None:
            console.print(things.trace_view(seen))
        raise
    console.print(things.trace_view(record))


def _declare_rnn_result(watch: Watch, thing: Any) -> None:
    """Name the axes of an RNN's `(output, hidden)` or `(output, (hidden, cell))`, which PyTorch lays down.

    Hidden is always (layers × directions, batch, hid); where the batch stands in output is found by its size, and
    stays unknown if both axes have it.
    """
    if not isinstance(thing, tuple) or len(thing) != 2:
        return
    states = thing[1] if isinstance(thing[1], tuple) else (thing[1],)
    tensors = [thing[0], *states]
    if not all(hasattr(tensor, "dim") and tensor.dim() == 3 for tensor in tensors):
        return
    output, hidden = tensors[0], tensors[1]
    directions, rest = divmod(output.shape[2], hidden.shape[2])
    if rest or directions not in {1, 2} or hidden.shape[1] not in output.shape[:2]:
        return
    for state in states:
        watch.recorder.declare(state, ("layers" if directions == 1 else "layers*directions", "batch", "hid"))
    if output.shape[0] != output.shape[1]:
        first = ("batch", "seq_len") if output.shape[0] == hidden.shape[1] else ("seq_len", "batch")
        watch.recorder.declare(output, (*first, "hid" if directions == 1 else "2*hid"))


def _described(thing: Any) -> tuple[str, dict[str, float], dict[str, Any]]:
    """Describe a data object; one that only looks like one (or fails when it is asked) is a value like any other."""
    try:
        return describe(thing)
    except Exception:
        return "value", {}, {}


def _numbers(thing: Any) -> dict[str, str]:
    """Return a few numbers of a tensor: range, mean, and whether anything is not finite."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(thing, torch.Tensor) or not thing.numel():
        return {}
    if thing.is_complex() or thing.is_meta or thing.layout is not torch.strided or thing.is_quantized:
        return {}
    values = thing.detach().double()
    found = {
        "smallest": f"{values.min().item():g}",
        "largest": f"{values.max().item():g}",
        "mean": f"{values.mean().item():g}",
    }
    if not bool(torch.isfinite(values).all()):
        found["not finite"] = f"{int((~torch.isfinite(values)).sum()):,}"
    if thing.requires_grad:
        found["gradient"] = "kept"
    return found
