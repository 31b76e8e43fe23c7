"""Reads batches that are tuples, lists or dicts of tensors: their rows, their axes and their padding, where these are certain."""

from __future__ import annotations

import sys
import weakref
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rnnlab.watching.recorder import Recorder


class SeenBatch(NamedTuple):
    """What one batch holds: `counts` has `rows` only where their number is certain, and padding where it was counted."""

    tensors: list[Any]
    counts: dict[str, float]
    samples: dict[str, Any]


class Padded(NamedTuple):
    """A rectangle that `pad_sequence` made, and the lengths that it filled up."""

    made: weakref.ref[Any]
    lengths: tuple[int, ...]
    batch_first: bool


class Paddings:
    """Remembers what the latest calls of `pad_sequence` filled up."""

    def __init__(self) -> None:
        self._latest: deque[Padded] = deque(maxlen=64)
        # Where the lengths stand in the batches of a loader, once they were proved to be lengths.
        self.lengths_at: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()

    def remember(self, result: Any, sequences: Any, batch_first: bool) -> None:
        """Note the lengths of the sequences behind a rectangle; the rectangle is not kept alive."""
        self._latest.append(Padded(weakref.ref(result), tuple(len(one) for one in sequences), batch_first))

    def of(self, tensor: Any) -> Padded | None:
        """Return what is known of a rectangle, or of one that it is a turned view of."""
        for padded in reversed(self._latest):
            made = padded.made()
            if made is not None and made is tensor:
                return padded
            if made is not None and tensor._base is made and tensor.shape == made.shape[::-1] and tensor.dim() == 2:
                return padded._replace(batch_first=not padded.batch_first)
        return None


def tensor_batch(
    recorder: Recorder, batch: Any, loader: Any, turn: int, paddings: Paddings, words: Sequence[str] = ()
) -> SeenBatch | None:
    """Describe the tensors of a batch, the `turn`th of its pass (from 1); None where it holds none.

    Axes that are certainly the batch axis are named so. `words` are the targets of the loop that the batch goes to.
    """
    named = dict(_flat(_unpacked(batch, words)))
    if not named:
        return None
    rows = _rows(loader, turn, list(named.values()))
    counts: dict[str, float] = {"rows": float(rows)} if rows else {}
    for tensor in named.values() if rows else ():
        _name_batch_axis(recorder, tensor, rows, _is_stacked(loader))
    if rows:
        counts |= _padding(list(named.values()), rows, loader, paddings)
    samples: dict[str, Any] = {}
    for name, tensor in named.items():
        axes = [symbol.name for symbol in recorder.symbols(tensor)]
        samples[name] = {"shape": list(tensor.shape), "axes": axes, "dtype": str(tensor.dtype)[6:]}
        if tensor.dim() == 1 and tensor.device.type == "cpu" and not tensor.is_meta:
            samples[name]["first"] = tensor[:8].tolist()
    return SeenBatch(list(named.values()), counts, samples)


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    torch = sys.modules["torch"]
    if isinstance(value, torch.Tensor):
        yield name or "0", value
    elif isinstance(value, tuple | list) and len(value) <= 16:
        for word, one in zip(getattr(value, "_fields", range(len(value))), value, strict=True):
            yield from _flat(one, f"{name}.{word}".lstrip("."))
    elif isinstance(value, Mapping):
        for word, one in value.items():
            yield from _flat(one, f"{name}.{word}".lstrip("."))


def _unpacked(batch: Any, words: Sequence[str]) -> Any:
    """Give the parts of a batch the learner's own names, where the loop unpacks it: `for text, label in loader`."""
    if not isinstance(batch, tuple | list):
        return batch
    # `for i, (text, label) in enumerate(loader)`: the batch goes to the last target.
    inner = words[-1].strip("()[] ").split(", ") if words else []
    names = next((list(some) for some in (inner, words) if len(some) == len(batch) > 1), [])
    return dict(zip(names, batch, strict=True)) if len(set(names)) == len(batch) else batch


# --- rows ----------------------------------------------------------------------------------------------------------


def _rows(loader: Any, turn: int, tensors: list[Any]) -> int:
    """Return how many rows a batch has; 0 where this is not certain."""
    planned = _planned(loader, turn)
    if planned is not None:
        return planned if any(planned in tensor.shape for tensor in tensors) else 0
    flat = {len(tensor) for tensor in tensors if tensor.dim() == 1}
    if len(flat) != 1 or len(tensors) < 2:
        return 0
    (rows,) = flat
    return rows if all(rows in tensor.shape for tensor in tensors) else 0


def _planned(loader: Any, turn: int) -> int | None:
    """Return how many examples torch's own samplers put into this turn; None where others choose."""
    size, sampler = getattr(loader, "batch_size", None), getattr(loader, "sampler", None)
    by_torch = all(
        type(one).__module__ == "torch.utils.data.sampler" for one in (sampler, getattr(loader, "batch_sampler", None))
    )
    if not size or sampler is None or not by_torch:
        return None
    left = len(sampler) - size * (turn - 1)
    return min(size, left) if left > 0 else None


def _is_stacked(loader: Any) -> bool:
    """Say whether torch's own function put the examples together: it stacks them along a new first axis."""
    return getattr(getattr(loader, "collate_fn", None), "__name__", "") == "default_collate"


def _name_batch_axis(recorder: Recorder, tensor: Any, rows: int, stacked: bool) -> None:
    symbols = recorder.symbols(tensor)
    found = [i for i, size in enumerate(tensor.shape) if size == rows]
    if found and (stacked or len(found) == 1) and not any(symbol.name == "batch" for symbol in symbols):
        symbols[0 if stacked else found[0]].settle("batch")


# --- padding -------------------------------------------------------------------------------------------------------


def _padding(tensors: list[Any], rows: int, loader: Any, paddings: Paddings) -> dict[str, float]:
    """Count the padding of the one rectangle of ids, by what `pad_sequence` was given or by the lengths beside it."""
    torch = sys.modules["torch"]
    rectangles = [t for t in tensors if t.dim() == 2 and rows in t.shape and t.dtype in (torch.int64, torch.int32)]
    if len(rectangles) != 1 or rectangles[0].device.type != "cpu":
        return {}
    (ids,) = rectangles
    known = paddings.of(ids)
    lengths = list(known.lengths) if known is not None else _lengths_beside(ids, tensors, rows, loader, paddings)
    if lengths is None or len(lengths) != rows:
        return {}
    longest = ids.numel() // rows
    return {
        "positions": float(ids.numel()),
        "tokens": float(sum(lengths)),
        "ending_in_padding": float(sum(1 for length in lengths if length < longest)),
    }


def _lengths_beside(ids: Any, tensors: list[Any], rows: int, loader: Any, paddings: Paddings) -> list[int] | None:
    """Return the lengths that came with a batch: whole numbers behind which every position holds one and the same id.

    A batch without padding proves nothing by itself: there the place counts at which earlier ones had their lengths.
    """
    torch = sys.modules["torch"]
    longest, proved = ids.numel() // rows, paddings.lengths_at.get(loader)
    for i, tensor in enumerate(tensors):
        if tensor.dim() != 1 or tensor.dtype != torch.int64 or len(tensor) != rows or tensor.device.type != "cpu":
            continue
        if int(tensor.max()) != longest or int(tensor.min()) < 0:
            continue
        if i == proved:
            return tensor.tolist()
        if proved is None and longest != rows and _is_filled_behind(ids if ids.shape[0] == rows else ids.t(), tensor):
            paddings.lengths_at[loader] = i
            return tensor.tolist()
    return None


def _is_filled_behind(upright: Any, lengths: Any) -> bool:
    torch = sys.modules["torch"]
    pads = upright[torch.arange(upright.shape[1])[None, :] >= lengths[:, None]]
    return len(pads) > 0 and bool((pads == pads[0]).all())
