"""Torch's data tools: datasets, their parts, loaders, and the batches that loaders give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rnnlab.axes import Symbol
from rnnlab.facts import Call, makers
from rnnlab.reading import tensors
from rnnlab.reading.filling import fillings_in
from rnnlab.reading.heap import joined_all
from rnnlab.reading.libraries.registry import ATTRIBUTES, ELEMENTS, ITEMS, calls, methods
from rnnlab.reading.libraries.rows import part_of_dataset
from rnnlab.reading.libraries.torch_layers import noted
from rnnlab.reading.looping import element_of
from rnnlab.reading.values import (
    Constant,
    Either,
    Function,
    Instance,
    Listing,
    Mapping,
    Method,
    Number,
    Partial,
    Tensor,
    Text,
    Thing,
    Unknown,
    Value,
    constant,
    deep_origins,
    origins_of,
)


def rows_of(run: Any, node: Any, value: Value | None, word: str) -> list[int]:
    """Return the identities of the rows in a value; rows that nobody told of are told of, under the learner's word."""
    if value is None:
        return []
    found = sorted(deep_origins(value))
    if found:
        return found
    name = word if word.isidentifier() or word.replace(".", "").replace("_", "").isalnum() else ""
    number = run.story.data(node, "dataset", name, certain=False, key=word)
    if isinstance(value, Thing | Instance) and value.number is None:
        value.number = number
    elif isinstance(value, Listing | Unknown | Mapping):
        value.origins = frozenset({number})
    return [number]


# --- loaders -------------------------------------------------------------------------------------------------------

_OPTIONS = ("batch_size", "shuffle", "sampler", "batch_sampler", "num_workers", "collate_fn", "pin_memory", "drop_last")


@calls(
    "torch.utils.data.DataLoader torch.utils.data.dataloader.DataLoader torch.*.DataLoader",
    "torch_geometric.*.DataLoader",
)
def _loader(run: Any, given: Any) -> Value:
    return make_loader(run, given, "DataLoader")


def make_loader(run: Any, given: Any, kind: str) -> Thing:
    """Make a loader: what it goes over, and its options."""
    dataset = given.get(0, "dataset") or Unknown()
    parents = rows_of(run, given.nodes.get(0) or given.node, dataset, given.word(0, "dataset"))
    options: dict[str, Any] = {}
    for i, name in enumerate(_OPTIONS, 1):
        value = given.get(i, name)
        if value is not None and name in ("shuffle", "drop_last"):
            known = constant(value)
            options[name] = known if isinstance(known, bool) else "?"
    if given.rest is None:
        options.setdefault("shuffle", False)
        options.setdefault("drop_last", False)
    collate, sampler = given.get(6, "collate_fn"), given.get(3, "sampler") or given.get(4, "batch_sampler")
    samples: dict[str, Any] = {"type": kind, "options": options}
    samples["collate"] = _name_of(collate) if collate is not None else "default_collate"
    if sampler is not None and not (isinstance(sampler, Constant) and sampler.value is None):
        samples["sampler"] = _name_of(sampler) or "?"
    size = given.get(1, "batch_size")
    counts: dict[str, float] = {}
    cuts_them_itself = given.get(4, "batch_sampler") is not None
    known_size = constant(size, 1 if size is None and not cuts_them_itself else None)
    if isinstance(known_size, int):
        counts["batch_size"] = float(known_size)
    elif size is not None:
        samples["batch_size"] = noted(size)
    number = run.story.data(given.node, "loader", run.name(given.node), parents, counts, samples)
    fields = {
        "group": "loader",
        "is_loader": True,
        "dataset": dataset,
        "collate": collate,
        "batch_size": size,
        "batch": None,
    }
    made = Thing("torch.utils.data.DataLoader", fields, number=number)
    run.things.append(made)
    return made


def _name_of(value: Value) -> str:
    if isinstance(value, Function):
        return value.name
    if isinstance(value, Method):
        return value.name
    if isinstance(value, Partial):
        return _name_of(value.callee)
    return value.kind.name if isinstance(value, Instance) else getattr(value, "name", "")


def _batch(run: Any, owner: Thing, node: Any) -> Value:
    """The next batch: a row of the dataset, put together by the collate function."""
    from rnnlab.reading.calling import Arguments, call

    dataset, collate = owner.fields["dataset"], owner.fields["collate"]
    row = _as_unpacked(run, element_of(run, dataset, node))
    if collate is not None and not (isinstance(collate, Constant) and collate.value is None):
        made = call(run, collate, Arguments(node, [Listing("list", None, row, deep_origins(row))]))
    else:
        made = stacked(run, row, Symbol("batch", "declared"), run.size())
    return told_batch(run, owner, node, made)


def _as_unpacked(run: Any, row: Value) -> Value:
    """Where a dataset may give rows of several kinds, the loop that unpacks them says which: those of so many parts."""
    wanted = len(run.batch_words)
    if not isinstance(row, Either) or not wanted:
        return row
    fitting = [one for one in row.options if isinstance(one, Listing) and one.items and len(one.items) == wanted]
    return joined_all(fitting) if fitting else row


def told_batch(run: Any, owner: Thing, node: Any, made: Value) -> Value:
    """Tell of a batch, and give its tensors their maker."""
    samples: dict[str, Any] = {}
    for name, tensor in _named(_worded(run, made)):
        if tensor.shape is not None and len(tensor.shape) == 1 and _is_one_each(run, tensor):
            tensor.symbols[0].settle("batch")
        axes = [symbol.name for symbol in tensor.symbols] if tensor.shape is not None else []
        samples[name] = {"axes": axes, "dtype": tensor.dtype, "made_by": list(tensor.made)}
        if (side := _padded_on(run, tensor, owner)) is not None:
            samples[name]["padding"] = side
    number = run.story.data(
        node, "batch", "", [owner.number] if owner.number is not None else [], samples=samples, key=owner.number
    )
    told = run.story.by_id(number)
    return _belonging(made, number, told.n if told is not None else 0)


def _padded_on(run: Any, tensor: Tensor, owner: Thing) -> str | None:
    """Return the side on which the rows of a rectangle were filled up with padding, where one can tell."""
    if owner.fields["group"] == "old loader":
        return _padded_by_field(owner) if len(tensor.symbols) == 2 else None
    for told in _rows_made_by(run, tensor):
        if told.what in ("pad_sequence", "pad_sequences", "pad_list", "pad") and "padding_side" in told.values:
            return str(told.values["padding_side"])
        bounds = told.values.get("bounds") if told.what == "__setitem__" else None
        if bounds:
            lower, upper = bounds[-1] if bounds[-1] != [None, None] else bounds[0]
            return (
                "right"
                if lower in (None, "0") and upper is not None
                else "left"
                if upper is None and lower is not None
                else "?"
            )
    return None


_KEEPS_ROWS = frozenset("index select to tensor stack unsqueeze squeeze cat".split())


def _rows_made_by(run: Any, tensor: Tensor) -> Iterator[Call]:
    """Return what made the rows of a tensor, nearest first: rows that are taken out one by one stay filled up as they were."""
    waiting, seen = sorted(tensor.made, reverse=True), set[int]()
    while waiting:
        n = waiting.pop(0)
        told = run.story.facts[n] if n < len(run.story.facts) else None
        if n in seen or not isinstance(told, Call):
            continue
        seen.add(n)
        yield told
        if told.what in _KEEPS_ROWS:
            waiting += sorted((m for item in told.inputs for m in makers(item.note)), reverse=True)


def _padded_by_field(owner: Thing) -> str:
    """A Field fills up behind the end, unless it says `pad_first`."""
    dataset = owner.fields["dataset"]
    columns = dataset.fields.get("columns", {}) if isinstance(dataset, Thing) else {}
    fields = [one for one in columns.values() if isinstance(one, Thing) and one.fields.get("sequential") is not False]
    sides = {one.fields["options"].get("pad_first", False) for one in fields}
    first = sides.pop() if len(sides) == 1 else "?"
    return "left" if first is True else "right" if first is False else "?"


def _is_one_each(run: Any, tensor: Tensor) -> bool:
    """A list of one number for each row was made into a tensor: labels, lengths."""
    told = run.story.facts[tensor.made[0]] if tensor.made and tensor.made[0] < len(run.story.facts) else None
    return isinstance(told, Call) and told.what in ("tensor", "stack")


def _worded(run: Any, made: Value) -> Value:
    """Give the parts of a batch the learner's own names, where the loop unpacks it: `for text, label in loader`."""
    words = run.batch_words
    if isinstance(made, Listing) and made.items is not None and len(made.items) == len(words):
        return Mapping(dict(zip(words, made.items, strict=True)))
    return made


def _named(value: Value, name: str = "") -> list[tuple[str, Tensor]]:
    if isinstance(value, Tensor):
        return [(name or "0", value)]
    if isinstance(value, Listing) and value.items is not None:
        return [one for i, part in enumerate(value.items[:16]) for one in _named(part, f"{name}.{i}".lstrip("."))]
    if isinstance(value, Mapping):
        return [
            one for key, part in list(value.items.items())[:16] for one in _named(part, f"{name}.{key}".lstrip("."))
        ]
    return []


def _belonging(value: Value, number: int, n: int) -> Value:
    """Return what a batch holds, as made by the batch."""
    origins = frozenset({number})
    if isinstance(value, Tensor):
        return Tensor(value.shape, value.symbols, value.dtype, origins, (n,))
    if isinstance(value, Listing) and value.items is not None:
        return Listing(value.kind, [_belonging(one, number, n) for one in value.items], None, origins)
    if isinstance(value, Mapping):
        return Mapping(
            {key: _belonging(one, number, n) for key, one in value.items.items()},
            Unknown(origins, (n,)),
            None,
            origins,
            value.kind,
        )
    if isinstance(value, Constant | Instance):
        return Unknown(origins, (n,)) if isinstance(value, Constant) else value
    if isinstance(value, Listing):
        return Listing(value.kind, None, Unknown(origins, (n,)), origins, (n,))
    return Unknown(origins, (n,))


def stacked(run: Any, row: Value, batch: Symbol, rows: int) -> Value:
    """Return what torch's own collate function makes of rows like this one."""
    if isinstance(row, Tensor):
        if row.shape is None:
            return Tensor(None, None, row.dtype, made=row.made)
        return Tensor((rows, *row.shape), [batch, *row.symbols], row.dtype, made=row.made)
    if isinstance(row, Number):
        return Tensor((rows,), [batch], "int64")
    if isinstance(row, Constant):
        kind = {"int": "int64", "float": "float64", "bool": "bool"}.get(type(row.value).__name__)
        return Tensor((rows,), [batch], kind) if kind else Listing("list", None, row)
    if isinstance(row, Listing) and row.items is not None and row.kind in ("tuple", "list"):
        return Listing("list", [stacked(run, one, batch, rows) for one in row.items])
    if isinstance(row, Mapping):
        return Mapping(
            {key: stacked(run, one, batch, rows) for key, one in row.items.items()}, row.fields["element"] and Unknown()
        )
    if isinstance(row, Text):
        return Listing("list", None, row)
    if isinstance(row, Either):
        return joined_all([stacked(run, one, batch, rows) for one in row.options])
    filled = fillings_in(run, row)
    return Tensor(None, None, "", made=filled) if filled else Unknown()


def _loader_attribute(run: Any, owner: Thing, name: str, node: Any) -> Value | None:
    if name == "dataset":
        dataset = owner.fields["dataset"]
        if isinstance(dataset, Thing | Instance) and dataset.number is not None:
            return dataset
        return Unknown(frozenset({owner.number}) if owner.number is not None else frozenset(), text="dataset")
    if name == "batch_size":
        size = owner.fields["batch_size"]
        return size if size is not None else Constant(1)
    return None


ELEMENTS["loader"] = _batch
ATTRIBUTES["loader"] = _loader_attribute


@methods("loader", "set_description set_postfix update close __iter__ set_epoch")
def _shown(run: Any, owner: Thing, given: Any) -> Value:
    return owner


# --- datasets ------------------------------------------------------------------------------------------------------


@calls("torch.utils.data.TensorDataset torch.utils.data.dataset.TensorDataset")
def _tensor_dataset(run: Any, given: Any) -> Value:
    parts = [_row(run, value, given.node) for value in given.positional]
    origins = origins_of(given.positional)
    number = run.story.data(given.node, "dataset", run.name(given.node), origins, samples={"type": "TensorDataset"})
    made = Thing("torch.utils.data.TensorDataset", {"group": "rows", "row": Listing("tuple", parts)}, number=number)
    made.fields["tensors"] = Listing("tuple", given.positional)
    return made


def _row(run: Any, value: Value, node: Any) -> Value:
    value = tensors.as_tensor(value)
    if isinstance(value, Tensor):
        if value.shape:
            return element_of(run, value, node)
        return Tensor(None, None, value.dtype, made=fillings_in(run, value) if value.shape is None else ())
    return Tensor(None, None, "")


@calls("torch.utils.data.ConcatDataset torch.utils.data.dataset.ConcatDataset")
def _concatenated(run: Any, given: Any) -> Value:
    value = given.get(0) or Unknown()
    number = run.story.data(
        given.node, "dataset", run.name(given.node), deep_origins(value), samples={"type": "ConcatDataset"}
    )
    row = element_of(run, element_of(run, value, given.node), given.node)
    return Thing("torch.utils.data.ConcatDataset", {"group": "rows", "row": row}, number=number)


def _row_element(run: Any, owner: Thing, node: Any) -> Value:
    return owner.fields["row"]


ELEMENTS["rows"] = _row_element
ITEMS["rows"] = lambda run, owner, key, node: owner.fields["row"]


@calls("torchtext.data.functional.to_map_style_dataset torchtext.*.to_map_style_dataset")
def _map_style(run: Any, given: Any) -> Value:
    value = given.get(0) or Unknown()
    row = element_of(run, value, given.node)
    number = run.story.data(
        given.node, "dataset", run.name(given.node), deep_origins(value), samples={"type": "map-style dataset"}
    )
    return Thing("torch.utils.data.Dataset", {"group": "rows", "row": row}, number=number)


# --- parts ---------------------------------------------------------------------------------------------------------


@calls("torch.utils.data.random_split torch.utils.data.dataset.random_split")
def _random_split(run: Any, given: Any) -> Value:
    whole, lengths = given.get(0, "dataset") or Unknown(), given.get(1, "lengths")
    parents = rows_of(run, given.nodes.get(0) or given.node, whole, given.word(0, "dataset"))
    names = run.names(given.node)
    sizes = lengths.items if isinstance(lengths, Listing) and lengths.items is not None else None
    count = len(sizes) if sizes is not None else max(2, len(names))
    seeded = "generator" in given.named
    parts: list[Value] = []
    for i in range(min(count, 8)):
        samples: dict[str, Any] = {"type": "Subset", "cut_by": "random_split", "seeded": seeded}
        if sizes is not None:
            samples["size"] = noted(sizes[i])
        counts = {"position": float(i), "parts": float(count)}
        name = names[i] if len(names) == count else ""
        number = run.story.data(given.node, "split", name, parents, counts, samples, key=i)
        parts.append(part_of_dataset(whole, number))
    return Listing("list", parts)


@calls("torch.utils.data.Subset torch.utils.data.dataset.Subset")
def _subset(run: Any, given: Any) -> Value:
    whole, indices = given.get(0, "dataset") or Unknown(), given.get(1, "indices")
    parents = rows_of(run, given.nodes.get(0) or given.node, whole, given.word(0, "dataset"))
    chosen = [n for n in deep_origins(indices) if _is_split(run, n)] if indices is not None else []
    samples = {"type": "Subset", "cut_by": "Subset", "indices": given.word(1, "indices")}
    number = run.story.data(given.node, "split", run.name(given.node), chosen or parents, samples=samples)
    return part_of_dataset(whole, number)


def _is_split(run: Any, number: int) -> bool:
    told = run.story.by_id(number)
    return told is not None and told.what == "split"


def _part_element(run: Any, owner: Thing, node: Any) -> Value:
    from rnnlab.reading.libraries.rows import rebased

    row = element_of(run, owner.fields["dataset"], node)
    return rebased(row, owner.number, 2) if owner.number is not None else row


def _part_attribute(run: Any, owner: Thing, name: str, node: Any) -> Value | None:
    if name == "dataset":
        return owner.fields["dataset"]
    if name == "indices":
        return Listing("list", None, Unknown(frozenset({owner.number}) if owner.number is not None else frozenset()))
    return None


ELEMENTS["part"] = _part_element
ITEMS["part"] = lambda run, owner, key, node: _part_element(run, owner, node)
ATTRIBUTES["part"] = _part_attribute


@calls(
    "torch.utils.data.RandomSampler torch.utils.data.SequentialSampler",
    "torch.utils.data.WeightedRandomSampler torch.utils.data.SubsetRandomSampler",
    "torch.utils.data.BatchSampler torch.utils.data.distributed.DistributedSampler",
    "torch.utils.data.sampler.SubsetRandomSampler torch.utils.data.sampler.WeightedRandomSampler",
)
def _sampler(run: Any, given: Any) -> Value:
    return Thing(given.callee.name, {"group": "sampler"}, origins_of(given.values()))
