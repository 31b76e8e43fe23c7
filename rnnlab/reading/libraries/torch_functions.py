"""Functions of torch and torch.nn.functional, and where tensors are born."""

from __future__ import annotations

from typing import Any

from rnnlab.axes import Symbol
from rnnlab.facts import Call
from rnnlab.operations import LOSSES, operation_of
from rnnlab.reading import tensors
from rnnlab.reading.heap import together
from rnnlab.reading.libraries import torch_layers
from rnnlab.reading.libraries.registry import calls, methods
from rnnlab.reading.values import (
    Constant,
    Either,
    Library,
    Listing,
    Number,
    Packed,
    Tensor,
    Thing,
    Unknown,
    Value,
    constant,
    deep_origins,
    derived,
    is_unknown_size,
    made_of,
    origins_of,
)

_QUIET = ("torch.cuda.", "torch.backends.", "torch.version", "torch.jit.", "torch.hub", "torch.distributed",
          "torch.multiprocessing", "torch.profiler",
          "torch.onnx", "torch.utils.tensorboard", "torch.nn.init.", "torch.set_", "torch.get_", "torch.is_",
          "torch.autograd.set_", "torch.device", "torch.finfo", "torch.iinfo", "torch.Size", "torch.Generator")  # fmt: skip


def any_function(run: Any, callee: Library, given: Any) -> Value:
    """Call anything of torch that has no row of its own here."""
    name = callee.name
    if (
        name.startswith(("torch.nn.modules", "torch.nn."))
        and name.count(".") >= 2
        and torch_layers.is_layer_name(callee.last)
    ):
        if callee.last in ("Parameter",):
            return _parameter(run, given)
        return torch_layers.make(run, callee.last, given)
    if name.startswith(_QUIET):
        return Unknown(text=callee.last)
    if name.startswith("torch.nn.utils.rnn."):
        return derived(given.values())
    if name.startswith("torch.optim"):
        from rnnlab.reading.libraries import torch_training

        return torch_training.any_optimizer(run, callee, given)
    if name.startswith("torch.utils."):
        return derived(given.values())
    if operation_of(callee.last).name in LOSSES:
        return _loss(run, callee.last, given)
    return tensors.function(run, callee.last, given)


def _loss(run: Any, name: str, given: Any) -> Value:
    pairs = [(word, tensors.as_tensor(value)) for word, value in given.pairs()]
    pairs = [(w, v if isinstance(v, Tensor) else Tensor(None, None, "", v.origins, v.made)) for w, v in pairs[:2]]
    read = [value for _, value in pairs if isinstance(value, Tensor)]
    operation = operation_of(name)
    if len(read) > 1 and all(t.shape is not None for t in read):
        tensors.through(operation, read, [], {}, [()])
    values = {
        k: torch_layers.noted(v)
        for k, v in given.named.items()
        if k in ("reduction", "weight", "ignore_index", "pos_weight")
    }
    result = Tensor(() if values.get("reduction") != "none" else None, [], "float32")
    return tensors.tell(run, operation, pairs, result, given.node, values)


# --- born ----------------------------------------------------------------------------------------------------------

_LITERAL = {"LongTensor": "int64", "IntTensor": "int32", "FloatTensor": "float32", "Tensor": "float32", "BoolTensor": "bool",
            "HalfTensor": "float16", "DoubleTensor": "float64"}  # fmt: skip


@calls(
    "torch.tensor torch.as_tensor torch.from_numpy torch.LongTensor torch.FloatTensor torch.IntTensor",
    "torch.Tensor torch.BoolTensor torch.HalfTensor torch.DoubleTensor torch.cuda.LongTensor",
    "torch.cuda.FloatTensor",
)
def _tensor(run: Any, given: Any) -> Value:
    value, name = given.get(0, "data"), given.callee.last
    is_number = isinstance(value, Number) or isinstance(constant(value), int)
    if name in _LITERAL and (len(given.positional) > 1 or is_number):
        return _sized(run, given)
    shape = _shape_of(run, value) if value is not None else ()
    dtype = _LITERAL.get(name) or tensors._asked_dtype("tensor", given) or _literal_dtype(value)
    made = Tensor(shape, _axes_of(value), dtype)
    operation = operation_of("tensor")
    values: dict[str, Any] = {}
    if isinstance(value, Tensor):
        made.symbols = value.symbols if value.shape is not None else made.symbols
    if value is not None and deep_origins(value):
        values["from"] = sorted(deep_origins(value))
    pairs = [(given.word(0, "data"), value)] if isinstance(value, Tensor) else []
    origins, makers = origins_of([value]), made_of([value])
    result = tensors.tell(run, operation, pairs, made, given.node, values)
    result.origins |= origins
    result.made = tuple(dict.fromkeys((*result.made, *makers)))[:16]
    return result


def _literal_dtype(value: Value | None) -> str:
    if isinstance(value, Tensor):
        return value.dtype
    if isinstance(value, Listing) and value.items:
        return _literal_dtype(value.items[0])
    if isinstance(value, Constant):
        return {"int": "int64", "float": "float32", "bool": "bool"}.get(type(value.value).__name__, "")
    return "int64" if isinstance(value, Number) and value.text == "index" else ""


def _shape_of(run: Any, value: Value) -> tuple[int, ...] | None:
    """Return the shape of a tensor that is made of (lists of) numbers."""
    if isinstance(value, Constant | Number) or (
        isinstance(value, Either) and all(isinstance(v, Constant | Number) for v in value.options)
    ):
        return ()
    if isinstance(value, Tensor):
        return value.shape
    if isinstance(value, Listing):
        inner = value.items[0] if value.items else value.element
        if inner is None or (isinstance(inner, Unknown) and not inner.text):
            return (len(value.items) if value.items else run.size(),) if _is_flat(inner) else None
        rest = _shape_of(run, inner)
        if rest is None:
            return None
        return (len(value.items) if value.items is not None else run.size(), *rest)
    return None


def _is_flat(inner: Value | None) -> bool:
    """An element that is not known may be a number or a list."""
    return False


def _axes_of(value: Value | None) -> list[Symbol] | None:
    return value.symbols if isinstance(value, Tensor) and value.shape is not None else None


@calls(
    "torch.zeros torch.ones torch.rand torch.randn torch.full torch.empty torch.randint torch.arange",
    "torch.randperm torch.eye torch.linspace torch.normal",
)
def _sized(run: Any, given: Any) -> Value:
    name = given.callee.last
    flat = [tensors.plain(v) for v in given.positional]
    sizes = given.named.get("size")
    if sizes is not None:
        flat = [tensors.plain(sizes)]
    if name == "randint":
        flat = next(([part] for part in flat if isinstance(part, tuple | list)), [...])
    if name == "full":
        flat = flat[:1]
    if name in ("arange", "randperm", "linspace"):
        length = ... if not flat else flat[-1] if name == "linspace" else flat[0] if len(flat) == 1 else ...
        shape: Any = (length if isinstance(length, int) else run.size(),)
    else:
        wanted = flat[0] if len(flat) == 1 and isinstance(flat[0], tuple | list) else flat
        shape = (
            tuple(n if isinstance(n, int) and not isinstance(n, bool) else run.size() for n in wanted)
            if ... not in flat
            else None
        )
        shape = (shape[0], shape[0]) if name == "eye" and shape else shape
    dtype = tensors._asked_dtype("tensor", given) or (
        "int64" if name in ("arange", "randperm", "randint") else "float32"
    )
    spelled = {"of": name, "sizes": ["?" if is_unknown_size(n) else n for n in shape] if shape is not None else "?"}
    made = Tensor(shape, None, dtype)
    return tensors.tell(
        run,
        operation_of("tensor" if name in ("zeros", "ones", "rand", "randn", "full", "arange", *_LITERAL) else name),
        [],
        made,
        given.node,
        spelled,
    )


@calls("torch.zeros_like torch.ones_like torch.rand_like torch.randn_like torch.full_like torch.empty_like")
def _like(run: Any, given: Any) -> Value:
    return tensors.function(run, given.callee.last, given)


@calls("torch.autograd.Variable torch.autograd.variable.Variable torch.Variable")
def _variable(run: Any, given: Any) -> Value:
    """`Variable(text)` of the old torch: today it is the tensor itself."""
    value = tensors.as_tensor(given.get(0, "data") or Unknown())
    if isinstance(value, Tensor | Packed):
        return value
    return Tensor(None, None, "", origins_of([value]), made_of([value]))


@calls("torch.nn.Parameter torch.nn.parameter.Parameter")
def _parameter(run: Any, given: Any) -> Value:
    value = given.get(0, "data")
    if isinstance(value, Tensor):
        return Tensor(value.shape, None, value.dtype, value.origins, value.made)
    return Tensor(None, None, "float32")


@calls("numpy.array numpy.asarray numpy.stack numpy.concatenate numpy.vstack numpy.hstack")
def _array(run: Any, given: Any) -> Value:
    value = given.get(0)
    if (
        given.callee.last in ("concatenate", "vstack", "hstack")
        and isinstance(value, Listing)
        and value.items is not None
    ):
        from rnnlab.reading.filling import joined_rows
        from rnnlab.reading.looping import element_of

        element = together([element_of(run, one, given.node) for one in value.items])
        return joined_rows(run, given.node, value, Listing("array", None, element, deep_origins(value)))
    return (
        value
        if isinstance(value, Listing | Tensor | Thing) and given.callee.last in ("array", "asarray")
        else derived(given.values())
    )


@calls("numpy.pad")
def _numpy_pad(run: Any, given: Any) -> Value:
    """`numpy.pad(ids, (0, n))` fills up behind the end, `(n, 0)` before the beginning."""
    from rnnlab.reading.filling import tell_filling

    value, widths = given.get(0, "array"), tensors.plain(given.get(1, "pad_width") or Unknown())
    if isinstance(widths, tuple | list) and widths and isinstance(widths[-1], tuple | list):
        widths = widths[-1]
    made = value if isinstance(value, Listing) else derived([value])
    made = (
        Listing(made.kind, None, _one_of(run, made, given.node), made.origins, made.made)
        if isinstance(made, Listing)
        else made
    )
    if isinstance(widths, tuple | list) and len(widths) == 2 and (widths[0] == 0) is not (widths[1] == 0):
        number = tell_filling(
            run, given.node, "right" if widths[0] == 0 else "left", given.word(3, "constant_values") or "0"
        )
        made.made = (*made.made, number)
    return made


def _one_of(run: Any, value: Value, node: Any) -> Value:
    from rnnlab.reading.looping import element_of

    return element_of(run, value, node)


@calls(
    "numpy.zeros numpy.random.uniform numpy.random.normal numpy.random.randn numpy.ones numpy.empty",
    "numpy.full numpy.random.rand",
)
def _numpy_zeros(run: Any, given: Any) -> Value:
    """A matrix that is filled row by row: what is written into it is remembered."""
    size = given.get(2, "size") if given.callee.last in ("uniform", "normal") else given.get(0, "shape")
    shape = tensors.plain(size) if size is not None else ...
    known = tuple(n if isinstance(n, int) else run.size() for n in shape) if isinstance(shape, tuple | list) else None
    if isinstance(size, Number) or (isinstance(size, Constant) and isinstance(size.value, int)):
        known = (shape if isinstance(shape, int) else run.size(),)
    made = Tensor(known, None, "float64")
    call = Call(
        place=run.story.place(given.node),
        what="array",
        binds=run.binds(given.node),
        output=run.story.note(made),
        values={"of": given.callee.last},
    )
    made.made = (run.story.call(given.node, call, ()),)
    return made


@calls(
    "numpy.argmax numpy.exp numpy.round numpy.rint numpy.where numpy.abs numpy.cumsum numpy.squeeze",
    "numpy.argsort numpy.max",
)
def _numpy_function(run: Any, given: Any) -> Value:
    if any(tensors.is_tensor(v) for v in given.positional):
        return tensors.function(run, given.callee.last, given)
    return derived(given.values())


# --- packing -------------------------------------------------------------------------------------------------------


@calls("torch.nn.utils.rnn.pack_padded_sequence")
def _pack(run: Any, given: Any) -> Value:
    text = tensors.as_tensor(given.get(0, "input") or Unknown())
    lengths = tensors.as_tensor(given.get(1, "lengths") or Unknown())
    first = constant(given.get(2, "batch_first"), False)
    values = {"batch_first": first, "enforce_sorted": constant(given.get(3, "enforce_sorted"), True)}
    pairs = [
        (given.word(0, "input"), text if isinstance(text, Tensor) else Tensor(None, None, "", text.origins, text.made))
    ]
    length_pairs = [(given.word(1, "lengths"), lengths)] if isinstance(lengths, Tensor) else []
    features: tuple[int, ...] | None = None
    symbols = [Symbol("tokens", "propagated")]
    if isinstance(text, Tensor) and text.shape is not None and len(text.shape) >= 2:
        roles = ("batch", "seq_len") if first is True else ("seq_len", "batch")
        for symbol, role in zip(text.symbols, roles, strict=False):
            symbol.settle(role)
        features, symbols = text.shape[2:], [*symbols, *text.symbols[2:]]
    if isinstance(lengths, Tensor) and lengths.shape is not None and len(lengths.shape) == 1:
        lengths.symbols[0].settle("batch")
    made = Packed(features, symbols)
    return tensors.tell(run, operation_of("pack_padded_sequence"), [*pairs, *length_pairs], made, given.node, values)


@calls("torch.nn.utils.rnn.pack_sequence")
def _pack_sequence(run: Any, given: Any) -> Value:
    value = given.get(0, "sequences")
    pairs = [(given.word(0), Tensor(None, None, "", origins_of([value]), made_of([value])))]
    values = {"enforce_sorted": constant(given.get(1, "enforce_sorted"), True)}
    return tensors.tell(
        run, operation_of("pack_sequence"), pairs, Packed(None, [Symbol("tokens", "propagated")]), given.node, values
    )


@calls("torch.nn.utils.rnn.pad_packed_sequence")
def _unpack(run: Any, given: Any) -> Value:
    packed = given.get(0, "sequence") or Unknown()
    first = constant(given.get(1, "batch_first"), False)
    roles = [Symbol("seq_len", "propagated"), Symbol("batch", "propagated")]
    order = roles[::-1] if first is True else roles
    features = list(packed.symbols[1:]) if isinstance(packed, Packed) else []
    sizes = packed.features if isinstance(packed, Packed) and packed.features is not None else None
    shape = (run.size(), run.size(), *sizes) if sizes is not None else None
    if shape is not None and len(features) != len(shape) - 2:
        features = [Symbol() for _ in shape[2:]]
    text = Tensor(shape, [*order, *features] if shape is not None else None, "float32")
    lengths = Tensor((shape[int(first is not True)],) if shape else None, [roles[1]] if shape else None, "int64")
    values = {"batch_first": first, "padding_value": constant(given.get(2, "padding_value"), 0.0)}
    pairs = [(given.word(0, "sequence"), packed)] if isinstance(packed, Packed | Tensor) else []
    return tensors.tell(
        run, operation_of("pad_packed_sequence"), pairs, Listing("tuple", [text, lengths]), given.node, values
    )


@calls("torch.nn.utils.rnn.pad_sequence")
def _pad(run: Any, given: Any) -> Value:
    value = given.get(0, "sequences") or Unknown()
    first = constant(given.get(1, "batch_first"), False)
    padding = given.get(2, "padding_value")
    declared = [Symbol("seq_len", "declared"), Symbol("batch", "declared")]
    element = (value.items[0] if value.items else value.element) if isinstance(value, Listing) else None
    inner = element.shape if isinstance(element, Tensor) and element.shape is not None else None
    rest = inner[1:] if inner is not None and len(inner) > 1 else ()
    shape = (run.size(), run.size(), *rest)
    symbols = [*(declared[::-1] if first is True else declared), *(Symbol() for _ in rest)]
    made = Tensor(shape, symbols, element.dtype if isinstance(element, Tensor) else "int64")
    values = {"batch_first": first, "padding_value": torch_layers.noted(padding) if padding is not None else 0.0}
    values["padding_text"] = given.word(2, "padding_value")
    side = constant(given.get(3, "padding_side"), "right")
    values["padding_side"] = side
    source = Tensor(None, None, "", origins_of([value]), made_of([value]))
    return tensors.tell(
        run, operation_of("pad_sequence"), [(given.word(0, "sequences"), source)], made, given.node, values
    )


@methods("packed", "*")
def _packed(run: Any, owner: Value, given: Any) -> Value:
    return owner
