"""torchtext with Fields (0.2 to 0.8, and torchtext.legacy): fields, datasets, splits, vocabularies, iterators and batches."""

from __future__ import annotations

from typing import Any

from rnnlab.axes import Symbol
from rnnlab.reading.libraries.registry import ATTRIBUTES, ELEMENTS, ITEMS, calls, methods
from rnnlab.reading.libraries.torch_data import told_batch
from rnnlab.reading.libraries.torch_layers import noted
from rnnlab.reading.libraries.torch_training import path_of
from rnnlab.reading.libraries.words import tokens
from rnnlab.reading.values import (
    Constant,
    Listing,
    Mapping,
    Tensor,
    Thing,
    Unknown,
    Value,
    constant,
    deep_origins,
    is_vague,
    origins_of,
)

_NAMED = ("IMDB", "SST", "TREC", "SNLI", "MultiNLI", "AG_NEWS", "YelpReviewPolarity", "YelpReviewFull", "SogouNews", "DBpedia",
          "AmazonReviewPolarity", "YahooAnswers", "SST2")  # fmt: skip


@calls(
    "torchtext.*.Field torchtext.*.LabelField torchtext.*.RawField torchtext.*.NestedField",
    "torchtext.*.ReversibleField",
)
def _field(run: Any, given: Any) -> Value:
    kind = given.callee.last
    options = {name: noted(value) for name, value in given.named.items()}
    if kind == "LabelField":
        options = {"sequential": False, "unk_token": None, **options}
    number = run.story.data(given.node, "field", run.name(given.node), samples={"type": kind, "options": options})
    fields: dict[Any, Any] = {"group": "field", "options": options, "vocabulary": None, "built": None}
    fields["sequential"] = options.get("sequential", True)
    fields["preprocessing"] = given.get(None, "preprocessing")
    fields["tokenize"] = given.get(None, "tokenize")
    return Thing(f"torchtext.data.{kind}", fields, number=number)


def _field_attribute(run: Any, owner: Thing, name: str, node: Any) -> Value | None:
    if name == "vocab":
        known = owner.fields["vocabulary"]
        return known if known is not None else Thing("vocabulary", {"group": "vocabulary"})
    if name in ("pad_token", "unk_token", "init_token", "eos_token"):
        default = {"pad_token": "<pad>", "unk_token": "<unk>"}.get(name)
        asked = owner.fields["options"].get(name, default)
        return Constant(asked)
    return None


ATTRIBUTES["field"] = _field_attribute


@methods("field", "build_vocab")
def _build(run: Any, owner: Thing, given: Any) -> Value:
    """What a vocabulary is built from: datasets, or columns of them."""
    sources = given.positional
    origins = origins_of(sources)
    what = "vocabulary" if owner.fields["sequential"] is not False else "label map"
    unknown = float(sum(1 for value in sources if not deep_origins(value)))
    samples: dict[str, Any] = {"made_by": "build_vocab", "options": {k: noted(v) for k, v in given.named.items()}}
    if what == "label map":
        samples["labels"] = []
        samples["numbered_by"] = "frequency"
        samples["specials"] = _specials_of_labels(owner.fields["options"])
    else:
        samples["specials"] = ["<unk>", "<pad>"]
    name = run.story.word(getattr(getattr(given.node, "func", None), "value", given.node))
    vague = any(is_vague(value) for value in sources)
    number = run.story.data(
        given.node, what, name, origins, {"unrecognised_sources": unknown}, samples, certain=not vague
    )
    made = Thing("vocabulary", {"group": "vocabulary", "field": owner}, number=number)
    run.heap.write(owner.fields, "vocabulary", made)
    return Constant(None)


def _specials_of_labels(options: dict[str, Any]) -> list[str]:
    """Labels are not filled up: of the special tokens they have `<unk>` alone, and none where they are numbers already."""
    if options.get("use_vocab") is False or options.get("unk_token", "<unk>") is None:
        return []
    return ["<unk>"]


@methods("field", "preprocess tokenize")
def _preprocess(run: Any, owner: Thing, given: Any) -> Value:
    name = run.story.word(getattr(getattr(given.node, "func", None), "value", given.node))
    return tokens(run, given.node, given.get(0) or Unknown(), f"{name}.{given.method}", given)


@methods("field", "process numericalize")
def _process(run: Any, owner: Thing, given: Any) -> Value:
    return _field_tensor(run, owner, None)


# --- datasets ------------------------------------------------------------------------------------------------------


def _fields_in(value: Value | None) -> dict[str, Value]:
    """Return the fields of a dataset by name, from a list of pairs or a dict of pairs."""
    found: dict[str, Value] = {}
    pairs: list[Value] = []
    if isinstance(value, Listing) and value.items is not None:
        pairs = list(value.items)
    elif isinstance(value, Mapping):
        pairs = list(value.items.values())
    for pair in pairs:
        if isinstance(pair, Listing) and pair.items is not None and len(pair.items) == 2:
            name = constant(pair.items[0])
            if isinstance(name, str):
                found[name] = pair.items[1]
    return found


def _dataset(number: int, fields: dict[str, Value]) -> Thing:
    return Thing("torchtext.data.Dataset", {"group": "old dataset", "columns": fields}, number=number)


@calls(
    "torchtext.data.TabularDataset torchtext.legacy.data.TabularDataset torchtext.data.Dataset",
    "torchtext.legacy.data.Dataset torchtext.*.LanguageModelingDataset torchtext.*.SequenceTaggingDataset",
    "torchtext.data.dataset.TabularDataset",
)
def _tabular(run: Any, given: Any) -> Value:
    kind = given.callee.last
    fields = given.get(2 if kind == "TabularDataset" else 1, "fields")
    samples: dict[str, Any] = {"type": kind}
    path = given.get(0, "path") if kind == "TabularDataset" else None
    if path is not None:
        samples["path"] = path_of(path, given.word(0, "path"))
        samples["options"] = {k: noted(v) for k, v in given.named.items() if k in ("format", "skip_header")}
        samples["read_by"] = "TabularDataset"
    parents = (
        deep_origins(given.get(0, "examples")) if kind == "Dataset" and given.get(0, "examples") is not None else []
    )
    number = run.story.data(given.node, "dataset", run.name(given.node), parents, samples=samples)
    return _dataset(number, _fields_in(fields))


@calls(
    "torchtext.data.TabularDataset.splits torchtext.legacy.data.TabularDataset.splits",
    "torchtext.data.Dataset.splits",
)
def _tabular_splits(run: Any, given: Any) -> Value:
    fields = _fields_in(given.get(None, "fields"))
    names, parts = run.names(given.node), []
    asked = [side for side in ("train", "validation", "test") if side in given.named]
    for i, side in enumerate(asked):
        samples = {
            "type": "TabularDataset",
            "path": path_of(given.named[side], side),
            "side": side,
            "read_by": "TabularDataset.splits",
        }
        name = names[i] if len(names) == len(asked) else side
        number = run.story.data(given.node, "dataset", name, samples=samples, key=side)
        parts.append(_dataset(number, fields))
    return Listing("tuple", parts)


@calls(" ".join(f"torchtext.datasets.{name}.splits torchtext.legacy.datasets.{name}.splits" for name in _NAMED))
def _named_splits(run: Any, given: Any) -> Value:
    kind = given.callee.name.split(".")[-2]
    text, label = given.get(0, "text_field"), given.get(1, "label_field")
    fields = {"text": text, "label": label}
    fields = {name: field for name, field in fields.items() if field is not None}
    sides = ["train", "test"] if kind in ("IMDB", "TREC") else ["train", "validation", "test"]
    return named_splits(run, given.node, kind, fields, sides, run.names(given.node))


def named_splits(
    run: Any, node: Any, kind: str, fields: dict[str, Value], sides: list[str], names: tuple[str, ...]
) -> Listing:
    """Tell of the parts of a data set that has a name of its own."""
    parts = []
    for i, side in enumerate(sides):
        name = names[i] if len(names) == len(sides) else side
        samples = {"type": kind, "side": side, "read_by": f"{kind}.splits"}
        number = run.story.data(node, "dataset", name, samples=samples, key=side)
        parts.append(_dataset(number, fields))
    return Listing("tuple", parts)


@calls(" ".join(f"torchtext.datasets.{name}" for name in _NAMED))
def _named(run: Any, given: Any) -> Value:
    """torchtext 0.9 and later: an iterator for each split that is asked for."""
    split = given.get(1, "split")
    asked = (
        [constant(one) for one in split.items]
        if isinstance(split, Listing) and split.items is not None
        else [constant(split)]
    )
    asked = ["train", "test"] if asked == [None] else asked
    names, parts = run.names(given.node), []
    for i, side in enumerate(asked):
        name = names[i] if len(names) == len(asked) else str(side)
        samples = {"type": given.callee.last, "side": side, "read_by": f"datasets.{given.callee.last}"}
        number = run.story.data(given.node, "dataset", name, samples=samples, key=side)
        row = Listing("tuple", [Unknown(frozenset({number}), text="label"), Unknown(frozenset({number}), text="text")])
        parts.append(Thing("torchtext.datasets.iterator", {"group": "rows", "row": row}, number=number))
    return parts[0] if len(parts) == 1 else Listing("tuple", parts)


@methods("old dataset", "split")
def _split(run: Any, owner: Thing, given: Any) -> Value:
    """Two or three parts: torchtext takes train, test, valid and gives train, valid, test."""
    names, ratio = run.names(given.node), given.get(0, "split_ratio")
    shares = (
        [constant(one) for one in ratio.items]
        if isinstance(ratio, Listing) and ratio.items is not None
        else [constant(ratio, 0.7)]
    )
    count = len(shares) if len(shares) > 1 else 2
    options = {
        "split_ratio": [one for one in shares if one is not None],
        "random_state": given.word(None, "random_state") or None,
    }
    parts = []
    for i in range(min(count, 3)):
        counts = {"position": float(i), "of": float(count)}
        samples = {"cut_by": "split", "options": options}
        if count == 3 and all(isinstance(one, int | float) for one in shares):
            counts["share"] = float([shares[0], shares[2], shares[1]][i])
        name = names[i] if len(names) == count else ""
        number = run.story.data(given.node, "split", name, deep_origins(owner), counts, samples, key=i)
        parts.append(_dataset(number, owner.fields["columns"]))
    return Listing("tuple", parts)


def _dataset_attribute(run: Any, owner: Thing, name: str, node: Any) -> Value | None:
    if name == "examples":
        return Listing(
            "list",
            None,
            Thing("torchtext.data.Example", {"group": "example"}, deep_origins(owner)),
            deep_origins(owner),
        )
    if name == "fields":
        return Mapping(owner.fields["columns"])
    if name in owner.fields["columns"]:
        return Unknown(deep_origins(owner), text="column")
    return None


ATTRIBUTES["old dataset"] = _dataset_attribute
ATTRIBUTES["example"] = lambda run, owner, name, node: Unknown(deep_origins(owner), text="token")
ELEMENTS["old dataset"] = lambda run, owner, node: Thing(
    "torchtext.data.Example", {"group": "example"}, deep_origins(owner)
)
ITEMS["old dataset"] = lambda run, owner, key, node: Thing(
    "torchtext.data.Example", {"group": "example"}, deep_origins(owner)
)


@calls(
    "torchtext.data.Example.fromlist torchtext.data.Example.fromdict",
    "torchtext.legacy.data.Example.fromlist torchtext.data.Example.fromCSV",
)
def _example(run: Any, given: Any) -> Value:
    return Thing("torchtext.data.Example", {"group": "example"}, origins_of(given.values()))


# --- iterators -----------------------------------------------------------------------------------------------------


@calls("torchtext.*.BucketIterator.splits torchtext.data.Iterator.splits torchtext.legacy.data.Iterator.splits")
def _iterators(run: Any, given: Any) -> Value:
    datasets = given.get(0, "datasets")
    parts = (
        list(datasets.items)
        if isinstance(datasets, Listing) and datasets.items is not None
        else [Unknown(deep_origins(datasets) if datasets else frozenset())] * len(run.names(given.node))
    )
    names = run.names(given.node)
    sizes = given.get(None, "batch_sizes")
    kind = given.callee.name.split(".")[-2]
    made = []
    for i, dataset in enumerate(parts):
        size = (
            sizes.items[i]
            if isinstance(sizes, Listing) and sizes.items is not None and i < len(sizes.items)
            else given.get(None, "batch_size")
        )
        name = names[i] if len(names) == len(parts) else ""
        made.append(_iterator(run, given, kind, dataset, name, size, trains=i == 0, key=i))
    return Listing("tuple", made)


@calls(
    "torchtext.data.BucketIterator torchtext.data.Iterator torchtext.legacy.data.BucketIterator",
    "torchtext.legacy.data.Iterator",
)
def _one_iterator(run: Any, given: Any) -> Value:
    dataset = given.get(0, "dataset") or Unknown()
    trains = constant(given.get(None, "train"), True) is True
    return _iterator(
        run, given, given.callee.last, dataset, run.name(given.node), given.get(1, "batch_size"), trains=trains, key=0
    )


def _iterator(
    run: Any, given: Any, kind: str, dataset: Value, name: str, size: Value | None, *, trains: bool, key: int
) -> Thing:
    asked = {option: constant(given.get(None, option)) for option in ("shuffle", "sort", "sort_within_batch", "repeat")}
    options: dict[str, Any] = {option: value for option, value in asked.items() if isinstance(value, bool)}
    options.setdefault("shuffle", trains)
    options["train"] = trains
    options["sort_key"] = given.word(None, "sort_key")
    counts: dict[str, float] = {}
    if isinstance(known := constant(size), int):
        counts["batch_size"] = float(known)
    samples = {"type": kind, "options": options}
    if not counts and size is not None:
        samples["batch_size"] = noted(size)
    number = run.story.data(given.node, "loader", name, deep_origins(dataset), counts, samples, key=key)
    fields = {"group": "old loader", "is_loader": True, "dataset": dataset, "batch_size": size}
    made = Thing(f"torchtext.data.{kind}", fields, number=number)
    run.things.append(made)
    return made


def _old_batch(run: Any, owner: Thing, node: Any) -> Value:
    """A batch of torchtext: one attribute for each field, with the axes that the field declares."""
    dataset = owner.fields["dataset"]
    columns = dataset.fields["columns"] if isinstance(dataset, Thing) and "columns" in dataset.fields else {}
    batch = Symbol("batch", "declared"), run.size()
    made = Mapping(
        {name: _field_tensor(run, field, batch) for name, field in columns.items() if isinstance(field, Thing)}
    )
    return _as_batch(told_batch(run, owner, node, made))


def _as_batch(value: Value) -> Value:
    if isinstance(value, Mapping):
        value.kind = "namespace"
    return value


def _field_tensor(run: Any, field: Thing, batch: tuple[Symbol, int] | None) -> Value:
    symbol, size = batch if batch is not None else (Symbol("batch", "declared"), run.size())
    options = field.fields.get("options", {})
    if options.get("sequential") is False:
        return Tensor((size,), [symbol], "float32" if "float" in str(options.get("dtype")) else "int64")
    length = run.size()
    time = Symbol("seq_len", "declared")
    first = options.get("batch_first") is True
    text = Tensor((size, length) if first else (length, size), [symbol, time] if first else [time, symbol], "int64")
    if options.get("include_lengths") is True:
        return Listing("tuple", [text, Tensor((size,), [symbol], "int64")])
    return text


def _old_loader_attribute(run: Any, owner: Thing, name: str, node: Any) -> Value | None:
    if name == "dataset":
        return owner.fields["dataset"]
    if name == "batch_size":
        return owner.fields["batch_size"] or Unknown()
    return None


ELEMENTS["old loader"] = _old_batch
ATTRIBUTES["old loader"] = _old_loader_attribute


@methods("old loader", "set_description set_postfix update close create_batches init_epoch __iter__")
def _itself(run: Any, owner: Thing, given: Any) -> Value:
    return owner
