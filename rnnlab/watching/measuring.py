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
    if not kwargs:
        return list(args)
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


def measured(operation: Operation, args: Any, kwargs: dict[str, Any], result: Any) -> dict[str, Any]:
    """Measure the few numbers that rules and views ask for; nothing is read back from an accelerator."""
    name = operation.name
    if name == "index" and len(args) > 1:
        keys = args[1] if isinstance(args[1], tuple) else (args[1],)
        return {
            "index": [k if isinstance(k, int) else ":" if isinstance(k, slice) else str(type(k).__name__) for k in keys]
        }
    if name == "select" and len(args) > 2 and all(isinstance(a, int) for a in args[1:3]):
        before: list[Any] = [":"] * (args[1] % max(1, args[0].dim()))
        return {"index": [*before, args[2]], "dim": args[1]}
    if name == "item":
        value = result if isinstance(result, int | float) else None
        value = args[0].item() if value is None and readable(args[0]) and args[0].numel() == 1 else value
        return {} if value is None else number(value)
    if name in _ALONG:
        return {**_dims(args, kwargs, _ALONG[name]), **_small(name, args, result)}
    return _small(name, args, result)


# Operations that work along axes, and where the axis stands among their arguments.
_ALONG = {
    **dict.fromkeys(("squeeze", "unsqueeze", "mean", "sum", "max", "min", "argmax", "any"), 1),
    **dict.fromkeys(("softmax", "log_softmax", "gather", "select", "cat", "stack"), 1),
}


def _dims(args: Any, kwargs: dict[str, Any], position: int) -> dict[str, Any]:
    """The axis, or the axes, that a call names."""
    dim = args[position] if len(args) > position else kwargs.get("dim", kwargs.get("axis"))
    if isinstance(dim, bool) or not isinstance(dim, int | tuple | list):
        return {}
    return {"dim": dim} if isinstance(dim, int) else {"dim": [d for d in dim if isinstance(d, int)]}


def _small(name: str, args: Any, result: Any) -> dict[str, Any]:
    """The numbers of small results that views and rules read."""
    if not isinstance(result, torch.Tensor) or not readable(result):
        return {}
    if name in LOSSES and result.numel() == 1:
        return number(float(result.detach()))
    if name == "sum" and result.numel() == 1 and args and isinstance(args[0], torch.Tensor):
        return {**number(float(result.detach())), "of": str(args[0].dtype).removeprefix("torch.")}
    if name in {"softmax", "sigmoid"} and result.numel() <= _FEW and bool(result.isfinite().all()):
        return {"values": result.detach().tolist()}
    return {}


def sampled(tensor: torch.Tensor) -> dict[str, Any]:
    """The first numbers of a tensor, and its smallest, largest and mean one; nothing for what cannot be read here."""
    if not readable(tensor) or tensor.is_meta or not tensor.numel() or tensor.is_complex():
        return {}
    plain = tensor.detach()
    numbers = plain.float() if not plain.is_floating_point() else plain
    finite = numbers[numbers.isfinite()]
    least = [float(number) for number in (finite.min(), finite.max(), finite.mean())] if finite.numel() else []
    return {
        "sample": [_plain(one) for one in plain.reshape(-1)[:_FEW].tolist()],
        **dict(zip(("min", "max", "mean"), least, strict=False)),
        **({"not finite": int(numbers.numel() - finite.numel())} if finite.numel() < numbers.numel() else {}),
    }


def _plain(one: Any) -> Any:
    """JSON has no nan and no infinity: these are noted in words."""
    return (
        str(one) if isinstance(one, float) and not isfinite(one) else round(one, 6) if isinstance(one, float) else one
    )


def number(value: float) -> dict[str, Any]:
    """A number that was measured; JSON has no nan and no infinity, so these are noted in words."""
    return {"value": value} if isfinite(value) else {"not finite": str(value)}


def are_ids(tensor: Any) -> bool:
    return readable(tensor) and tensor.dtype == torch.int64 and 0 < tensor.numel() <= 4000 and not tensor.is_meta


def readable(tensor: Any) -> bool:
    return isinstance(tensor, torch.Tensor) and tensor.device.type == "cpu"
