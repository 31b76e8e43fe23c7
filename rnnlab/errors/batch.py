"""Errors of batching: fields, lengths, sorting, and sizes that only the first batches have."""

from __future__ import annotations

import re

from rnnlab.errors.kit import (
    Explanation,
    axis,
    code,
    expected_and_got,
    explains,
    loader_size,
    numbers,
    shown,
    sized,
    tensor,
)
from rnnlab.facts import Crash, GroupNote, PackedNote, TensorNote
from rnnlab.operations import RECURRENT
from rnnlab.record import Record


@explains("AttributeError", r"'(Batch|Example)' object has no attribute")
def field_name_is_not_the_name_read(record: Record, crash: Crash) -> Explanation | None:
    """The loop reads a field by another name than the one it has in `fields`."""
    asked, owner = crash.values.get("attribute"), crash.values.get("owner")
    names = [name for name in crash.values.get("names") or [] if name not in {"dataset", "batch_size"}]
    if owner not in {"Batch", "Example"} or not asked or not names:
        return None
    near = crash.values.get("near")
    listed = " and ".join(f"'{name}'" for name in names[:6])
    who = "this batch" if owner == "Batch" else "an example"
    return Explanation(
        f"{code(record, crash.place)} reads '{asked}'; {who} has the {'field' if len(names) == 1 else 'fields'} "
        f"{listed}.",
        "A batch's fields have the names that stand first in `fields = [('name', FIELD), ...]`, whatever the "
        "file's columns or the variables are called.",
        f"read `.{near or names[0]}`, or write `('{asked}', ...)` in `fields`",
    )


@explains("TypeError", r"'<' not supported between instances of 'Example' and 'Example'")
def no_sort_key(record: Record, crash: Crash) -> Explanation | None:
    """An iterator sorts the examples and has no key to sort them by."""
    beneath = " ".join(crash.values.get("beneath") or [])
    if "torchtext.data.iterator" not in beneath:
        return None
    return Explanation(
        f"{code(record, crash.place)}: the iterator sorts its examples and was not told by what.",
        "Your data set has no sort_key. Evaluation iterators sort, and so does sort_within_batch=True.",
        "write `BucketIterator(..., sort_key=lambda x: len(x.text))` with your text field's name",
    )


def _is_text_and_lengths(items: list[TensorNote]) -> bool:
    """Two tensors of ids, the second with one number for each text of the first."""
    if len(items) != 2 or items[0].shape is None or items[1].shape is None:
        return False
    text, lengths = items
    ids = text.dtype == "int64" and lengths.dtype == "int64"
    return (
        ids
        and len(text.shape or ()) == 2
        and len(lengths.shape or ()) == 1
        and (lengths.shape or (0,))[0] in (text.shape or ())
    )


@explains("TypeError AttributeError", r"must be Tensor, not tuple|'tuple' object has no attribute")
def lengths_not_unpacked(record: Record, crash: Crash) -> Explanation | None:
    """With include_lengths=True a batch's text is (text, lengths), and the program takes it for the text."""
    if "tuple" not in {crash.values.get("given"), crash.values.get("owner")}:
        return None
    notes = [item.note for item in crash.inputs]
    if len(notes) == 1 and isinstance(notes[0], GroupNote):
        notes = [item.note for item in notes[0].items]
    items = [note for note in notes if isinstance(note, TensorNote)]
    if not _is_text_and_lengths(items):
        return None
    name = crash.inputs[0].name or crash.values.get("owner_name") or "the text"
    name = name if name.replace(".", "").isidentifier() else "the text"
    return Explanation(
        f"{code(record, crash.place)}: {name} is a tuple of two: the text {sized(items[0].shape, items[0].axes)} "
        "and its lengths "
        f"{sized(items[1].shape, items[1].axes)}.",
        "A Field with include_lengths=True gives both for each batch.",
        "take them apart in the loop: `text, text_lengths = batch.text`, and give the model both",
    )


@explains("ValueError", r"(too many|not enough) values to unpack \(expected 2")
def lengths_not_asked_for(record: Record, crash: Crash) -> Explanation | None:
    """The loop takes text and lengths apart, and the batch holds the text alone."""
    for item in crash.variables:
        note, attribute = item.note, item.name.rpartition(".")
        if (
            isinstance(note, TensorNote)
            and note.dtype == "int64"
            and note.shape
            and len(note.shape) == 2
            and attribute[0]
        ):
            rows = note.shape[0]
            if rows == 2:
                continue
            return Explanation(
                f"{code(record, crash.place)}: {item.name} is one tensor, {sized(note.shape, note.axes)}; taking "
                f"it apart gives its {rows} rows, "
                "and you ask for 2.",
                "There are no lengths: the Field was made without include_lengths=True.",
                "write `TEXT = data.Field(..., include_lengths=True)`, or `text = " + item.name + "`",
            )
    return None


# --- sizes of the first batches ----------------------------------------------------------------------------------------


def _built_in(record: Record, crash: Crash, size: int) -> list[str] | None:
    """Return the names that hold a size; None unless the program holds it as a number of its own."""
    names = list(numbers(crash, size))
    return names if names or loader_size(record) == size else None


def _ragged(record: Record, crash: Crash, happened: str, batch: int, size: int, cure: str) -> Explanation | None:
    names = _built_in(record, crash, size)
    if names is None:
        return None
    held = f"{names[0]} = {size}" if names else f"the loader's batch_size, {size},"
    last = " The last batch of an epoch holds what is left over." if loader_size(record) == size or batch < size else ""
    return Explanation(
        happened,
        f"The batch size is built into the model: {held} is not the size of this batch, {batch}.{last}",
        f"{cure}; drop_last=True would only hide it, and a single sentence would still not pass",
    )


@explains("RuntimeError", r"Expected hidden\S* size|size of tensor a \(\d+\) must match")
def first_state_of_another_batch_size(record: Record, crash: Crash) -> Explanation | None:
    """The first hidden state is made for a fixed batch size, and a batch of another size comes."""
    if crash.what not in RECURRENT or len(crash.inputs) < 2:
        return None
    state, note = tensor(crash, 1), crash.inputs[0].note
    sizes = expected_and_got(crash.message)
    if sizes is not None and len(sizes[0]) == len(sizes[1]) == 3:
        (layers, batch, hid), (got_layers, size, got_hid) = sizes
        if (layers, hid) != (got_layers, got_hid) or batch == size:
            return None
    elif isinstance(note, PackedNote) and state is not None and state.shape and len(state.shape) == 3:
        batch, size = note.batch or 0, state.shape[1] or 0
        if batch == size:
            return None
    else:
        return None
    name = crash.inputs[1].name or "the first hidden state"
    happened = (
        f"{code(record, crash.place)}: {shown(crash.inputs[0])}; {name} is "
        f"{sized(state.shape) if state is not None else sized((size,))}: "
        f"the layer wants a state for {batch} texts and got one for {size}."
    )
    rows = "text.size(0)" if (crash.values.get("options") or {}).get("batch_first") else "text.size(1)"
    made = f"`torch.zeros(layers, {rows}, hid)`"
    cure = f"leave the first state out (the layer begins with zeros), or make it for this batch: {made}"
    return _ragged(record, crash, happened, batch, size, cure) or Explanation(
        happened, "The first state and the text have to hold the same number of texts, on axis 1 of the state.", cure
    )


@explains("RuntimeError", r"shape '\[.*\]' is invalid for input of size")
def batch_size_built_into_a_view(record: Record, crash: Crash) -> Explanation | None:
    """A view names a fixed batch size, and a batch of another size comes."""
    given = tensor(crash, 0)
    wanted = re.search(r"shape '\[([-\d, ]+)\]'", crash.message)
    if given is None or not given.shape or wanted is None:
        return None
    sizes = [int(size) for size in wanted[1].split(",")]
    batches = [size for i, size in enumerate(given.shape) if axis(given, i) == "batch"] or list(given.shape[:2])
    for size in sizes:
        if size > 1 and size not in given.shape and (names := _built_in(record, crash, size)) is not None:
            batch = batches[0] or 0
            # The number has to stand where the program means the batch: by its name, or by the loader's own.
            if not any("batch" in name.lower() for name in names) and loader_size(record) != size:
                continue
            happened = (
                f"{code(record, crash.place)}: {shown(crash.inputs[0])}, and the view asks for {sized(tuple(sizes))}."
            )
            return _ragged(
                record, crash, happened, batch, size, "take the size from the tensor: `x.view(x.size(0), -1)`"
            )
    return None


@explains("RuntimeError", r"stack expects each tensor to be equal size|expected sequence of length \d+ at dim")
@explains("ValueError", r"expected sequence of length \d+ at dim")
def texts_not_padded_to_one_length(record: Record, crash: Crash) -> Explanation | None:
    """Texts of different lengths are put into one tensor without padding."""
    sizes = [
        int(size)
        for size in re.findall(r"\[(\d+)\]|of length (\d+)|got (\d+)\)", crash.message)
        for size in size
        if size
    ]
    if len(sizes) < 2 or sizes[0] == sizes[1]:
        return None
    in_loader = any("collate" in one for one in crash.values.get("beneath") or [])
    where = "the DataLoader's own collate" if in_loader else "this line"
    cure = "`torch.nn.utils.rnn.pad_sequence(texts, padding_value=pad_index)`"
    return Explanation(
        f"{code(record, crash.place)}: {where} puts texts of {sizes[0]} and {sizes[1]} words into one tensor.",
        "A tensor is a rectangle: texts of different lengths have to be padded to one length first.",
        f"pad in a collate_fn of your own, {cure}, and give it to the loader: `DataLoader(..., collate_fn=collate)`"
        if in_loader
        else f"make a tensor of each text and pad them: {cure}",
    )
