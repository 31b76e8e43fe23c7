"""Errors of evaluating: numbers that are taken out of torch."""

from __future__ import annotations

from rnnlab.errors.kit import Explanation, code, explains, shown
from rnnlab.facts import Crash
from rnnlab.record import Record


@explains("RuntimeError", r"Can't call numpy\(\) on Tensor that requires grad")
def numpy_of_a_tensor_in_the_graph(record: Record, crash: Crash) -> Explanation | None:
    """A tensor that still belongs to the graph is handed to numpy."""
    given = f": {shown(crash.inputs[0], 'the tensor')}" if crash.inputs else ""
    return Explanation(
        f"{code(record, crash.place)}{given}; it still belongs to the graph of the gradients.",
        "numpy knows nothing of gradients, so torch lets no tensor go that still takes part in them.",
        "evaluate under `with torch.no_grad():`, or write `.detach().cpu().numpy()`",
    )


@explains("TypeError", r"can't convert \S+ device type tensor to numpy")
def numpy_of_a_tensor_on_a_device(record: Record, crash: Crash) -> Explanation | None:
    """A tensor that lies on a graphics card is handed to numpy."""
    given = f": {shown(crash.inputs[0], 'the tensor')}" if crash.inputs else ""
    return Explanation(
        f"{code(record, crash.place)}{given}.", "numpy reads main memory only.", "write `.detach().cpu().numpy()`"
    )
