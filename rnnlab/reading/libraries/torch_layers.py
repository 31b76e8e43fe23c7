"""Layers of torch.nn: made with their options, called as operations with a row of their own."""

from __future__ import annotations

from typing import Any, NamedTuple

from rnnlab.axes import Symbol
from rnnlab.facts import Call, Data, makers
from rnnlab.operations import LOSSES, RECURRENT, Operation, operation_of
from rnnlab.reading import shapes, tensors
from rnnlab.reading.heap import joined_all
from rnnlab.reading.libraries import torch_recurrent
from rnnlab.reading.libraries.registry import ATTRIBUTES, ELEMENTS, ITEMS, called_things, calls, methods
from rnnlab.reading.shapes import Asked
from rnnlab.reading.values import (
    Constant,
    Either,
    Library,
    Listing,
    Mapping,
    Number,
    Packed,
    Tensor,
    Thing,
    Unknown,
    Value,
    constant,
    is_unknown_size,
    made_of,
    origins_of,
)


class Signature(NamedTuple):
    """The options of a layer in their order, and the defaults that rules ask for."""

    options: tuple[str, ...]
    defaults: dict[str, Any]


_RNN = "input_size hidden_size num_layers bias batch_first dropout bidirectional proj_size"
_RNN_DEFAULTS = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False}


def _row(options: str, **defaults: Any) -> Signature:
    return Signature(tuple(options.split()), defaults)


SIGNATURES: dict[str, Signature] = {
    "Embedding": _row(
        "num_embeddings embedding_dim padding_idx max_norm norm_type scale_grad_by_freq sparse", padding_idx=None
    ),
    "EmbeddingBag": _row(
        "num_embeddings embedding_dim max_norm norm_type scale_grad_by_freq mode", mode="mean", padding_idx=None
    ),
    "LSTM": _row(_RNN, **_RNN_DEFAULTS),
    "GRU": _row(_RNN, **_RNN_DEFAULTS),
    "RNN": _row(_RNN.replace("bias", "nonlinearity bias"), **_RNN_DEFAULTS),
    "LSTMCell": _row("input_size hidden_size bias"),
    "GRUCell": _row("input_size hidden_size bias"),
    "RNNCell": _row("input_size hidden_size bias nonlinearity"),
    "Linear": _row("in_features out_features bias", bias=True),
    "LazyLinear": _row("out_features bias", bias=True),
    "Dropout": _row("p inplace", p=0.5),
    "Conv1d": _row("in_channels out_channels kernel_size stride padding", stride=1, padding=0),
    "Conv2d": _row("in_channels out_channels kernel_size stride padding", stride=1, padding=0),
    "MaxPool1d": _row("kernel_size stride padding"),
    "AdaptiveMaxPool1d": _row("output_size"),
    "AdaptiveAvgPool1d": _row("output_size"),
    "Softmax": _row("dim", dim=None),
    "LogSoftmax": _row("dim", dim=None),
    "Flatten": _row("start_dim end_dim", start_dim=1, end_dim=-1),
    "BatchNorm1d": _row("num_features eps momentum"),
    "LayerNorm": _row("normalized_shape eps"),
    "MultiheadAttention": _row("embed_dim num_heads dropout bias", batch_first=False),
    "TransformerEncoderLayer": _row("d_model nhead dim_feedforward dropout", batch_first=False),
    "CrossEntropyLoss": _row(
        "weight size_average ignore_index reduce reduction label_smoothing", reduction="mean", weight=None
    ),
    "NLLLoss": _row("weight size_average ignore_index reduce reduction", reduction="mean", weight=None),
    "BCEWithLogitsLoss": _row("weight size_average reduce reduction pos_weight", reduction="mean", pos_weight=None),
    "BCELoss": _row("weight size_average reduce reduction", reduction="mean", weight=None),
    "MSELoss": _row("size_average reduce reduction", reduction="mean"),
}
_CONTAINERS = {"Sequential", "ModuleList", "ModuleDict", "ParameterList"}
# The widths that a layer gives birth to, by the option that says how wide it is.
_WIDTHS = {"embedding": "embedding_dim", "embedding_bag": "embedding_dim", "linear": "out_features", "cell": "hidden_size",
           "conv1d": "out_channels", "conv2d": "out_channels"}  # fmt: skip


def is_layer_name(name: str) -> bool:
    """Say whether a name of torch.nn is a class: a layer, a container or a loss."""
    return name[:1].isupper() and name not in ("Module", "Parameter")


def make(run: Any, name: str, given: Any) -> Value:
    """Make a layer; how it was made is told as a `layer` fact, with its options."""
    if name in _CONTAINERS:
        return _container(run, name, given)
    signature = SIGNATURES.get(name, Signature((), {}))
    fields: dict[Any, Any] = {"group": "layer", "training": Constant(True), "symbols": {}}
    options: dict[str, Value] = {}
    for i, option in enumerate(signature.options):
        value = given.get(i, option)
        if value is not None:
            options[option] = value
        elif given.rest is not None:
            options[option] = Unknown(text="?")
    for option, value in given.named.items():
        options.setdefault(option, value)
    for option, default in signature.defaults.items():
        options.setdefault(option, Constant(default))
    fields["options"] = options
    origins = origins_of(v for v in options.values() if isinstance(v, Tensor | Thing | Mapping | Listing))
    made = Thing(f"torch.nn.{name}", fields, origins)
    fields["told"] = _tell_made(run, made, name, options, given)
    if operation_of(name).name in LOSSES:
        run.things.append(made)
    return made


def _tell_made(run: Any, made: Thing, name: str, options: dict[str, Value], given: Any) -> int:
    values: dict[str, Any] = {option: noted(value) for option, value in options.items()}
    spelled = {
        option: given.words[i]
        for i, option in enumerate(SIGNATURES.get(name, Signature((), {})).options)
        if i in given.words
    }
    spelled |= {option: word for option, word in given.words.items() if isinstance(option, str)}
    origins = {option: sorted(found) for option, value in options.items() if (found := origins_of([value]))}
    call = Call(
        place=run.story.place(given.node),
        what="layer",
        binds=run.binds(given.node),
        layer=name,
        values={
            "options": values,
            "written": spelled,
            "said": sorted(map(str, spelled)),
            **({"from": origins} if origins else {}),
        },
    )
    return run.story.call(given.node, call, name)


def noted(value: Value) -> Any:
    """Return an option as plain data: a number, a truth value, or its spelling in the source after `=`."""
    if isinstance(value, Constant) and isinstance(value.value, str | int | float | bool | None):
        return value.value
    if isinstance(value, Number):
        return f"= {value.text}"
    if isinstance(value, Either):
        found = {str(noted(one)) for one in value.options}
        return f"= {' or '.join(sorted(found))}"[:80]
    return f"= {getattr(value, 'text', '') or '?'}"


def text_of(layer: Thing) -> str:
    """Return a layer as torch prints it: its sizes, and the options that are not as by default."""
    name = layer.name
    signature = SIGNATURES.get(name, Signature((), {}))
    parts = []
    for option, value in layer.fields["options"].items():
        if option in signature.defaults and constant(value, ...) == signature.defaults[option]:
            continue
        shown = noted(value)
        shown = (
            shown[2:]
            if isinstance(shown, str) and shown.startswith("= ")
            else repr(shown)
            if isinstance(shown, str)
            else shown
        )
        first = option in signature.options[:2] and name in ("Embedding", "LSTM", "GRU", "RNN", "Conv1d", "Conv2d")
        parts.append(f"{shown}" if first else f"{option}={shown}")
    return f"{name}({', '.join(parts)})"[:100]


def _container(run: Any, name: str, given: Any) -> Value:
    given_first = given.get(0)
    fields: dict[Any, Any] = {"group": "container", "training": Constant(True)}
    if name == "ModuleDict":
        fields["items"] = given_first.items if isinstance(given_first, Mapping) else {}
    elif isinstance(given_first, Listing):
        fields["items"] = given_first
    elif isinstance(given_first, Mapping):
        fields["items"] = Listing("list", list(given_first.items.values()))
    else:
        fields["items"] = Listing("list", given.positional if given.rest is None else None, given.rest)
    return Thing(f"torch.nn.{name}", fields)


# --- calling -------------------------------------------------------------------------------------------------------


@called_things("container")
def call_container(run: Any, owner: Thing, given: Any) -> Value:
    """`nn.Sequential`: each of its layers is a row."""
    from rnnlab.reading.calling import Arguments, call

    inner = owner.fields["items"]
    layers = list(inner.items or ()) if isinstance(inner, Listing) else list(inner.values())
    value = given.get(0, "input") or Unknown()
    entered = not run.models
    if entered:
        run.models.append(owner)
    word = given.word(0)
    try:
        if isinstance(inner, Listing) and inner.items is None and inner.element is not None:
            layers = [inner.element]
        for layer in layers:
            value = call(run, layer, Arguments(given.node, [value], words={0: word}))
            word = ""
    finally:
        if entered:
            run.models.pop()
    return value


@called_things("layer")
def call_layer(run: Any, owner: Thing, given: Any) -> Value:
    """A layer reads its inputs."""
    operation = operation_of(owner.name)
    pairs = [(word, tensors.as_tensor(value)) for word, value in given.pairs()]
    pairs = [(word, _made_tensor(value)) for word, value in pairs if not isinstance(value, Constant)]
    pairs = [pair for word, value in pairs for pair in _opened(word, value)]
    if operation.name in RECURRENT:
        return torch_recurrent.read(run, owner, operation, pairs, given)
    if operation.name in LOSSES:
        return _loss(run, owner, operation, pairs, given)
    read = [value for _, value in pairs if isinstance(value, Tensor)]
    if not read:
        packed = next((value for _, value in pairs if isinstance(value, Packed)), None)
        result: Value = packed or Tensor()
        return tensors.tell(
            run, operation, pairs, result if packed is None else Tensor(), given.node, {}, layer=text_of(owner)
        )
    if operation.name == "embedding":
        stand_side_by_side(run, read[0])
        _settle_the_words(read[0])
    made = _shapes(run, owner, operation, read)
    known = tensors.through(
        operation, read, _arguments(owner, read), {}, made, lambda name: symbol_of(run, owner, name)
    )
    results = [
        Tensor(shape, one, "float32" if operation.family != "keep" else read[0].dtype)
        for shape, one in zip(made, known, strict=True)
    ]
    pair = operation.name == "lstm_cell" or len(results) > 1
    result = Listing("tuple", list(results)) if pair else results[0]
    if operation.name == "batch_norm" or operation.name == "dropout":
        result = results[0]
    return tensors.tell(run, operation, pairs, result, given.node, _options_for(owner, operation), layer=text_of(owner))


def _settle_the_words(read: Tensor) -> None:
    """What an embedding looks up, beside the axis of the batch, is the words of a review, however they were put together."""
    if read.shape is not None and len(read.shape) == 2 and any(one.name == "batch" for one in read.symbols):
        for symbol in read.symbols:
            symbol.nameable = True
            symbol.settle("seq_len")


def stand_side_by_side(run: Any, read: Tensor) -> None:
    """Words that torch's own collate function put into a batch stand in rows: its axes are the batch, then the words."""
    if read.shape is None and _is_stacked(run, read):
        read.shape = (run.size(), run.size())
        read.symbols = [Symbol("batch", "propagated"), Symbol("seq_len", "propagated")]


def _is_stacked(run: Any, read: Tensor) -> bool:
    """Say whether a tensor is what a loader gave, whose rows torch's own collate function stacked."""
    waiting, batches = sorted(read.made), []
    for n in waiting:  # grows as it goes
        told = run.story.facts[n] if n < len(run.story.facts) else None
        if isinstance(told, Data) and told.what == "batch":
            batches.append(told)
        elif isinstance(told, Call) and told.what in ("to", "tensor") and len(told.inputs) == 1:
            waiting += sorted(makers(told.inputs[0].note))
        else:
            return False
    loaders = [run.story.by_id(number) for batch in batches for number in batch.made_from]
    return bool(loaders) and all(
        one is not None and one.samples.get("collate") == "default_collate" and _has_size(one) for one in loaders
    )


def _has_size(loader: Data) -> bool:
    return bool(loader.counts.get("batch_size") or loader.samples.get("batch_size"))


def _made_tensor(value: Value) -> Value:
    """What a layer reads is a tensor, whatever else is not known of it."""
    if isinstance(value, Unknown) or (isinstance(value, Listing) and value.items is None):
        return Tensor(None, None, "", origins_of([value]), made_of([value]))
    return value


def _opened(word: str, value: Value) -> list[tuple[str, Value]]:
    if isinstance(value, Listing) and value.items is not None:
        return [("", tensors.as_tensor(one)) for one in value.items if tensors.is_tensor(one)]
    return [(word, value)] if isinstance(value, Tensor | Packed) else []


_SAID_AT_CALLS: dict[str, tuple[str, ...]] = {
    "softmax": ("dim",),
    "log_softmax": ("dim",),
    "dropout": ("p",),
    "embedding": ("padding_idx", "num_embeddings", "embedding_dim"),
    "linear": ("in_features", "out_features"),
}


def _options_for(owner: Thing, operation: Operation) -> dict[str, Any]:
    names = _SAID_AT_CALLS.get(operation.name, ())
    options = owner.fields["options"]
    found = {name: noted(options[name]) for name in names if name in options}
    if "dim" in found and found["dim"] is None:
        del found["dim"]
    return {**found, "made": owner.fields["told"]}


def _arguments(owner: Thing, read: list[Tensor]) -> list[Any]:
    first: list[Any] = [tensors.plain(read[0])]
    kernel = owner.fields["options"].get("kernel_size")
    return [*first, tensors.plain(kernel)] if kernel is not None else first


def _width(run: Any, owner: Thing, family: str) -> int:
    value = owner.fields["options"].get(_WIDTHS.get(family, ""))
    size = tensors.plain(value) if value is not None else ...
    if not isinstance(size, int) or isinstance(size, bool):
        size = owner.fields.get("width") or run.size()
        owner.fields["width"] = size
    return size


def _shapes(run: Any, owner: Thing, operation: Operation, read: list[Tensor]) -> list[Any]:
    family, first = operation.family, read[0].shape
    if family in ("embedding", "linear", "cell", "embedding_bag"):
        if first is None:
            return [None] if operation.name != "lstm_cell" else [None, None]
        width = _width(run, owner, family)
        shape = (*first, width) if family == "embedding" else (*first[:-1], width)
        if family == "embedding_bag":
            shape = (first[0] if len(first) == 2 else run.size(), width)
        return [shape, shape] if operation.name == "lstm_cell" else [shape]
    kwargs: dict[str, Any] = {
        "spelling": owner.name,
        "width": _width(run, owner, family) if family in _WIDTHS else None,
    }
    options = owner.fields["options"]
    args: list[Any] = [None]
    if owner.name == "Flatten":
        args += [tensors.plain(options["start_dim"]), tensors.plain(options["end_dim"])]
    elif "output_size" in options or (family.startswith("pool") and "kernel_size" in options):
        args += [tensors.plain(options.get("output_size") or options["kernel_size"])]
    return shapes.coming_out(family, Asked(operation.name, [t.shape for t in read], args, kwargs, run.size))


def symbol_of(run: Any, owner: Thing, name: str) -> Symbol:
    """Return the axis that a layer gives birth to: the same one each time it is called."""
    known = owner.fields["symbols"]
    if name not in known:
        known[name] = Symbol() if name == "?" else Symbol(_label(run, owner, name), "propagated")
    return known[name]


def _label(run: Any, owner: Thing, name: str) -> str:
    """A second layer of another width gets another name, so that one name has one size."""
    family = operation_of(owner.name).family
    size = (
        _width(run, owner, family) if family in _WIDTHS else tensors.plain(owner.fields["options"].get("hidden_size"))
    )
    sizes: dict[str, Any] = run.named_sizes
    if name in ("layers", "layers*directions"):
        return name
    if sizes.setdefault(name, size) != size and not (isinstance(size, int) and is_unknown_size(size)):
        return f"{name}_{size}"
    return name


# --- losses --------------------------------------------------------------------------------------------------------


def _loss(run: Any, owner: Thing, operation: Operation, pairs: list[tuple[str, Value]], given: Any) -> Value:
    options = owner.fields["options"]
    values = {
        name: noted(value)
        for name, value in options.items()
        if name in ("reduction", "weight", "pos_weight", "ignore_index")
    }
    read = [value for _, value in pairs if isinstance(value, Tensor)]
    if len(read) > 1 and all(t.shape is not None for t in read[:2]):
        tensors.through(operation, read[:2], [], {}, [()])
    reduced = values.get("reduction") != "none"
    result = Tensor(() if reduced else None, [], "float32")
    return tensors.tell(
        run, operation, pairs, result, given.node, {**values, "made": owner.fields["told"]}, layer=text_of(owner)
    )


# --- what layers hold ----------------------------------------------------------------------------------------------


def _layer_attribute(run: Any, owner: Thing, name: str, node: Any) -> Value | None:
    options = owner.fields["options"]
    if name in options:
        return options[name]
    if name in ("weight", "bias") or name.startswith(("weight_", "bias_")):
        key = f"parameter {name}"
        if key not in owner.fields:
            shape = _weight_shape(run, owner) if name == "weight" else None
            owner.fields[key] = Tensor(shape, None, "float32", owner=owner.fields["told"])
        return owner.fields[key]
    return None


def _weight_shape(run: Any, owner: Thing) -> tuple[int, ...] | None:
    names = {"Embedding": ("num_embeddings", "embedding_dim"), "Linear": ("out_features", "in_features")}.get(
        owner.name
    )
    if names is None:
        return None
    sizes = [tensors.plain(owner.fields["options"].get(name)) for name in names]
    return tuple(size if isinstance(size, int) else run.size() for size in sizes)


def note_row(run: Any, owner: Tensor, key: Value, value: Value) -> None:
    """A row of a layer's weights was written; the fact itself is told by whoever calls."""


def _container_item(run: Any, owner: Thing, key: Value, node: Any) -> Value:
    inner = owner.fields["items"]
    if isinstance(inner, dict):
        name = constant(key)
        return inner[name] if name in inner else joined_all(inner.values()) if inner else Unknown()
    from rnnlab.reading import items

    return items.read(run, inner, key, node)


def _container_element(run: Any, owner: Thing, node: Any) -> Value:
    from rnnlab.reading.looping import element_of

    inner = owner.fields["items"]
    return (
        joined_all(inner.values())
        if isinstance(inner, dict) and inner
        else element_of(run, inner, node)
        if isinstance(inner, Listing)
        else Unknown()
    )


ATTRIBUTES["layer"] = _layer_attribute
ITEMS["container"] = _container_item
ELEMENTS["container"] = _container_element


@methods("container", "append add_module insert extend")
def _grow(run: Any, owner: Thing, given: Any) -> Value:
    from rnnlab.reading import items

    inner, value = owner.fields["items"], given.get(len(given.positional) - 1)
    if isinstance(inner, Listing) and value is not None:
        items.grow(run, inner, value)
    elif isinstance(inner, dict) and value is not None:
        run.heap.write(owner.fields, "items", {**inner, constant(given.get(0)): value})
    return owner


@methods("layer", "to cuda cpu double float half apply requires_grad_ share_memory flatten_parameters reset_parameters")
@methods("container", "to cuda cpu double float half apply requires_grad_")
def _itself(run: Any, owner: Thing, given: Any) -> Value:
    return owner


@methods("layer", "train eval")
@methods("container", "train eval")
def _mode(run: Any, owner: Thing, given: Any) -> Value:
    from rnnlab.reading.libraries import torch_training

    return torch_training.set_mode(run, owner, given, given.method == "train")


@methods("layer", "parameters named_parameters state_dict modules children")
@methods("container", "parameters named_parameters state_dict modules children")
def _parameters(run: Any, owner: Thing, given: Any) -> Value:
    from rnnlab.reading.libraries import torch_training

    return torch_training.parameters_of(run, owner, given)


@methods("layer", "forward __call__")
def _forward(run: Any, owner: Thing, given: Any) -> Value:
    return call_layer(run, owner, given)


@calls("torch.nn.Embedding.from_pretrained torch.nn.EmbeddingBag.from_pretrained")
def _from_pretrained(run: Any, given: Any) -> Value:
    vectors = given.get(0, "embeddings")
    fields: dict[Any, Any] = {"group": "layer", "training": Constant(True), "symbols": {}}
    shape = (
        vectors.shape if isinstance(vectors, Tensor) and vectors.shape is not None and len(vectors.shape) == 2 else None
    )
    sizes = (
        [Constant(n) if not is_unknown_size(n) else Number(n, "vectors") for n in shape]
        if shape
        else [Unknown(text="vectors")] * 2
    )
    fields["options"] = {
        "num_embeddings": sizes[0],
        "embedding_dim": sizes[1],
        "padding_idx": given.get(2, "padding_idx") or Constant(None),
        "freeze": given.get(1, "freeze") or Constant(True),
        "pretrained": Constant(True),
    }
    made = Thing("torch.nn.Embedding", fields, origins_of(given.values()), made_of(given.values()))
    fields["told"] = _tell_made(run, made, "Embedding", fields["options"], given)
    return made


@methods("layer", "from_pretrained")
def _dropped(run: Any, owner: Thing, given: Any) -> Value:
    """`self.embedding.from_pretrained(vectors)` makes a new layer and leaves this one as it is."""
    given.callee = Library("torch.nn.Embedding.from_pretrained")
    made = _from_pretrained(run, given)
    if isinstance(made, Thing):
        run.story.change(
            made.fields["told"],
            values={**run.story.facts[made.fields["told"]].values, "called_on": given.word(None) or "a layer"},
        )
    return made
