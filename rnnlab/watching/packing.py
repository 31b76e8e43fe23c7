"""Watches packing and padding: plain Python functions of torch, which a witness of torch calls sees only from within."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from torch.nn.utils import rnn

from rnnlab import axes
from rnnlab.axes import Operand, Use
from rnnlab.facts import Named
from rnnlab.operations import operation_of
from rnnlab.watching.measuring import tensors_and_packs, tensors_in
from rnnlab.watching.places import here
from rnnlab.watching.replacing import Replacements

if TYPE_CHECKING:
    from rnnlab.watching.calls import Calls

_PACKING = ("pack_padded_sequence", "pad_packed_sequence", "pad_sequence", "pack_sequence")


class Packing:
    """The packing functions, replaced wherever the learner's modules hold them while the witness of calls is entered."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._replacements = Replacements(calls.recorder.places)

    def __enter__(self) -> Packing:
        self._replacements.add(rnn, {name: self._watched(name, getattr(rnn, name)) for name in _PACKING})
        self._replacements.spread()
        return self

    def __exit__(self, *error: Any) -> None:
        self._replacements.put_back()

    def _watched(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        operation, calls, recorder = operation_of(name), self._calls, self._calls.recorder

        @functools.wraps(original)
        def watched(*args: Any, **kwargs: Any) -> Any:
            frame, beneath = recorder.places.caller(here())
            # pack_sequence itself uses the others: what the learner wrote is one row.
            if recorder.quiet or frame is None or beneath is not None:
                return original(*args, **kwargs)
            operands: list[Operand] = []
            inputs: tuple[Named, ...] = ()
            with calls.aside():
                with recorder.guarded():
                    operands = calls.operands(args, kwargs)
                    inputs = calls.inputs(frame, tensors_and_packs(args, kwargs))
                try:
                    with recorder.silence():
                        result = original(*args, **kwargs)
                except Exception as error:
                    calls.failed(error, operation, frame, inputs, args, kwargs)
                    raise
                with recorder.guarded():
                    made = tensors_in((result,))
                    use = Use(operands, args, kwargs, [tuple(t.shape) for t in made])
                    symbols = axes.through_packing(operation.name, use) or axes.through(operation.family, use)
                    calls.tell(operation, frame, inputs, result, args, kwargs, made, symbols)
            return result

        return watched
