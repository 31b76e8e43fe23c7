"""What shape comes out of an operation, worked out from the shapes that go in; None where that is not known.

Sizes that are not known are whole numbers as well, each unlike any other (see `Run.size`), so that sums and products of
them still tell axes apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from rnnlab.reading.values import is_unknown_size

Shape = tuple[int, ...]
Sizes = Callable[[], int]


class Asked:
    """One use of an operation: the shapes of its tensors and its other arguments as Python values (`...` for unknown)."""

    def __init__(
        self, name: str, shapes: Sequence[Shape | None], args: Sequence[Any], kwargs: dict[str, Any], fresh: Sizes
    ) -> None:
        self.name, self.shapes, self.args, self.kwargs, self.fresh = name, shapes, args, kwargs, fresh

    def argument(self, position: int, name: str, default: Any = None) -> Any:
        """Return an argument by position or name."""
        return self.args[position] if len(self.args) > position else self.kwargs.get(name, default)

    @property
    def first(self) -> Shape:
        """The shape of the first tensor.

        Raises:
            TypeError: it is not known.
        """
        shape = self.shapes[0]
        if shape is None:
            raise TypeError("unknown rank")
        return shape


def coming_out(family: str, asked: Asked) -> list[Shape | None]:
    """Return the shape of each tensor that comes out; one that is not known is None."""
    rule = _RULES.get(family)
    try:
        return rule(asked) if rule is not None else [None]
    except (TypeError, IndexError, ValueError, KeyError, AttributeError, ZeroDivisionError):
        return [None]


def _axis(dim: Any, rank: int) -> int:
    if not isinstance(dim, int) or isinstance(dim, bool) or not -rank <= dim < rank:
        raise ValueError("no such axis")
    return dim % rank


def broadcast(shapes: Sequence[Shape | None]) -> Shape | None:
    """Return the shape of an element by element operation."""
    if any(shape is None for shape in shapes):
        return None
    known = [shape for shape in shapes if shape is not None]
    rank = max((len(shape) for shape in known), default=0)
    sizes: list[int] = []
    for back in range(rank, 0, -1):
        here = [shape[-back] for shape in known if len(shape) >= back and shape[-back] != 1]
        fixed = [size for size in here if not is_unknown_size(size)]
        sizes.append((fixed or here or [1])[0])
    return tuple(sizes)


def _same(asked: Asked) -> list[Shape | None]:
    return [broadcast(asked.shapes)]


def _keep(asked: Asked) -> list[Shape | None]:
    if asked.name in ("sort", "cummax", "cummin"):
        return [asked.first, asked.first]
    return [asked.shapes[0]]


def _squeeze(asked: Asked) -> list[Shape | None]:
    shape, dim = asked.first, asked.argument(1, "dim")
    if dim is None:
        # An axis of unknown size stays: that it is 1 is the exception.
        return [tuple(size for size in shape if size != 1)]
    dims = {_axis(d, len(shape)) for d in (dim if isinstance(dim, tuple | list) else (dim,))}
    return [tuple(size for i, size in enumerate(shape) if i not in dims or size != 1)]


def _unsqueeze(asked: Asked) -> list[Shape | None]:
    shape = list(asked.first)
    shape.insert(_axis(asked.argument(1, "dim"), len(shape) + 1), 1)
    return [tuple(shape)]


def _permute(asked: Asked) -> list[Shape | None]:
    dims = asked.kwargs.get("dims", asked.args[1:])
    dims = dims[0] if len(dims) == 1 and isinstance(dims[0], tuple | list) else dims
    shape = asked.first
    return [tuple(shape[_axis(d, len(shape))] for d in dims)] if len(dims) == len(shape) else [None]


def _transpose(asked: Asked) -> list[Shape | None]:
    shape = list(asked.first)
    a, b = (_axis(asked.argument(i, n), len(shape)) for i, n in ((1, "dim0"), (2, "dim1")))
    shape[a], shape[b] = shape[b], shape[a]
    return [tuple(shape)]


def _select(asked: Asked) -> list[Shape | None]:
    shape = list(asked.first)
    del shape[_axis(asked.argument(1, "dim"), len(shape))]
    return [tuple(shape)]


def _reduce(asked: Asked) -> list[Shape | None]:
    if len(asked.shapes) > 1 and asked.name in ("max", "min"):
        return [broadcast(asked.shapes)]
    dim = asked.argument(1, "dim", asked.kwargs.get("axis"))
    if dim is None:
        return [()]
    if dim is ... or asked.shapes[0] is None:
        return [None]
    rank = len(asked.first)
    dims = {_axis(d, rank) for d in (dim if isinstance(dim, tuple | list) else (dim,))}
    keep = asked.argument(2, "keepdim", False) is True
    shape = tuple(1 if i in dims else size for i, size in enumerate(asked.first) if keep or i not in dims)
    pairs = asked.name in ("max", "min", "median", "mode", "kthvalue", "nanmedian")
    return [shape, shape] if pairs else [shape]


def _cat(asked: Asked) -> list[Shape | None]:
    known = [shape for shape in asked.shapes if shape is not None]
    if not known or len(known) < len(asked.shapes):
        return [None]
    dim = _axis(asked.argument(1, "dim", 0), len(known[0]))
    if asked.kwargs.get("many"):  # a list whose length is not known
        return [tuple(asked.fresh() if i == dim else size for i, size in enumerate(known[0]))]
    if any(len(shape) != len(known[0]) for shape in known):
        return [None]
    return [tuple(sum(s[i] for s in known) if i == dim else known[0][i] for i in range(len(known[0])))]


def _stack(asked: Asked) -> list[Shape | None]:
    shape = list(asked.first)
    count = asked.fresh() if asked.kwargs.get("many") else len(asked.shapes)
    shape.insert(_axis(asked.argument(1, "dim", 0), len(shape) + 1), count)
    return [tuple(shape)]


def _pieces(asked: Asked) -> list[Shape | None]:
    shape = list(asked.first)
    if asked.name in ("unbind",):
        del shape[_axis(asked.argument(1, "dim", 0), len(shape))]
        return [tuple(shape)]
    count, dim = asked.argument(1, "chunks"), _axis(asked.argument(2, "dim", 0), len(shape))
    if asked.kwargs.get("spelling") == "chunk" and isinstance(count, int):
        size = shape[dim] // count if not is_unknown_size(shape[dim]) else asked.fresh()
        shape[dim] = size
        return [tuple(shape)] * min(count, 8)
    shape[dim] = asked.fresh()
    return [tuple(shape)]


def _matmul(asked: Asked) -> list[Shape | None]:
    left, right = asked.first, asked.shapes[1]
    if right is None:
        return [None]
    if len(right) == 1:
        return [left[:-1]]
    if len(left) == 1:
        return [(*right[:-2], right[-1])]
    outer = broadcast([left[:-2], right[:-2]])
    return [None if outer is None else (*outer, left[-2], right[-1])]


def _einsum(asked: Asked) -> list[Shape | None]:
    given, arrow, made = str(asked.args[0]).replace(" ", "").partition("->")
    sizes: dict[str, int] = {}
    for word, shape in zip(given.split(","), asked.shapes, strict=True):
        if shape is None:
            return [None]
        sizes.update(zip(word, shape, strict=True))
    return [tuple(sizes[letter] for letter in made)] if arrow else [None]


def _gather(asked: Asked) -> list[Shape | None]:
    return [asked.shapes[1]]


def _view(asked: Asked) -> list[Shape | None]:
    shape = asked.first
    if asked.kwargs.get("spelling") in ("flatten", "Flatten"):
        start = asked.argument(1, "start_dim", asked.kwargs.get("from", 0))
        first, last = _axis(start, len(shape)), _axis(asked.argument(2, "end_dim", -1), len(shape))
        return [(*shape[:first], prod(shape[first : last + 1]), *shape[last + 1 :])]
    wanted = asked.kwargs.get("shape", asked.kwargs.get("size", asked.args[1:]))
    wanted = wanted[0] if len(wanted) == 1 and isinstance(wanted[0], tuple | list) else wanted
    if any(not isinstance(size, int) for size in wanted):
        return [tuple(size if isinstance(size, int) and size != -1 else asked.fresh() for size in wanted)]
    if -1 in wanted:
        known = prod(size for size in wanted if size != -1)
        total = prod(shape)
        left = total // known if known and total % known == 0 else asked.fresh()
        return [tuple(left if size == -1 else size for size in wanted)]
    return [tuple(wanted)]


def _expand(asked: Asked) -> list[Shape | None]:
    shape = asked.first
    wanted = asked.args[1:]
    wanted = wanted[0] if len(wanted) == 1 and isinstance(wanted[0], tuple | list) else wanted
    if asked.kwargs.get("spelling") == "expand_as":
        return [asked.shapes[1]]
    sizes = [size if isinstance(size, int) else asked.fresh() for size in wanted]
    if len(sizes) < len(shape):
        return [None]
    padded = (1,) * (len(sizes) - len(shape)) + shape
    if asked.kwargs.get("spelling") == "expand":
        return [tuple(old if new == -1 else new for old, new in zip(padded, sizes, strict=True))]
    return [tuple(old * new for old, new in zip(padded, sizes, strict=True))]


def _conv1d(asked: Asked) -> list[Shape | None]:
    batch, _, _ = asked.first
    return [(batch, asked.kwargs.get("width") or asked.fresh(), asked.fresh())]


def _conv2d(asked: Asked) -> list[Shape | None]:
    batch, _, _, _ = asked.first
    return [(batch, asked.kwargs.get("width") or asked.fresh(), asked.fresh(), asked.fresh())]


def _pool(places: int) -> Callable[[Asked], list[Shape | None]]:
    def rule(asked: Asked) -> list[Shape | None]:
        shape = asked.first
        size = asked.argument(1, "output_size")
        one = str(asked.kwargs.get("spelling", "")).lower().startswith("adaptive") and size == 1
        # A window as wide as the axis leaves one place.
        # A window whose width has to be worked out is as wide as the longest review.
        is_worked_out = size is ... or (isinstance(size, int) and is_unknown_size(size))
        whole = places == 1 and (is_worked_out or size == shape[-1])
        return [(*shape[:-places], *(1 if one or whole else asked.fresh() for _ in range(places)))]

    return rule


def _one_axis(position: int, name: str, default: Any = None) -> Callable[[Asked], list[Shape | None]]:
    def rule(asked: Asked) -> list[Shape | None]:
        shape = list(asked.first)
        shape[_axis(asked.argument(position, name, default), len(shape))] = asked.fresh()
        return [tuple(shape), tuple(shape)] if asked.name == "topk" else [tuple(shape)]

    return rule


def _attention(asked: Asked) -> list[Shape | None]:
    return [asked.shapes[0], None] if asked.kwargs.get("spelling") == "MultiheadAttention" else [asked.shapes[0]]


def _pad(asked: Asked) -> list[Shape | None]:
    """pad_sequence: a list of sequences becomes a rectangle."""
    rest = asked.shapes[0][1:] if asked.shapes and asked.shapes[0] else ()
    return [(asked.fresh(), asked.fresh(), *rest)]


_RULES: dict[str, Callable[[Asked], list[Shape | None]]] = {
    "same": _same,
    "keep": _keep,
    "squeeze": _squeeze,
    "unsqueeze": _unsqueeze,
    "permute": _permute,
    "transpose": _transpose,
    "t": lambda asked: [asked.first[::-1]],
    "transpose last": lambda asked: [(*asked.first[:-2], asked.first[-1], asked.first[-2])],
    "select": _select,
    "reduce": _reduce,
    "norm": lambda asked: [()] if len(asked.args) < 3 and "dim" not in asked.kwargs else [None],
    "cat": _cat,
    "stack": _stack,
    "pieces": _pieces,
    "matmul": _matmul,
    "add matmul": lambda asked: [None],
    "einsum": _einsum,
    "gather": _gather,
    "take_along_dim": _gather,
    "view": _view,
    "expand": _expand,
    "conv1d": _conv1d,
    "conv2d": _conv2d,
    "pool1d": _pool(1),
    "pool2d": _pool(2),
    "topk": _one_axis(2, "dim", -1),
    "narrow": _one_axis(1, "dim"),
    "index_select": _one_axis(1, "dim"),
    "one_hot": lambda asked: [(*asked.first, asked.fresh())],
    "edges": lambda asked: [tuple(asked.fresh() for _ in asked.first)],
    "loss": lambda asked: [()],
    "loss of each": lambda asked: [()],
    "attention": _attention,
    "pad": _pad,
}


def indexed(shape: Shape, keys: Sequence[Any], fresh: Sizes) -> Shape | None:
    """Return the shape of `tensor[keys]`; keys are numbers, slices, None, `...` and shapes of index tensors (`Index`)."""
    keys = list(keys)
    if any(key is _UNKNOWN for key in keys):
        return None
    used = sum(1 for key in keys if key is not None and key is not Ellipsis)
    if used > len(shape):
        return None
    if not any(key is Ellipsis for key in keys):
        keys.append(Ellipsis)
    tensors = [key for key in keys if isinstance(key, Index)]
    if any(key.shape is None for key in tensors):
        return None
    made: list[int] = []
    at, is_put = 0, False
    for key in keys:
        if key is None:
            made.append(1)
        elif key is Ellipsis:
            kept = len(shape) - used
            made.extend(shape[at : at + kept])
            at += kept
        elif isinstance(key, slice):
            made.append(_sliced(shape[at], key, fresh))
            at += 1
        elif isinstance(key, Index):
            if not is_put:
                made.extend(broadcast([one.shape for one in tensors]) or ())
                is_put = True
            at += 1
        else:
            at += 1
    return tuple(made)


def _sliced(size: int, key: slice, fresh: Sizes) -> int:
    if key.start is None and key.stop is None and key.step in (None, -1):
        return size
    if any(bound is ... for bound in (key.start, key.stop, key.step)):
        return fresh()
    if is_unknown_size(size):
        parts = [part for part in (key.start, key.stop) if part is not None]
        return fresh() if parts else size
    try:
        return len(range(*key.indices(size)))
    except (TypeError, ValueError):
        return fresh()


class Index:
    """A tensor of whole numbers that is used as an index; `dtype` is what the axis rules ask for."""

    def __init__(self, shape: Shape | None) -> None:
        self.shape, self.dtype = shape, "torch.int64"


_UNKNOWN = object()
UNKNOWN_KEY = _UNKNOWN
