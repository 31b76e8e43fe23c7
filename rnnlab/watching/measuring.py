"""What can be read off the arguments and results of a torch call: the tensors in them, and the few numbers worth noting."""

from __future__ import annotations

from math import isfinite
from typing import Any

import torch
from torch.nn.utils.rnn import PackedSequence

from rnnlab.operations import LOSSES, Operation

_FEW = 32  # numbers at most that are noted of a small tensor of probabilities


def tensors_and_packs(args: Any, kwargs: dict[str, Any]) -> list[Any]:
    """Return the tensors and packed sequences among arguments, with one level of tuples and lists opened."""
    return opened(in_order(args, kwargs))


def in_order(args: Any, kwargs: dict[str, Any]) -> list[Any]:
    """Return arguments with the input first, in whatever order they were named."""
    return [*args, *(kwargs[name] for name in sorted(kwargs, key=lambda name: name not in {"input", "tensors"}))]


def opened(values: Any) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if isinstance(value, torch.Tensor | PackedSequence):
            found.append(value)
        elif isinstance(value, tuple | list):
            found.extend(opened(value[:64]))
    return found


def tensors_in(values: Any) -> list[torch.Tensor]:
    """Return every tensor in values, in order; of a packed sequence its data alone."""
    found: list[torch.Tensor] = []
    for value in values:
        if isinstance(value, torch.Tensor):
            found.append(value)
        elif isinstance(value, PackedSequence):
            found.append(value.data)
        elif isinstance(value, tuple | list):
            found.extend(tensors_in(value[:64]))
        elif isinstance(value, dict):
            found.extend(tensors_in(value.values()))
    return found


def measured(operation: Operation, args: Any, result: Any) -> dict[str, Any]:
    """Measure the few numbers that rules and views ask for; nothing is read back from an accelerator."""
    name = operation.name
    if name == "index" and len(args) > 1:
        keys = args[1] if isinstance(args[1], tuple) else (args[1],)
        return {
            "index": [k if isinstance(k, int) else ":" if isinstance(k, slice) else str(type(k).__name__) for k in keys]
        }
    if name == "item":
        value = result if isinstance(result, int | float) else None
        value = args[0].item() if value is None and readable(args[0]) and args[0].numel() == 1 else value
        return {} if value is None else number(value)
    if not isinstance(result, torch.Tensor) or not readable(result):
        return {}
    if name in LOSSES and result.numel() == 1:
        return number(float(result.detach()))
    if name == "sum" and result.numel() == 1 and args and isinstance(args[0], torch.Tensor):
        return {**number(float(result.detach())), "of": str(args[0].dtype).removeprefix("torch.")}
    if name in {"softmax", "sigmoid"} and result.numel() <= _FEW and bool(result.isfinite().all()):
        return {"values": result.detach().tolist()}
    if name in {"squeeze", "unsqueeze"}:
        dims = [a for a in args[1:] if isinstance(a, int)]
        return {"dim": dims[0]} if dims else {}
    return {}


def number(value: float) -> dict[str, Any]:
    """A number that was measured; JSON has no nan and no infinity, so these are noted in words."""
    return {"value": value} if isfinite(value) else {"not finite": str(value)}


def are_ids(tensor: Any) -> bool:
    return readable(tensor) and tensor.dtype == torch.int64 and 0 < tensor.numel() <= 4000 and not tensor.is_meta


def readable(tensor: Any) -> bool:
    return isinstance(tensor, torch.Tensor) and tensor.device.type == "cpu"
