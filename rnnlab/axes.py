"""Axis names: how they are born, how they pass through operations, and how an RNN or a loss settles them.

While a forward pass runs, each axis of a tensor is a `Symbol`. Symbols move with their axes by the rule of each operation,
never by comparing sizes, so that emb == hid or seq_len == batch cannot confuse them. A symbol gets its name where the
name is certain: a batch of torchtext declares (seq_len, batch), an RNN reads its first two axes as its `batch_first`
says, an embedding gives birth to emb, an RNN to hid, the layer whose output the loss reads to classes. What is never
settled is `?`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from rnnlab.facts import Axis, AxisSource

Shape = tuple[int, ...]
Symbols = list["Symbol"]
_MANY = 1_000  # so many scores has no word


class Symbol:
    """One axis whose name may be settled later.

    A slice of an axis is no longer `whole`: it keeps the name, but two halves are not 2*hid. An axis that was multiplied from
    others of unknown names is not `nameable` as batch or classes by a loss; its `parts` are these others with their sizes.
    """

    __slots__ = ("name", "nameable", "parts", "source", "whole")

    def __init__(
        self, name: str = "?", source: AxisSource = "unknown", *, whole: bool = True, nameable: bool = True
    ) -> None:
        self.name = name
        self.source: AxisSource = source
        self.whole, self.nameable = whole, nameable
        self.parts: tuple[tuple[int, Symbol], ...] = ()

    def settle(self, name: str, source: AxisSource = "propagated") -> None:
        """Name the axis unless it has a name."""
        if self.name == "?" and self.nameable:
            self.name, self.source = name, source

    def axis(self) -> Axis:
        """Return the plain fact."""
        return Axis(self.name, self.source)

    def __repr__(self) -> str:
        return f"Symbol({self.name})"


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
        born: Callable[[str], Symbol] = lambda name: Symbol(name, "propagated"),
    ) -> None:
        self.tensors, self.args, self.kwargs, self.shapes = tensors, args, kwargs, shapes
        self.born = born

    def argument(self, position: int, name: str, default: Any = None) -> Any:
        """Return an argument given by position or by name."""
        return self.args[position] if len(self.args) > position else self.kwargs.get(name, default)


def through(family: str, use: Use) -> list[Symbols]:
    """Return the symbols of each tensor that comes out of an operation.

    A rule that does not fit (an argument form it does not know) gives unknown axes, never wrong ones.
    """
    rule = _RULES.get(family)
    try:
        found = rule(use) if rule is not None and use.tensors else []
    except (IndexError, KeyError, TypeError, ValueError, AttributeError):
        found = []
    return [
        found[i] if i < len(found) and len(found[i]) == len(shape) else unknown(shape)
        for i, shape in enumerate(use.shapes)
    ]


def _axis(dim: int, rank: int) -> int:
    return dim + rank if dim < 0 else dim


def _agreed(candidates: Symbols) -> Symbol:
    """Return the axis that all candidates are: one of them has a name, or all names are the same."""
    named = [s for s in candidates if s.name != "?"]
    if len({s.name for s in named}) > 1:
        return Symbol()
    return (named or candidates or [Symbol()])[0]


def _same(use: Use) -> list[Symbols]:
    """Element by element, with broadcasting: each axis that comes out is the axis of that size, counted from the right."""
    return [_broadcast(use.tensors, shape) for shape in use.shapes]


def _broadcast(tensors: list[Operand], shape: Shape) -> Symbols:
    return [
        _agreed([t.symbols[-back] for t in tensors if len(t.shape) >= back and t.shape[-back] == shape[-back]])
        for back in range(len(shape), 0, -1)
    ]


def _keep(use: Use) -> list[Symbols]:
    """What comes out has the axes of the first tensor, whatever else went in (weights, a tensor to imitate)."""
    tensor = use.tensors[0]
    return [tensor.symbols if shape == tensor.shape else [] for shape in use.shapes]


def _expand(use: Use) -> list[Symbols]:
    """expand and repeat: an axis that keeps its size keeps its name, one that grew is unknown."""
    return [_broadcast(use.tensors[:1], shape) for shape in use.shapes]


def _embedding(use: Use) -> list[Symbols]:
    ids = next((t for t in use.tensors if len(t.shape) + 1 == len(use.shapes[0])), use.tensors[0])
    return [[*ids.symbols, use.born("emb")]]


def _embedding_bag(use: Use) -> list[Symbols]:
    """A bag is a row of a rectangle of indices, or begins at an offset."""
    if len(use.tensors[0].shape) == 2:
        return [[use.tensors[0].symbols[0], use.born("emb")]]
    offsets = next((t for t in use.tensors[1:] if len(t.shape) == 1 and t.shape == use.shapes[0][:1]), None)
    if offsets is not None and not isinstance(use.argument(1, "offsets"), float):
        use.tensors[0].symbols[0].settle("tokens")
        offsets.symbols[0].settle("batch")
        return [[offsets.symbols[0], use.born("emb")]]
    return [[Symbol(), use.born("emb")]]


def _linear(use: Use) -> list[Symbols]:
    return [[*use.tensors[0].symbols[:-1], use.born("?")]]


def _cell(use: Use) -> list[Symbols]:
    hid = use.born("hid")
    if len(use.tensors) <= 3:  # a layer: its input, and the state that it begins with, which it reads as one of its own
        for state in use.tensors[1:]:
            state.symbols[-1].settle(hid.name, hid.source)
    return [[*use.tensors[0].symbols[:-1], hid] for _ in use.shapes]


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
    a, b = use.argument(1, "dim0", use.kwargs.get("axis0")), use.argument(2, "dim1", use.kwargs.get("axis1"))
    symbols[a], symbols[b] = symbols[b], symbols[a]
    return [symbols]


def _select(use: Use) -> list[Symbols]:
    symbols = list(use.tensors[0].symbols)
    del symbols[use.argument(1, "dim")]
    return [symbols]


def _index(use: Use) -> list[Symbols]:
    """Indexing with numbers, slices, None, `...`, or tensors of indices that come first; anything else is unknown."""
    tensor, key = use.tensors[0], use.args[1]
    keys = list(key) if isinstance(key, tuple) else [key]
    symbols: Symbols = []
    at = _leading_tensors(keys)
    if at:
        rank = len(use.shapes[0]) - (len(tensor.shape) - at)
        symbols = _broadcast(use.tensors[1 : 1 + at], use.shapes[0][:rank])
        keys = keys[at:]
    used = at + sum(1 for k in keys if k is not None and k is not Ellipsis)
    if not any(k is Ellipsis for k in keys):
        keys.append(Ellipsis)
    for k in keys:
        if k is None:
            symbols.append(Symbol())
        elif k is Ellipsis:
            kept = len(tensor.shape) - used
            symbols.extend(tensor.symbols[at : at + kept])
            at += kept
        elif isinstance(k, slice):
            start, stop, step = k.indices(tensor.shape[at])
            # Counted by hand: what is read of a program has sizes that no list could have.
            whole = (stop - start + step - (1 if step > 0 else -1)) // step == tensor.shape[at]
            symbols.append(tensor.symbols[at] if whole else _part(tensor.symbols[at]))
            at += 1
        elif isinstance(k, int) and not isinstance(k, bool):
            at += 1
        else:
            return []
    return [symbols]


def _leading_tensors(keys: list[Any]) -> int:
    """Count the tensors of whole numbers that a key begins with; 0 where tensors stand elsewhere as well, or are masks."""
    indices = [str(getattr(k, "dtype", "")) in {"torch.int64", "torch.int32"} for k in keys]
    leading = indices.index(False) if False in indices else len(indices)
    # A number next to tensors, or a tensor after a slice, moves axes by rules of its own.
    rest = [k for k in keys[leading:] if not isinstance(k, slice) and k is not None and k is not Ellipsis]
    return 0 if rest else leading


def _part(symbol: Symbol) -> Symbol:
    """A slice of an axis is still read along that axis and keeps its name; a slice of 2*hid or a+b is anything."""
    if not symbol.name.isidentifier():
        return Symbol(whole=False)
    return Symbol(symbol.name, symbol.source, whole=False)


def _reduce(use: Use) -> list[Symbols]:
    if len(use.tensors) > 1:  # torch.max(a, b): the larger of each two
        return _same(use)
    tensor, dim = use.tensors[0], use.argument(1, "dim", use.kwargs.get("axis"))
    keep = bool(use.argument(2, "keepdim", False))
    rank = len(tensor.shape)
    dims = {_axis(d, rank) for d in ([dim] if isinstance(dim, int) else dim or range(rank))}
    symbols = [Symbol() if i in dims else s for i, s in enumerate(tensor.symbols) if keep or i not in dims]
    return [symbols for _ in use.shapes]


def _cat(use: Use) -> list[Symbols]:
    dim, rank = use.argument(1, "dim", 0), len(use.shapes[0])
    symbols = [_agreed([t.symbols[i] for t in use.tensors]) for i in range(rank)]
    along = [t.symbols[dim] for t in use.tensors]
    names = [s.name for s in along]
    sizes = {t.shape[dim] for t in use.tensors}
    if len(names) == 1:
        joined = along[0]
    elif "?" in names or not all(s.whole for s in along):
        joined = Symbol(nameable=False)
    elif len(set(names)) > 1:
        joined = Symbol("+".join(names), "propagated")
    else:
        # Batches of different sizes put end to end are not n times the batch.
        joined = (
            Symbol(f"{len(names)}*{_factor(names[0])}", "propagated") if len(sizes) == 1 else Symbol(nameable=False)
        )
    symbols[dim] = joined
    return [symbols]


def _factor(name: str) -> str:
    return f"({name})" if "+" in name else name


def _stack(use: Use) -> list[Symbols]:
    rank = len(use.tensors[0].shape)
    symbols = [_agreed([t.symbols[i] for t in use.tensors]) for i in range(rank)]
    symbols.insert(_axis(use.argument(1, "dim", 0), rank + 1), Symbol())
    return [symbols]


def _pieces(use: Use) -> list[Symbols]:
    """chunk, split and unbind: unbind drops the axis, the others cut it."""
    tensor = use.tensors[0]
    dropped = len(use.shapes[0]) < len(tensor.shape)
    dim = _axis(use.argument(1 if dropped else 2, "dim", 0), len(tensor.shape))
    symbols = [Symbol() if i == dim else s for i, s in enumerate(tensor.symbols) if not (dropped and i == dim)]
    return [symbols for _ in use.shapes]


def _matmul(use: Use) -> list[Symbols]:
    left, right = use.tensors[0], use.tensors[1]
    if len(right.shape) == 1:
        return [left.symbols[:-1]]
    rows = left.symbols[-2:-1]
    outer = [Operand(t.shape[:-2], t.symbols[:-2]) for t in (left, right)]
    batches = _broadcast(outer, use.shapes[0][: -1 - len(rows)])
    return [[*batches, *rows, right.symbols[-1]]]


def _einsum(use: Use) -> list[Symbols]:
    """The equation names the axes itself: a letter that comes out is the axis of the same letter that went in."""
    given, arrow, made = use.args[0].replace(" ", "").partition("->")
    letters: dict[str, Symbols] = {}
    for word, tensor in zip(given.split(","), use.tensors, strict=True):
        for letter, symbol in zip(word, tensor.symbols, strict=True):
            letters.setdefault(letter, []).append(symbol)
    return [[_agreed(letters[letter]) for letter in made]] if arrow else []


def _gather(use: Use) -> list[Symbols]:
    """Along its dim gather follows the index, elsewhere both tensors (or the first rows of the input)."""
    tensor, index = use.tensors[0], use.tensors[1]
    dim = _axis(use.argument(1, "dim"), len(tensor.shape))
    pairs = enumerate(zip(tensor.symbols, index.symbols, tensor.shape, index.shape, strict=True))
    return [[i if n == dim or a != b else _agreed([t, i]) for n, (t, i, a, b) in pairs]]


def _topk(use: Use) -> list[Symbols]:
    """topk keeps some places of one axis, in an order of their own."""
    return _one_axis(use, use.argument(2, "dim", -1), lambda symbol: Symbol())


def _narrow(use: Use) -> list[Symbols]:
    return _one_axis(use, use.argument(1, "dim"), _part)


def _index_select(use: Use) -> list[Symbols]:
    """What comes out follows the index along its dim."""
    index = use.tensors[1].symbols
    return _one_axis(use, use.argument(1, "dim"), lambda symbol: index[0] if index else Symbol())


def _repeat_interleave(use: Use) -> list[Symbols]:
    dim = use.argument(2, "dim")
    return [] if dim is None else _one_axis(use, dim, lambda symbol: Symbol())


def _one_axis(use: Use, dim: int, changed: Callable[[Symbol], Symbol]) -> list[Symbols]:
    tensor = use.tensors[0]
    dim = _axis(dim, len(tensor.shape))
    symbols = [changed(s) if i == dim else s for i, s in enumerate(tensor.symbols)]
    return [symbols for _ in use.shapes]


def _unfold(use: Use) -> list[Symbols]:
    """Windows along one axis: how many there are stays in its place, how wide they are comes last."""
    return [[*_one_axis(use, use.argument(1, "dimension"), lambda symbol: Symbol())[0], Symbol()]]


def _norm(use: Use) -> list[Symbols]:
    """The dim of a norm is its third argument, everywhere else along an axis it is the second."""
    moved = {"dim": use.argument(2, "dim"), "keepdim": use.argument(3, "keepdim", False)}
    return _reduce(Use(use.tensors[:1], use.args[:1], moved, use.shapes))


def _movedim(use: Use) -> list[Symbols]:
    tensor = use.tensors[0]
    rank = len(tensor.shape)
    source, destination = use.argument(1, "source"), use.argument(2, "destination")
    pairs = zip(*([n] if isinstance(n, int) else n for n in (source, destination)), strict=True)
    places = {_axis(there, rank): _axis(here, rank) for here, there in pairs}
    rest = iter(i for i in range(rank) if i not in places.values())
    return [[tensor.symbols[places[i] if i in places else next(rest)] for i in range(rank)]]


def _edges(use: Use) -> list[Symbols]:
    """F.pad names its axes from the last: an axis with nothing added to either end stays itself."""
    tensor, widths = use.tensors[0], list(use.argument(1, "pad"))
    added = {len(tensor.shape) - 1 - i // 2 for i, width in enumerate(widths) if width}
    return [[Symbol() if i in added else s for i, s in enumerate(tensor.symbols)]]


def _take_along_dim(use: Use) -> list[Symbols]:
    return _gather(Use(use.tensors, (use.args[0], use.argument(2, "dim")), {}, use.shapes))


def _add_matmul(use: Use) -> list[Symbols]:
    return _matmul(Use(use.tensors[1:], use.args, use.kwargs, use.shapes))


def _outer(use: Use) -> list[Symbols]:
    return [[use.tensors[0].symbols[0], use.tensors[1].symbols[0]]]


def _attention(use: Use) -> list[Symbols]:
    """One answer for each query; which axes the weights have, its layer's options say."""
    query, value = use.tensors[0], use.tensors[min(2, len(use.tensors) - 1)]
    answers = query.symbols if query.shape == use.shapes[0] else [*query.symbols[:-1], value.symbols[-1]]
    return [answers, *(unknown(shape) for shape in use.shapes[1:])]


def _convolution(rank: int) -> Callable[[Use], list[Symbols]]:
    """Channels come out in the place of channels, and the places along a window are fewer: only batch is still itself."""
    return lambda use: [
        [use.tensors[0].symbols[0], use.born("channels"), *unknown(shape[2:])] if len(shape) == rank else []
        for shape in use.shapes
    ]


def _pool(places: int) -> Callable[[Use], list[Symbols]]:
    """Pooling moves a window along the last axes and leaves the others; a window of width 1 leaves its axis as well."""

    def rule(use: Use) -> list[Symbols]:
        symbols, widths = use.tensors[0].symbols, use.argument(1, "kernel_size")
        wide = [True] * places if not isinstance(widths, tuple) else [width != 1 for width in widths]
        moved = [Symbol() if is_wide else s for s, is_wide in zip(symbols[-places:], wide, strict=True)]
        return [[*symbols[:-places], *moved] for _ in use.shapes]

    return rule


def _view(use: Use) -> list[Symbols]:
    """Walk both shapes from the left, matching runs of equal product: one to one keeps the name, several to one multiply.

    Axes of size 1 come and go without a trace, so they are left out of the walk and come out unknown.
    """
    tensor, shape = use.tensors[0], use.shapes[0]
    if tensor.shape == shape:
        return [tensor.symbols]
    if 0 in shape:
        return []
    before = [one for n, s in zip(tensor.shape, tensor.symbols, strict=True) if n != 1 for one in _taken_apart(n, s)]
    after = [n for n in shape if n != 1]
    walked: Symbols = []
    while after:
        took, gave = [before.pop(0)], [after.pop(0)]
        while (left := prod(n for n, _ in took)) != (right := prod(gave)):
            if left < right:
                took.append(before.pop(0))
            else:
                gave.append(after.pop(0))
        walked.extend([_merged(took)] if len(gave) == 1 else [Symbol(nameable=False) for _ in gave])
    rest = iter(walked)
    return [[next(rest) if n != 1 else Symbol() for n in shape]]


def _taken_apart(size: int, symbol: Symbol) -> list[tuple[int, Symbol]]:
    """Return the axes that an axis was multiplied from, or the axis itself."""
    whole = symbol.parts and prod(n for n, _ in symbol.parts) == size
    return list(symbol.parts) if whole else [(size, symbol)]


def _merged(parts: list[tuple[int, Symbol]]) -> Symbol:
    if len(parts) == 1:
        return parts[0][1]
    symbols = [symbol for _, symbol in parts]
    names = [s.name for s in symbols]
    made = Symbol(nameable=False)
    if "?" not in names:
        made = Symbol("*".join(map(_factor, names)), "propagated", whole=all(s.whole for s in symbols))
    elif names[0] == "seq_len" and len(parts) == 2 and parts[1][0] < _MANY:
        made = Symbol(
            f"seq_len*{parts[1][0]}", "propagated", whole=False, nameable=False
        )  # so many scores of each word
    made.parts = tuple(parts)
    return made


def _loss(use: Use) -> list[Symbols]:
    """A loss over classes settles what it reads: (batch, classes) against targets (batch)."""
    scores, target = use.tensors[0], use.tensors[1]
    if len(scores.shape) == 2 and len(target.shape) == 1:
        scores.symbols[0].settle("batch")
        target.symbols[0].settle("batch")
        scores.symbols[1].settle("classes")
    return []


def _loss_of_each(use: Use) -> list[Symbols]:
    """A loss of each score on its own settles no more than one axis of scores against one of targets: (batch)."""
    scores, target = use.tensors[0], use.tensors[1]
    if len(scores.shape) == len(target.shape) == 1:
        scores.symbols[0].settle("batch")
        target.symbols[0].settle("batch")
    return []


def _pad(use: Use) -> list[Symbols]:
    """pad_sequence says by its own argument which axis is which."""
    batch_first = use.argument(1, "batch_first", False)
    declared = [Symbol("seq_len", "declared"), Symbol("batch", "declared")]
    return [(declared[::-1] if batch_first else declared) + unknown(use.shapes[0][2:])]


def through_packing(name: str, use: Use) -> list[Symbols]:
    """Axes through packing: the steps of all reviews stand in one axis, which is named as what it is."""
    packed = Symbol("tokens", "propagated")
    if name == "pack_padded_sequence":
        text = use.tensors[0]
        time_first = not use.argument(2, "batch_first", False)
        for symbol, role in zip(
            text.symbols, ("seq_len", "batch") if time_first else ("batch", "seq_len"), strict=False
        ):
            symbol.settle(role)
        for lengths in use.tensors[1:2]:
            lengths.symbols[0].settle("batch")
        return [[packed, *text.symbols[2:]], *([Symbol()] for _ in use.shapes[1:])]
    if name == "pad_packed_sequence":
        features = use.tensors[0].symbols[1:]
        roles = [Symbol("seq_len", "propagated"), Symbol("batch", "propagated")]
        first = roles[::-1] if use.argument(1, "batch_first", False) else roles
        return [[*first, *features], [roles[1]]]
    return []


# An operation of any other family (`other`, `born`, `nothing`) gives unknown axes: sizes alone say nothing.
_RULES: dict[str, Callable[[Use], list[Symbols]]] = {
    "same": _same,
    "keep": _keep,
    "expand": _expand,
    "embedding": _embedding,
    "embedding_bag": _embedding_bag,
    "linear": _linear,
    "cell": _cell,
    "conv1d": _convolution(3),
    "conv2d": _convolution(4),
    "pool1d": _pool(1),
    "pool2d": _pool(2),
    "squeeze": _squeeze,
    "unsqueeze": _unsqueeze,
    "permute": _permute,
    "transpose": _transpose,
    "t": lambda use: [use.tensors[0].symbols[::-1]],
    "transpose last": lambda use: [[*(s := use.tensors[0].symbols)[:-2], s[-1], s[-2]]],
    "movedim": _movedim,
    "topk": _topk,
    "narrow": _narrow,
    "index_select": _index_select,
    "repeat_interleave": _repeat_interleave,
    "unfold": _unfold,
    "norm": _norm,
    "edges": _edges,
    "one_hot": lambda use: [[*use.tensors[0].symbols, Symbol()]],
    "take_along_dim": _take_along_dim,
    "add matmul": _add_matmul,
    "outer": _outer,
    "attention": _attention,
    "select": _select,
    "index": _index,
    "gather": _gather,
    "reduce": _reduce,
    "cat": _cat,
    "stack": _stack,
    "pieces": _pieces,
    "matmul": _matmul,
    "einsum": _einsum,
    "view": _view,
    "loss": _loss,
    "loss of each": _loss_of_each,
    "pad": _pad,
}


def read_by_rnn(symbols: Symbols, batch_first: bool) -> None:
    """Settle the axes of what an RNN reads: (seq_len, batch, …), its `batch_first` the other way round, or (seq_len, …)."""
    if len(symbols) == 2:
        symbols[0].settle("seq_len")
        return
    symbols[int(batch_first)].settle("seq_len")
    symbols[1 - int(batch_first)].settle("batch")
