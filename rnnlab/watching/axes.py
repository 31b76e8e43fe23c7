"""Axis names: how they are born, how they pass through operations, and how an RNN or a loss settles them.

While a forward pass runs, each axis of a tensor is a `Symbol`. Symbols move with their axes by the rule of each operation,
never by comparing sizes, so that emb == hid or seq_len == batch cannot confuse them. A symbol gets its name where the
name is certain: a batch of torchtext declares (seq_len, batch), an RNN reads its first two axes as its `batch_first`
says, an embedding gives birth to emb, an RNN to hid, the layer whose output the loss reads to classes. What is never
settled is `?`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rnnlab.facts import Axis, AxisSource

Shape = tuple[int, ...]
Symbols = list["Symbol"]


class Symbol:
    """One axis whose name may be settled later; two symbols found to be the same are joined."""

    __slots__ = ("_joined", "name", "source")

    def __init__(self, name: str = "?", source: AxisSource = "unknown") -> None:
        self.name = name
        self.source: AxisSource = source
        self._joined: Symbol | None = None

    def root(self) -> Symbol:
        """Return the symbol that speaks for this one."""
        symbol = self
        while symbol._joined is not None:
            symbol = symbol._joined
        return symbol

    def settle(self, name: str, source: AxisSource = "propagated") -> bool:
        """Name the axis unless it has a name; say whether the name now is `name`."""
        root = self.root()
        if root.name == "?":
            root.name, root.source = name, source
        return root.name == name

    def axis(self) -> Axis:
        """Return the plain fact."""
        root = self.root()
        return Axis(root.name, root.source)

    def __repr__(self) -> str:
        return f"Symbol({self.root().name})"


def unknown(shape: Sequence[int]) -> Symbols:
    """Return fresh symbols for a tensor that nobody has seen before."""
    return [Symbol() for _ in shape]


class Operand:
    """A tensor as the axis rules see it: its shape and its symbols."""

    __slots__ = ("shape", "symbols")

    def __init__(self, shape: Sequence[int], symbols: Symbols) -> None:
        self.shape, self.symbols = tuple(shape), symbols


class Use:
    """One use of an operation: its tensors, its other arguments by position and name, and the shapes that came out."""

    def __init__(
        self,
        tensors: list[Operand],
        args: Sequence[Any],
        kwargs: dict[str, Any],
        shapes: list[Shape],
        born: Callable[[str], Symbol] | None = None,
    ) -> None:
        self.tensors, self.args, self.kwargs, self.shapes = tensors, args, kwargs, shapes
        self.born = born or (lambda name: Symbol(name, "propagated"))

    def argument(self, position: int, name: str, default: Any = None) -> Any:
        """Return an argument given by position or by name."""
        return self.args[position] if len(self.args) > position else self.kwargs.get(name, default)


def through(family: str, use: Use) -> list[Symbols]:
    """Return the symbols of each tensor that comes out of an operation.

    A rule that does not fit (an argument form it does not know) gives unknown axes, never wrong ones.
    """
    rule = _RULES.get(family, _other)
    try:
        found = rule(use) if use.tensors or family == "born" else []
    except (IndexError, TypeError, ValueError, AttributeError):
        found = []
    return [
        found[i] if i < len(found) and len(found[i]) == len(shape) else unknown(shape)
        for i, shape in enumerate(use.shapes)
    ]


def _axis(dim: int, rank: int) -> int:
    return dim + rank if dim < 0 else dim


def _same(use: Use) -> list[Symbols]:
    """Element by element, with broadcasting: each axis that comes out is the axis of that size, counted from the right."""
    return [_broadcast(use.tensors, shape) for shape in use.shapes]


def _broadcast(tensors: list[Operand], shape: Shape) -> Symbols:
    symbols: Symbols = []
    for back in range(len(shape), 0, -1):
        candidates = [t.symbols[-back] for t in tensors if len(t.shape) >= back and t.shape[-back] == shape[-back]]
        named = [s for s in candidates if s.root().name != "?"]
        symbols.append((named or candidates or [Symbol()])[0])
    return symbols


def _embedding(use: Use) -> list[Symbols]:
    ids = next((t for t in use.tensors if len(t.shape) + 1 == len(use.shapes[0])), use.tensors[0])
    return [[*ids.symbols, use.born("emb")]]


def _linear(use: Use) -> list[Symbols]:
    return [[*use.tensors[0].symbols[:-1], use.born("?")]]


def _cell(use: Use) -> list[Symbols]:
    return [[*use.tensors[0].symbols[:-1], use.born("hid")] for _ in use.shapes]


def _squeeze(use: Use) -> list[Symbols]:
    tensor, dim = use.tensors[0], use.argument(1, "dim")
    dims = range(len(tensor.shape)) if dim is None else [dim] if isinstance(dim, int) else dim
    dropped = {_axis(d, len(tensor.shape)) for d in dims}
    return [[s for i, s in enumerate(tensor.symbols) if not (i in dropped and tensor.shape[i] == 1)]]


def _unsqueeze(use: Use) -> list[Symbols]:
    tensor = use.tensors[0]
    dim = _axis(use.argument(1, "dim"), len(tensor.shape) + 1)
    return [[*tensor.symbols[:dim], Symbol(), *tensor.symbols[dim:]]]


def _permute(use: Use) -> list[Symbols]:
    tensor, dims = use.tensors[0], use.kwargs.get("dims", use.args[1:])
    dims = dims[0] if len(dims) == 1 and not isinstance(dims[0], int) else dims
    return [[tensor.symbols[d] for d in dims]]


def _transpose(use: Use) -> list[Symbols]:
    symbols = list(use.tensors[0].symbols)
    a, b = use.argument(1, "dim0"), use.argument(2, "dim1")
    symbols[a], symbols[b] = symbols[b], symbols[a]
    return [symbols]


def _select(use: Use) -> list[Symbols]:
    symbols = list(use.tensors[0].symbols)
    del symbols[use.argument(1, "dim")]
    return [symbols]


def _index(use: Use) -> list[Symbols]:
    """Indexing with numbers, slices, None, `...` and, as the last resort, unknown axes."""
    tensor, key = use.tensors[0], use.args[1]
    keys = list(key) if isinstance(key, tuple) else [key]
    used = sum(1 for k in keys if k is not None and k is not Ellipsis)
    if Ellipsis not in [k if k is None or k is Ellipsis else 0 for k in keys]:
        keys.append(Ellipsis)
    symbols: Symbols = []
    at = 0
    for k in keys:
        if k is None:
            symbols.append(Symbol())
        elif k is Ellipsis:
            kept = len(tensor.shape) - used
            symbols.extend(tensor.symbols[at : at + kept])
            at += kept
        elif isinstance(k, slice):
            whole = k.step in (None, 1) and len(range(*k.indices(tensor.shape[at]))) == tensor.shape[at]
            symbols.append(tensor.symbols[at] if whole or k.step not in (None, 1) else _part(tensor.symbols[at]))
            at += 1
        elif isinstance(k, int) and not isinstance(k, bool):
            at += 1
        else:
            return []
    return [symbols]


def _part(symbol: Symbol) -> Symbol:
    """A slice of an axis is still read along that axis: it keeps the name."""
    root = symbol.root()
    return Symbol(root.name, root.source)


def _reduce(use: Use) -> list[Symbols]:
    tensor, dim = use.tensors[0], use.argument(1, "dim")
    keep = bool(use.argument(2, "keepdim", False))
    if dim is None:
        return [[] for _ in use.shapes]
    dims = {_axis(d, len(tensor.shape)) for d in ([dim] if isinstance(dim, int) else dim)}
    symbols = [Symbol() if i in dims else s for i, s in enumerate(tensor.symbols) if keep or i not in dims]
    return [symbols for _ in use.shapes]


def _cat(use: Use) -> list[Symbols]:
    symbols = list(use.tensors[0].symbols)
    dim = use.argument(1, "dim", 0)
    names = [t.symbols[dim].root().name for t in use.tensors]
    if "?" in names:
        joined = Symbol()
    elif len(set(names)) == 1:
        joined = Symbol(f"{len(names)}*{names[0]}", "propagated")
    else:
        joined = Symbol("+".join(names), "propagated")
    symbols[dim] = joined
    return [symbols]


def _stack(use: Use) -> list[Symbols]:
    symbols = list(use.tensors[0].symbols)
    symbols.insert(_axis(use.argument(1, "dim", 0), len(symbols) + 1), Symbol())
    return [symbols]


def _pieces(use: Use) -> list[Symbols]:
    """chunk, split and unbind: unbind drops the axis, the others cut it."""
    tensor = use.tensors[0]
    dim = _axis(use.kwargs.get("dim", use.args[-1] if len(use.args) > 2 else 0), len(tensor.shape))
    dropped = bool(use.shapes) and len(use.shapes[0]) < len(tensor.shape)
    symbols = [Symbol() if i == dim else s for i, s in enumerate(tensor.symbols) if not (dropped and i == dim)]
    return [symbols for _ in use.shapes]


def _matmul(use: Use) -> list[Symbols]:
    left, right = use.tensors[0], use.tensors[1]
    if len(right.shape) == 1:
        return [left.symbols[:-1]]
    return [[*left.symbols[:-1], right.symbols[-1]]]


def _view(use: Use) -> list[Symbols]:
    """Walk both shapes from the left, matching runs of equal product: one to one keeps the name, several to one multiply."""
    tensor, shape = use.tensors[0], use.shapes[0]
    symbols: Symbols = []
    i = j = 0
    while j < len(shape):
        took, gave = [i], [j]
        left = tensor.shape[i] if i < len(tensor.shape) else 1
        right = shape[j]
        while left != right:
            if left < right:
                took.append(took[-1] + 1)
                left *= tensor.shape[took[-1]]
            else:
                gave.append(gave[-1] + 1)
                right *= shape[gave[-1]]
        symbols.extend(_run([tensor.symbols[k] for k in took if k < len(tensor.symbols)], tensor, took, len(gave)))
        i, j = took[-1] + 1, gave[-1] + 1
    return [symbols]


def _run(symbols: Symbols, tensor: Operand, took: list[int], gave: int) -> Symbols:
    long = [s for s, k in zip(symbols, took, strict=False) if tensor.shape[k] != 1] or symbols
    if gave > 1:
        return [Symbol() for _ in range(gave)]
    if len(long) == 1:
        return long
    names = [s.root().name for s in long]
    return [Symbol() if "?" in names else Symbol("*".join(names), "propagated")]


def _loss(use: Use) -> list[Symbols]:
    """A loss settles what it reads: (batch, classes) against targets (batch)."""
    if len(use.tensors) > 1 and len(use.tensors[0].shape) == 2 and len(use.tensors[1].shape) == 1:
        scores, target = use.tensors[0], use.tensors[1]
        scores.symbols[0].settle("batch")
        target.symbols[0].settle("batch")
        scores.symbols[1].settle("classes")
    return [[] for _ in use.shapes]


def _pad(use: Use) -> list[Symbols]:
    """pad_sequence says by its own argument which axis is which."""
    batch_first = use.argument(1, "batch_first", False)
    declared = [Symbol("seq_len", "declared"), Symbol("batch", "declared")]
    return [(declared[::-1] if batch_first else declared) + unknown(use.shapes[0][2:])]


def _other(use: Use) -> list[Symbols]:
    """An operation without a rule: an axis is known only if exactly one axis that went in has its size."""
    sizes: dict[int, Symbols] = {}
    for tensor in use.tensors:
        for size, symbol in zip(tensor.shape, tensor.symbols, strict=True):
            known = sizes.setdefault(size, [])
            if symbol.root() not in [s.root() for s in known]:
                known.append(symbol)
    return [
        [sizes[size][0] if len(sizes.get(size, [])) == 1 and shape.count(size) == 1 else Symbol() for size in shape]
        for shape in use.shapes
    ]


_RULES: dict[str, Callable[[Use], list[Symbols]]] = {
    "same": _same,
    "embedding": _embedding,
    "linear": _linear,
    "cell": _cell,
    "squeeze": _squeeze,
    "unsqueeze": _unsqueeze,
    "permute": _permute,
    "transpose": _transpose,
    "t": lambda use: [use.tensors[0].symbols[::-1]],
    "select": _select,
    "index": _index,
    "reduce": _reduce,
    "cat": _cat,
    "stack": _stack,
    "pieces": _pieces,
    "matmul": _matmul,
    "view": _view,
    "loss": _loss,
    "pad": _pad,
    "born": lambda use: [unknown(shape) for shape in use.shapes],
    "nothing": lambda use: [unknown(shape) for shape in use.shapes],
    "other": _other,
}


def read_by_rnn(symbols: Symbols, batch_first: bool) -> list[str]:
    """Settle the axes of what an RNN reads and return the names in the RNN's own order, where they disagree with ours."""
    roles = ("batch", "seq_len") if batch_first else ("seq_len", "batch")
    return [
        role for symbol, role in zip(symbols[:2], roles, strict=False) if len(symbols) == 3 and not symbol.settle(role)
    ]
