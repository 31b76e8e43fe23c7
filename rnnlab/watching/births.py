"""Where axes get their names: at a layer, which gives birth to the same axis each time that it is called, at a functional
layer's weight, and in a loop that gives a cell one step after the other.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn

from rnnlab import axes
from rnnlab.axes import Operand, Symbol, Use


class Births:
    """The axes that the layers of one recording gave birth to."""

    def __init__(self) -> None:
        self._born: dict[int, tuple[weakref.ref[Any], dict[str, Symbol]]] = {}
        self._sizes: dict[str, int] = {}
        # The nameless axis along which a piece was taken from a tensor.
        self._along: dict[int, tuple[weakref.ref[Tensor], Symbol]] = {}
        # What each cell was given in the first turn of its loop.
        self._begun: dict[Any, Sequence[Operand]] = {}

    def symbol_of(self, owner: Any, name: str, layer: str, size: int) -> Symbol:
        """Return the axis that a layer gives birth to: the same symbol each time it is called.

        A second layer of another width gets the layer's name behind the axis name, so that one name has one size.
        """
        key, born = id(owner), self._born
        if key not in born or born[key][0]() is not owner:

            def gone(reference: Any) -> None:
                # An id is used again; only the entry of this very owner is forgotten.
                if key in born and born[key][0] is reference:
                    del born[key]

            born[key] = weakref.ref(owner, gone), {}
        symbols = born[key][1]
        if name not in symbols:
            label = name
            if name != "?" and self._sizes.setdefault(name, size) != size:
                label = f"{name}_{layer or size}"
            symbols[name] = Symbol() if name == "?" else Symbol(label, "propagated")
        return symbols[name]

    def at_function(self, args: Sequence[Any], made: Sequence[Tensor]) -> Callable[[str], Symbol]:
        """Functional layers give birth to axes at their weight; without one, each call to new ones."""
        weight = next((a for a in args if isinstance(a, nn.Parameter)), None)
        if weight is None or not made:
            return lambda name: Symbol(name, "propagated")
        return lambda name: self.symbol_of(weight, name, "", made[0].shape[-1])

    def at_layer(self, module: nn.Module, layer: str) -> Callable[[str], Symbol]:
        """Layers give birth to axes of their own width."""
        return lambda name: self.symbol_of(module, name, layer, _width(module))

    def through_rnn(self, module: Any, layer: str, use: Use) -> list[axes.Symbols]:
        """Axes of `(output, hidden)` or `(output, (hidden, cell))`; the input settles what the RNN reads as what."""
        directions = 2 if module.bidirectional else 1
        width = module.proj_size or module.hidden_size
        hid = self.symbol_of(module, "proj" if module.proj_size else "hid", layer, width)
        state = hid
        if directions == 2:
            hid = self.symbol_of(module, f"2*{state.name}", layer, 2 * width)
        operand = use.tensors[0]
        packed = isinstance(next(iter((*use.args, *use.kwargs.values()))), nn.utils.rnn.PackedSequence)
        if not packed:
            axes.read_by_rnn(operand.symbols, module.batch_first)
        single = not packed and len(operand.shape) == 2
        if packed or single:
            time, batch = operand.symbols[0], Symbol("batch", "propagated")
        else:
            time, batch = operand.symbols[int(module.batch_first)], operand.symbols[1 - int(module.batch_first)]
        layers = self.symbol_of(module, "layers*directions" if directions == 2 else "layers", layer, 0)
        cell = self.symbol_of(module, "hid", layer, module.hidden_size) if module.proj_size else state
        # The states to begin with: (layers, batch, hid), whatever batch_first says.
        for given, width_of in zip(use.tensors[1:], (state, cell), strict=False):
            for symbol, name in zip(given.symbols, (layers.name, "batch", width_of.name), strict=False):
                if len(given.shape) == 3:
                    symbol.settle(name)
        if single:
            return [[time, hid], [layers, state], [layers, cell]][: len(use.shapes)]
        output = [time, hid] if packed else [batch, time, hid] if module.batch_first else [time, batch, hid]
        return [output, [layers, batch, state], [layers, batch, cell]][: len(use.shapes)]

    # --- loops over steps ----------------------------------------------------------------------------------------

    def taken(self, whole: Operand, piece: Tensor, symbols: axes.Symbols) -> None:
        """Remember along which axis a piece was taken, where an operation has dropped one nameless axis."""
        if len(whole.shape) == len(symbols) + 1 and any(axis.name == "?" for axis in whole.symbols):
            dropped = [axis for axis in whole.symbols if axis not in symbols]
            if len(dropped) == 1:
                self.taken_along(dropped[0], piece)

    def taken_along(self, axis: Symbol, piece: Tensor) -> None:
        """Remember the axis that a loop walks along, until a cell says what it is; one that has a name needs nothing."""
        if axis.name == "?":
            if len(self._along) > 1_000:
                self._along = {key: known for key, known in self._along.items() if known[0]() is not None}
            self._along[id(piece)] = weakref.ref(piece), axis

    def begun(self, row: Any, operands: Sequence[Operand]) -> None:
        """A cell was given its first step."""
        self._begun[row] = operands

    def walked(self, row: Any, step: Any, operands: Sequence[Operand]) -> None:
        """A cell was given another step: the axis that the steps are taken along is seq_len, each is one of the batch."""
        piece, axis = self._along.pop(id(step), (lambda: None, None))
        if axis is None or piece() is not step:
            return
        axis.settle("seq_len")
        for operand in (*self._begun.pop(row, ()), *operands):
            if len(operand.shape) == 2:
                operand.symbols[0].settle("batch")


def _width(module: nn.Module) -> int:
    widths = (getattr(module, name, None) for name in ("embedding_dim", "hidden_size", "out_channels"))
    return next((width for width in widths if width), 0)
