"""Operations on tensors: each is told as a fact, and its result has a shape and axes as far as they are certain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rnnlab import axes
from rnnlab.axes import Operand, Symbol, Use
from rnnlab.facts import Call, Named
from rnnlab.operations import LOSSES, SILENT, UNKNOWN_LOSS, Operation, operation_of
from rnnlab.reading import shapes
from rnnlab.reading.passes import settle
from rnnlab.reading.running import Run
from rnnlab.reading.shapes import Asked, Index
from rnnlab.reading.telling import makers_key
from rnnlab.reading.values import (
    Constant,
    Either,
    Listing,
    Number,
    Packed,
    Tensor,
    Unknown,
    Value,
    constant,
    derived,
    is_unknown_size,
    made_of,
    origins_of,
)

_ALONG = {
    **dict.fromkeys(("squeeze", "unsqueeze", "mean", "sum", "max", "min", "argmax", "any", "prod", "median"), 1),
    **dict.fromkeys(("softmax", "log_softmax", "gather", "select", "cat", "stack"), 1),
}
_TRAINING = {"backward", "zero_grad", "optimizer_step"}
_DTYPES = {"long": "int64", "int": "int32", "float": "float32", "double": "float64", "half": "float16", "bool": "bool"}


def is_tensor(value: Value) -> bool:
    """Say whether a value is a tensor, on whatever path."""
    if isinstance(value, Either):
        return any(isinstance(option, Tensor) for option in value.options)
    return isinstance(value, Tensor)


def as_tensor(value: Value) -> Value:
    """Return what a value is where a tensor is needed: of several the tensors, joined by their makers."""
    if isinstance(value, Either):
        found = [option for option in value.options if isinstance(option, Tensor | Packed)]
        if len(found) == 1:
            return found[0]
        if found:
            return Tensor(None, None, "", origins_of(found), made_of(found))
    return value


def plain(value: Any) -> Any:
    """Return an argument as a Python value for the rules of shapes and axes; `...` where it is not known."""
    if isinstance(value, Constant):
        return value.value
    if isinstance(value, Number):
        return value.size
    if isinstance(value, Tensor):
        return Index(value.shape) if value.dtype in ("int64", "int32", "") else value
    if isinstance(value, Listing):
        if value.items is None:
            return ...
        parts = [plain(one) for one in value.items]
        if value.kind == "slice":
            return slice(*parts)
        return tuple(parts) if value.kind == "tuple" else parts
    return ...


def operate(
    run: Run,
    spelling: str,
    pairs: Sequence[tuple[str, Value]],
    node: Any,
    args: Sequence[Any] | None = None,
    kwargs: dict[str, Any] | None = None,
    *,
    values: dict[str, Any] | None = None,
    dtype: str | None = None,
) -> Value:
    """Tell of an operation and return what comes out.

    Args:
        pairs: the tensors that go in, under the learner's words.
        args: all arguments as Python values, the first tensor first; without them, the tensors alone.
    """
    operation = operation_of(spelling)
    given = [(word, as_tensor(value)) for word, value in pairs]
    tensors = [value for _, value in given if isinstance(value, Tensor)]
    args, kwargs = list(args if args is not None else [plain(v) for _, v in given]), dict(kwargs or {})
    asked = Asked(operation.name, [t.shape for t in tensors], args, {**kwargs, "spelling": spelling}, run.size)
    made = shapes.coming_out(operation.family, asked) if tensors else [None]
    symbols = through(operation, tensors, args, kwargs, made)
    results = [
        Tensor(shape, known, dtype if dtype is not None else _dtype(operation, spelling, tensors, i))
        for i, (shape, known) in enumerate(zip(made, symbols, strict=True))
    ]
    measured = {**_measured(operation, args, kwargs), **(values or {})}
    if operation.name == "view" and tensors and tensors[0].shape is not None and made[0] is not None:
        measured["from_axes"] = _same_axes(tensors[0].shape, made[0])
    result: Value = results[0] if len(results) == 1 else Listing("tuple", list(results))
    return tell(run, operation, given, result, node, measured)


def _same_axes(before: Sequence[int], after: Sequence[int]) -> list[int | None]:
    """Return for each axis that comes out the axis of that very size that went in; None where it is not one alone."""
    found = [[i for i, one in enumerate(before) if one == size] for size in after]
    return [same[0] if len(same) == 1 and size != 1 else None for same, size in zip(found, after, strict=True)]


def through(
    operation: Operation,
    tensors: Sequence[Tensor],
    args: Sequence[Any],
    kwargs: dict[str, Any],
    made: Sequence[tuple[int, ...] | None],
    born: Any = None,
) -> list[list[Symbol] | None]:
    """Return the axes of what comes out, by the rules that a run has too."""
    if not tensors or any(t.shape is None for t in tensors) or any(shape is None for shape in made):
        return [None] * len(made)
    operands = [Operand(t.shape or (), t.symbols) for t in tensors]
    use = Use(
        operands, args, kwargs, [shape or () for shape in made], born or (lambda name: Symbol(name, "propagated"))
    )
    found: list[list[Symbol] | None] = list(axes.through(operation.family, use))
    return found


def tell(
    run: Run,
    operation: Operation,
    given: Sequence[tuple[str, Value]],
    result: Value,
    node: Any,
    values: dict[str, Any] | None = None,
    *,
    layer: str | None = None,
    silent: bool = False,
) -> Value:
    """Add the fact of an operation, and give its result its maker and its origins."""
    read = [(word, v) for word, v in given if isinstance(v, Tensor | Packed) or (v.made and not isinstance(v, Number))]
    inputs = tuple(Named(word, run.story.note(value)) for word, value in read)
    origins = origins_of(value for _, value in given)
    for part in _parts(result):
        part.origins = origins
    fact = Call(
        place=run.story.place(node),
        stage=operation.stage or _stage(run, given),
        what=operation.name,
        inputs=inputs,
        output=run.story.note(result) if not silent else None,
        binds=run.binds(node),
        values=values or {},
        layer=layer,
        grad_on=run.grad_on,
        training=run.training(),
    )
    if run.loops:
        run.loops[-1].called = True
        run.loops[-1].judged |= operation.name in LOSSES or operation.name == UNKNOWN_LOSS
        if operation.name in _TRAINING:
            settle(run, learns=operation.name != "zero_grad")
    n = run.story.call(node, fact, (makers_key(value for _, value in given), layer))
    for part in _parts(result):
        part.made = (n,)
    return result


def _parts(value: Value) -> list[Value]:
    if isinstance(value, Listing):
        return [part for one in value.items or () for part in _parts(one)]
    return [value]


def _stage(run: Run, given: Sequence[tuple[str, Value]]) -> str | None:
    """Inside a model, what comes between the RNN and the head chooses the state: the squeeze stage."""
    if not run.models:
        return None
    for _, value in given:
        for part in _parts(value):
            names = {symbol.name for symbol in getattr(part, "symbols", ())}
            if any(n == "hid" or n.endswith("*hid") or n.startswith("hid_") for n in names):
                return "squeeze"
    return None


def _dtype(operation: Operation, spelling: str, tensors: Sequence[Tensor], position: int) -> str:
    if operation.name in ("eq", "compare", "any"):
        return "bool"
    if operation.name in ("argmax", "argmin", "argsort") or (position == 1 and operation.family in ("reduce", "topk")):
        return "int64"
    if spelling in _DTYPES:
        return _DTYPES[spelling]
    kinds = {t.dtype for t in tensors}
    return kinds.pop() if len(kinds) == 1 else ""


def _measured(operation: Operation, args: Sequence[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """What a run measures too, as far as the source says it."""
    found: dict[str, Any] = {}
    if operation.name in _ALONG:
        position = _ALONG[operation.name]
        dim = args[position] if len(args) > position else kwargs.get("dim", kwargs.get("axis"))
        if isinstance(dim, int) and not isinstance(dim, bool) and not is_unknown_size(dim):
            found["dim"] = dim
        elif isinstance(dim, tuple | list):
            found["dim"] = [d for d in dim if isinstance(d, int)]
        elif dim is ...:
            found["dim"] = "?"
        if operation.family == "reduce" and ((len(args) > 2 and args[2] is True) or kwargs.get("keepdim") is True):
            found["keepdim"] = True
    elif operation.name == "pad":
        wanted = args[1] if len(args) > 1 else kwargs.get("pad", ...)
        found |= _padded_side(wanted) if isinstance(wanted, tuple | list) and len(wanted) >= 2 else {}
    elif operation.name in ("view", "permute", "transpose", "expand"):
        wanted = (
            args[1:] if len(args) > 1 else next((v for k, v in kwargs.items() if k in ("shape", "size", "dims")), ())
        )
        flat = (
            wanted
            if not isinstance(wanted, tuple | list)
            else wanted[0]
            if len(wanted) == 1 and isinstance(wanted[0], tuple | list)
            else wanted
        )
        if isinstance(flat, tuple | list):
            found["sizes"] = ["?" if not isinstance(n, int) or is_unknown_size(n) else n for n in flat]
    return found


def _padded_side(wanted: Sequence[Any]) -> dict[str, Any]:
    """`F.pad(ids, (0, n))` fills up behind the end, `(n, 0)` before the beginning."""
    before, behind = wanted[0], wanted[1]
    if before == 0 and behind != 0:
        return {"padding_side": "right"}
    return {"padding_side": "left"} if behind == 0 and before != 0 else {}


# --- indexing ------------------------------------------------------------------------------------------------------


def index(run: Run, owner: Tensor, key: Value, node: Any) -> Value:
    """`tensor[key]`."""
    parts = list(key.items) if isinstance(key, Listing) and key.kind == "tuple" and key.items is not None else [key]
    keys = [_key(part) for part in parts]
    shape = None if owner.shape is None else shapes.indexed(owner.shape, [k for k, _ in keys], run.size)
    pairs = [
        (run.story.word(getattr(node, "value", node)), owner),
        *(("", part) for part in parts if isinstance(part, Tensor)),
    ]
    tensors = [owner, *(part for part in parts if isinstance(part, Tensor))]
    operation = operation_of("index")
    python = tuple(k for k, _ in keys)
    known = through(operation, tensors, [None, python if len(python) != 1 else python[0]], {}, [shape])
    result = Tensor(shape, known[0], owner.dtype)
    made = tell(run, operation, pairs, result, node, {"index": [word for _, word in keys]})
    first = parts[0] if parts else None
    if isinstance(first, Listing) and first.kind == "slice" and owner.origins and not run.models and not run.loops:
        from rnnlab.reading import libraries

        return libraries.sliced(run, owner, first, node, made)  # rows that were turned into numbers are cut
    return made


def _key(part: Value) -> tuple[Any, Any]:
    """Return a key for the rules of shapes, and as a run notes it."""
    if isinstance(part, Listing) and part.kind == "slice":
        return plain(part), ":"
    if isinstance(part, Constant):
        value = part.value
        if value is None:
            return None, "NoneType"
        if value is Ellipsis:
            return Ellipsis, "ellipsis"
        return (value, value) if isinstance(value, int) else (shapes.UNKNOWN_KEY, type(value).__name__)
    if isinstance(part, Number):
        return 0, "int"
    if isinstance(part, Tensor):
        return (Index(part.shape), "Tensor") if part.dtype != "bool" else (shapes.UNKNOWN_KEY, "Tensor")
    if isinstance(part, Listing):
        return shapes.UNKNOWN_KEY, "list"
    return shapes.UNKNOWN_KEY, "?"


def noted_key(part: Value) -> Any:
    """Return a key as a run notes it."""
    return _key(part)[1]


def shape_value(run: Run, owner: Tensor, node: Any) -> Value:
    """`tensor.shape`: numbers under their spelling."""
    text = run.story.source(node)
    if owner.shape is None:
        return Listing("tuple", None, Number(run.size(), f"{text}[…]", owner.origins), owner.origins)
    return Listing("tuple", [size_value(n, f"{text}[{i}]", owner) for i, n in enumerate(owner.shape)])


def size_value(size: int, text: str, owner: Tensor) -> Value:
    """Return a size as a value."""
    return Number(size, text, owner.origins) if is_unknown_size(size) else Constant(size)


# --- methods and functions -----------------------------------------------------------------------------------------

_IN_PLACE = {
    "requires_grad_",
    "uniform_",
    "normal_",
    "fill_",
    "zero_",
    "copy_",
    "masked_fill_",
    "random_",
    "xavier_uniform_",
}
_NUMBERS = {"item", "tolist", "numpy", "__float__"}


def call_method(run: Run, owner: Tensor, name: str, given: Any) -> Value:
    """Call a method of a tensor."""
    node = given.node
    receiver = getattr(getattr(node, "func", None), "value", node)
    word = run.story.word(receiver)
    if name in ("size", "dim", "numel", "nelement", "ndimension", "__len__"):
        return _asked(run, owner, name, given, word)
    if name in ("__class__", "is_contiguous", "data_ptr", "type") and not given.positional:
        return Unknown(text=name)
    if name in _NUMBERS:
        return left_torch(run, owner, name, word, node)
    if name == "backward":
        flags = {k: v for k, v in ((k, constant(v)) for k, v in given.named.items()) if isinstance(v, bool)}
        return tell(run, operation_of("backward"), [(word, owner)], Constant(None), node, flags)
    if name in _IN_PLACE or name in SILENT:
        if name in _IN_PLACE and owner.owner is not None:
            from rnnlab.reading import libraries

            libraries.weights_written(run, owner, name, given)
        return owner
    made = function(run, name, given.after(owner), word)
    if name in _RESHAPED and isinstance(made, Tensor):
        # What works in place rewrites the tensor itself, under every name that it has.
        owner.shape, owner.symbols, owner.made = made.shape, made.symbols, made.made
        return owner
    return made


_RESHAPED = {"squeeze_", "unsqueeze_", "transpose_", "t_", "swapaxes_", "masked_fill_"}


def function(run: Run, name: str, given: Any, first_word: str | None = None) -> Value:
    """Call a function (or a method, its tensor first) of torch: its tensors, in order, and the rest of its arguments."""
    pairs: list[tuple[str, Value]] = []
    python: list[Any] = []
    many = False
    values = [(given.words.get(i, ""), v) for i, v in enumerate(given.positional)]
    if values and first_word is not None:
        values[0] = (first_word, values[0][1])
    shift = int(first_word is not None)
    for i, (word, value) in enumerate(values):
        many |= _collect(run, word, value, pairs, name, given.nodes.get(i - shift))
        python.append(plain(as_tensor(value)))
    named: dict[str, Any] = {}
    for key, value in given.named.items():
        if key in _TENSOR_WORDS:
            many |= _collect(run, given.words.get(key, ""), value, pairs, name)
            python.insert(0, plain(as_tensor(value))) if key in ("input", "tensors") else None
        named[key] = plain(as_tensor(value))
    if many:
        named["many"] = True
    if not any(isinstance(value, Tensor | Packed) for _, value in pairs):
        pairs = pairs or [("", derived(given.values()))]
        if operation_of(name).family == "other":
            return Tensor(None, None, "", origins_of(given.values()), made_of(given.values()))
    values_noted = {k: v for k, v in named.items() if k in _NOTED and v is not ...}
    return operate(run, name, pairs, given.node, python, named, values=values_noted, dtype=_asked_dtype(name, given))


_TENSOR_WORDS = {"input", "tensors", "target", "other", "weight", "mask", "index", "sequences"}
_NOTED = {
    "training",
    "p",
    "reduction",
    "batch_first",
    "enforce_sorted",
    "padding_value",
    "total_length",
    "ignore_index",
}


def _asked_dtype(name: str, given: Any) -> str | None:
    wanted = given.named.get("dtype") or (
        given.positional[1] if name in ("to", "type") and len(given.positional) > 1 else None
    )
    word = getattr(wanted, "name", "") if wanted is not None else ""
    last = str(word).rpartition(".")[2]
    return _DTYPES.get(last, last) if word and last in {*_DTYPES, *_DTYPES.values(), "float32", "int64"} else None


def _collect(run: Run, word: str, value: Value, pairs: list[tuple[str, Value]], name: str, node: Any = None) -> bool:
    """Add the tensors of an argument; say whether it is a list whose length is not known."""
    value = as_tensor(value)
    if isinstance(value, Tensor | Packed):
        pairs.append((word, value))
    elif isinstance(value, Listing) and value.kind in ("list", "tuple", "generator"):
        if value.items is not None:
            words = _item_words(run, node, len(value.items))
            pairs.extend((words[i], as_tensor(one)) for i, one in enumerate(value.items[:64]) if is_tensor(one))
            return False
        if value.element is not None and is_tensor(value.element):
            pairs.append((word, as_tensor(value.element)))
            return True
        if value.element is not None and value.kind != "generator" and name in ("cat", "stack", "pad_sequence"):
            pairs.append((word, Tensor(None, None, "", origins_of([value]), made_of([value]))))
            return True
    elif isinstance(value, Unknown) and (value.made or not pairs) and not value.text:
        pairs.append((word, Tensor(None, None, "", value.origins, value.made)))
    return False


def _item_words(run: Run, node: Any, count: int) -> list[str]:
    """Return the learner's words for the items of a list that is written out."""
    import ast

    if isinstance(node, ast.Tuple | ast.List) and len(node.elts) == count:
        return [run.story.word(element) for element in node.elts]
    return [""] * count


def _asked(run: Run, owner: Tensor, name: str, given: Any, word: str) -> Value:
    text = run.story.word(given.node)
    if owner.shape is None:
        return (
            Unknown(owner.origins, text=text)
            if name == "size" and not given.positional
            else run.number(text, owner.origins)
        )
    if name == "size":
        dim = constant(given.get(0, "dim"))
        if isinstance(dim, int) and -len(owner.shape) <= dim < len(owner.shape):
            return size_value(owner.shape[dim], text, owner)
        return run.number(text) if given.positional else shape_value(run, owner, given.node)
    if name in ("dim", "ndimension"):
        return Constant(len(owner.shape))
    return run.number(text, owner.origins)


def formatted(run: Run, owner: Tensor, word: str, node: Any) -> None:
    """A tensor's number is written into a text."""
    tell(run, operation_of("item"), [(word, owner)], Constant(None), node)


def left_torch(run: Run, owner: Tensor, name: str, word: str, node: Any) -> Value:
    if name == "numpy":
        return Tensor(owner.shape, owner.symbols, owner.dtype, owner.origins, owner.made)
    result = run.number(run.story.word(node)) if name != "tolist" else Unknown()
    if isinstance(result, Number):
        result.added = owner.added
    tell(run, operation_of("item"), [(word, owner)], result, node)
    if name == "tolist":
        return Listing("list", None, Unknown(result.origins, result.made), result.origins, result.made)
    return result


def loss_of(what: str) -> bool:
    """Say whether an operation is a loss."""
    return what in LOSSES
