"""Keras's tokenizer and padding, as they are used in front of PyTorch; and data sets of Hugging Face."""

from __future__ import annotations

from typing import Any

from rnnlab.axes import Symbol
from rnnlab.facts import Call
from rnnlab.reading.libraries.registry import ATTRIBUTES, ELEMENTS, ITEMS, called_things, calls, methods
from rnnlab.reading.libraries.scikit_learn import fitted
from rnnlab.reading.libraries.torch_layers import noted
from rnnlab.reading.values import (
    Constant,
    Listing,
    Mapping,
    Number,
    Tensor,
    Thing,
    Unknown,
    Value,
    constant,
    deep_origins,
    derived,
    origins_of,
)


@calls("keras.*.Tokenizer tensorflow.*.Tokenizer keras_preprocessing.*.Tokenizer")
def _tokenizer(run: Any, given: Any) -> Value:
    return Thing(
        "keras.Tokenizer", {"group": "keras", "fitted": None, "options": {k: noted(v) for k, v in given.named.items()}}
    )


@methods("keras", "fit_on_texts fit_on_sequences")
def _fit(run: Any, owner: Thing, given: Any) -> Value:
    fitted(run, owner, given, "vocabulary")
    return Constant(None)


@methods("keras", "texts_to_sequences")
def _sequences(run: Any, owner: Thing, given: Any) -> Value:
    value = given.get(0, "texts") or Unknown()
    origins = deep_origins(value)
    return Listing("list", None, Listing("list", None, Number(run.size(), "index", origins), origins), origins)


def _keras_attribute(run: Any, owner: Thing, name: str, node: Any) -> Value | None:
    if name in ("word_index", "index_word", "word_counts"):
        made = Mapping({}, None, None, frozenset({owner.fields["fitted"]} if owner.fields["fitted"] else ()))
        made.fields["number"] = owner.fields["fitted"]
        return made
    return None


ATTRIBUTES["keras"] = _keras_attribute


@calls("keras.*.pad_sequences tensorflow.*.pad_sequences keras_preprocessing.*.pad_sequences")
def _pad(run: Any, given: Any) -> Value:
    """Keras pads on the left unless it is told otherwise."""
    value = given.get(0, "sequences") or Unknown()
    values = {
        "padding_side": {"post": "right", "pre": "left"}.get(str(constant(given.get(None, "padding"), "pre")), "?"),
        "cut": constant(given.get(None, "truncating"), "pre"),
        "longest": noted(given.get(1, "maxlen")) if given.get(1, "maxlen") is not None else None,
    }
    origins = deep_origins(value)
    made = Tensor(
        (run.size(), run.size()), [Symbol("batch", "declared"), Symbol("seq_len", "declared")], "int64", origins
    )
    call = Call(
        place=run.story.place(given.node),
        stage="batch",
        what="pad_sequences",
        binds=run.binds(given.node),
        values=values,
    )
    made.made = (run.story.call(given.node, call, ()),)
    return made


# --- Hugging Face ----------------------------------------------------------------------------------------------------


@calls("datasets.load_dataset datasets.*.load_dataset")
def _load_dataset(run: Any, given: Any) -> Value:
    path, split = constant(given.get(0, "path"), "?"), constant(given.get(None, "split"))
    samples = {"path": str(path), "read_by": "load_dataset", "split": split}
    name = run.name(given.node) or (split if isinstance(split, str) else "")
    number = run.story.data(given.node, "dataset", name, samples=samples)
    group = "rows of a library" if isinstance(split, str) else "splits"
    return Thing("datasets.DatasetDict", {"group": group, "parts": {}}, number=number)


def _split_of(run: Any, owner: Thing, key: Value, node: Any) -> Value:
    name = constant(key)
    if not isinstance(name, str):
        return derived([owner])
    if name not in owner.fields["parts"]:
        parents = [owner.number] if owner.number is not None else []
        number = run.story.data(node, "split", name, parents, samples={"cut_by": "its publisher"}, key=name)
        owner.fields["parts"][name] = Thing("datasets.Dataset", {"group": "rows of a library"}, number=number)
    return owner.fields["parts"][name]


ITEMS["splits"] = _split_of


def _row_of(run: Any, owner: Thing, key: Value, node: Any) -> Value:
    return (
        Unknown(deep_origins(owner), text="text")
        if isinstance(constant(key), str)
        else Mapping({}, Unknown(deep_origins(owner), text="text"), None, deep_origins(owner))
    )


ITEMS["rows of a library"] = _row_of
ELEMENTS["rows of a library"] = lambda run, owner, node: Mapping(
    {}, Unknown(deep_origins(owner), text="text"), None, deep_origins(owner)
)


@methods("splits", "map filter rename_column remove_columns set_format with_format shuffle cast_column")
@methods(
    "rows of a library",
    "map filter rename_column remove_columns set_format with_format shuffle select cast_column sort flatten",
)
def _same(run: Any, owner: Thing, given: Any) -> Value:
    function = given.get(0, "function")
    if given.method == "map" and function is not None:
        from rnnlab.reading.calling import Arguments, call

        row = Mapping({}, Unknown(deep_origins(owner), text="text"), None, deep_origins(owner))
        call(run, function, Arguments(given.node, [row]))
    return owner


@methods("rows of a library", "train_test_split")
def _cut(run: Any, owner: Thing, given: Any) -> Value:
    parts: dict[Any, Value] = {}
    for i, side in enumerate(("train", "test")):
        samples = {"cut_by": "train_test_split", "side": side}
        number = run.story.data(
            given.node, "split", side, deep_origins(owner), {"position": float(i), "parts": 2.0}, samples, key=side
        )
        parts[side] = Thing("datasets.Dataset", {"group": "rows of a library"}, number=number)
    return Thing("datasets.DatasetDict", {"group": "splits", "parts": parts}, number=owner.number)


@calls(
    "transformers.*.from_pretrained transformers.AutoTokenizer.from_pretrained",
    "transformers.BertTokenizer.from_pretrained",
)
def _pretrained_tokenizer(run: Any, given: Any) -> Value:
    return Thing("transformers.Tokenizer", {"group": "subwords", "how": "subwords"})


@called_things("subwords")
def _subwords(run: Any, owner: Thing, given: Any) -> Value:
    origins = origins_of(given.values())
    return Mapping({}, Unknown(origins), None, origins)
