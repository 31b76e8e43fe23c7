"""Recurrent layers: what LSTM, GRU and RNN give, with the axes that their options say."""

from __future__ import annotations

from typing import Any

from rnnlab import axes
from rnnlab.axes import Symbol
from rnnlab.operations import Operation
from rnnlab.reading import tensors
from rnnlab.reading.libraries import torch_layers
from rnnlab.reading.values import Listing, Packed, Tensor, Thing, Value, constant


def read(run: Any, owner: Thing, operation: Operation, pairs: list[tuple[str, Value]], given: Any) -> Value:
    """`(output, hidden)` or `(output, (hidden, cell))`, with the axes that the layer's options say."""
    options = owner.fields["options"]
    read = pairs[0][1] if pairs else Tensor()
    two_way, first = _flag(options["bidirectional"]), _flag(options["batch_first"])
    width, layers = tensors.plain(options.get("hidden_size")), tensors.plain(options["num_layers"])
    width = width if isinstance(width, int) else owner.fields.setdefault("width", run.size())
    hid = torch_layers.symbol_of(run, owner, "hid")
    both = (
        owner.fields["symbols"].setdefault("2*hid", Symbol(f"2*{hid.name}", "propagated")) if two_way is True else hid
    )
    if two_way is ...:
        both = Symbol()
    rows = layers * (2 if two_way is True else 1) if isinstance(layers, int) and two_way is not ... else run.size()
    row = (
        Symbol("layers*directions" if two_way is True else "layers", "propagated")
        if two_way is not ...
        else Symbol("layers?", "propagated")
    )
    step_width = 2 * width if two_way is True else width if two_way is False else run.size()
    batch = Symbol("batch", "propagated")
    size = run.size()
    output: Value
    if isinstance(read, Packed):
        output = Packed((step_width,), [Symbol("tokens", "propagated"), both])
        state = Tensor((rows, size, width), [row, batch, hid], "float32")
    elif isinstance(read, Tensor) and read.shape is not None and len(read.shape) == 2:
        axes.read_by_rnn(read.symbols, first is True)
        output = Tensor((read.shape[0], step_width), [read.symbols[0], both], "float32")
        state = Tensor((rows, width), [row, hid], "float32")
    else:
        output, state = _unrolled(run, read, first, (rows, width, step_width), (row, hid, both))
    kept = _cell_state(state)
    hidden: Value = Listing("tuple", [state, kept]) if operation.name == "lstm" else state
    values = {name: torch_layers.noted(value) for name, value in options.items() if name in _NOTED}
    return tensors.tell(
        run,
        operation,
        pairs,
        Listing("tuple", [output, hidden]),
        given.node,
        {**values, "made": owner.fields["told"]},
        layer=torch_layers.text_of(owner),
    )


_NOTED = {"input_size", "hidden_size", "num_layers", "batch_first", "bidirectional", "dropout"}


def _flag(value: Value) -> Any:
    """Return a truth value; `...` where it is not known."""
    known = constant(value, ...)
    return bool(known) if isinstance(known, bool | int) else ...


def _unrolled(
    run: Any, read: Value, first: Any, sizes: tuple[int, int, int], names: tuple[Symbol, ...]
) -> tuple[Tensor, Tensor]:
    rows, width, step_width = sizes
    row, hid, both = names
    symbols = [Symbol(), Symbol(), Symbol()]
    shape: tuple[int, ...] = (run.size(), run.size(), 0)
    if isinstance(read, Tensor) and read.shape is not None and len(read.shape) == 3:
        symbols, shape = list(read.symbols), read.shape
    if first is not ...:
        axes.read_by_rnn(symbols, first)
        batch = int(not first)
    else:
        batch = 0
    output = Tensor((*shape[:2], step_width), [*symbols[:2], both], "float32")
    batch_symbol = symbols[batch] if first is not ... else Symbol()
    return output, Tensor((rows, shape[batch], width), [row, batch_symbol, hid], "float32")


def _cell_state(state: Tensor) -> Tensor:
    return Tensor(state.shape, state.symbols, state.dtype)
