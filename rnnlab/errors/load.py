"""Errors of loading: libraries that have changed, files and columns that are not there."""

from __future__ import annotations

import re
from pathlib import Path

from rnnlab.errors.kit import Explanation, code, explains, version
from rnnlab.facts import Crash
from rnnlab.record import Record

# What torchtext had up to 0.8, and under `torchtext.legacy` up to 0.11.
_CLASSIC_NAMES = frozenset(
    "Field LabelField RawField NestedField TabularDataset BucketIterator Iterator BPTTIterator Example Dataset Batch "
    "Pipeline".split()
)
# What came with 0.9 and later.
_NEWER = frozenset({"to_map_style_dataset", "vocab", "build_vocab_from_iterator", "transforms", "functional", "models"})


@explains("AttributeError ImportError ModuleNotFoundError", r"torchtext")
def torchtext_field_is_gone(record: Record, crash: Crash) -> Explanation | None:
    """`Field` and its family were removed from torchtext.data in 0.9 and for good in 0.12."""
    gone = re.search(r"module 'torchtext[\w.]*' has no attribute '(\w+)'", crash.message) or re.search(
        r"cannot import name '(\w+)' from 'torchtext", crash.message
    )
    legacy = "torchtext.legacy" in crash.message or (gone is not None and gone[1] == "legacy")
    if not legacy and (gone is None or gone[1] not in _CLASSIC_NAMES):
        return None
    installed = version(record, "torchtext")
    what = "torchtext.legacy" if legacy or gone is None else gone[1]
    happened = f"{code(record, crash.place)} asks torchtext{f' {installed}' if installed else ''} for `{what}`."
    if legacy and _is_classic(installed):
        means = "torchtext.legacy existed in 0.9 to 0.11 only. torchtext 0.6 is that same API under its first name."
        return Explanation(
            happened, means, "write `from torchtext import data` in place of `from torchtext.legacy import data`"
        )
    means = "Field, LabelField, TabularDataset and BucketIterator left torchtext.data in 0.9 and torchtext in 0.12."
    return Explanation(
        happened,
        means,
        "`pip install torchtext==0.6.0` (pure Python, it runs on today's PyTorch), then `from torchtext import data`",
    )


def _is_classic(installed: str) -> bool:
    found = re.match(r"0\.(\d+)", installed)
    return found is not None and int(found[1]) <= 8


@explains("AttributeError ImportError", r"torchtext")
def newer_torchtext_is_asked_for(record: Record, crash: Crash) -> Explanation | None:
    """A function of torchtext 0.9 or later is asked of an older one."""
    asked = re.search(r"cannot import name '(\w+)' from 'torchtext", crash.message) or re.search(
        r"module 'torchtext[\w.]*' has no attribute '(\w+)'", crash.message
    )
    installed = version(record, "torchtext")
    if asked is None or asked[1] not in _NEWER or not _is_classic(installed):
        return None
    return Explanation(
        f"{code(record, crash.place)} asks torchtext {installed} for `{asked[1]}`.",
        f"`{asked[1]}` came later: it belongs to the API of torchtext 0.9 to 0.18, whose compiled parts need a "
        "PyTorch of their time.",
        "use Field, LabelField and BucketIterator of torchtext 0.6, or torch's own DataLoader with a collate_fn",
    )


@explains("FileNotFoundError")
def data_file_not_found(record: Record, crash: Crash) -> Explanation | None:
    """A file is opened that is not in the folder where it is looked for."""
    file, folder = crash.values.get("file"), crash.values.get("folder")
    if not file or not folder:
        return None
    name = Path(file).name
    happened = f"{code(record, crash.place)}: there is no {name} in {folder}."
    if not crash.values.get("folder_exists"):
        return Explanation(
            happened,
            "The folder itself is not there.",
            "give the path of a folder that exists, or download the data first",
        )
    near, alike = crash.values.get("near"), crash.values.get("alike") or []
    if near and near != name:
        return Explanation(happened, f"That folder has {near}, a name almost like it.", f"write '{near}'")
    others = (
        f"That folder has {', '.join(alike[:4])}{' and more' if len(alike) > 4 else ''}."
        if alike
        else f"That folder has no file that ends in {Path(name).suffix or 'this way'}."
    )
    return Explanation(
        happened,
        others,
        "start the program in the folder of its data, or give the file's whole path; `rnnlab step --dry` makes rows up",
    )


@explains("KeyError AttributeError")
def column_not_in_the_table(record: Record, crash: Crash) -> Explanation | None:
    """A column is asked for that the pandas table does not have."""
    is_table = crash.values.get("owner") == "DataFrame"
    columns = crash.values.get("columns") or (crash.values.get("names") if is_table else None)
    asked = crash.values.get("attribute") if is_table else crash.values.get("key")
    if not columns or not asked:
        return None
    near = crash.values.get("near")
    listed = ", ".join(f"'{column}'" for column in columns[:8])
    return Explanation(
        f"{code(record, crash.place)} asks for the column '{asked}'; the table has {listed}.",
        f"'{near}' is almost that name."
        if near
        else "The file's first line names the columns; it may have another one, or none.",
        f"write '{near}'"
        if near
        else f"use one of these names, or rename: table.rename(columns={{'{columns[0]}': '{asked}'}})",
    )


@explains("AttributeError TypeError")
def splits_with_one_file_is_a_tuple(record: Record, crash: Crash) -> Explanation | None:
    """`.splits(train=...)` returns a tuple, of one dataset here, and the program takes it for the dataset."""
    name = None
    if crash.values.get("owner") == "tuple" and len(crash.values.get("items") or []) == 1:
        kind, name = crash.values["items"][0], crash.values.get("owner_name")
    else:
        held = next((item for item in crash.variables if _is_tuple_of_one_dataset(item.note)), None)
        beneath = " ".join(crash.values.get("beneath") or [])
        if held is None or "Example" not in crash.message or "build_vocab" not in beneath:
            return None
        kind, name = held.note.text.rpartition(" ")[2], held.name  # type: ignore[union-attr]
    if not kind.endswith("Dataset"):
        return None
    word = name or "dataset"
    return Explanation(
        f"{code(record, crash.place)}: {word} is a tuple that holds one {kind}.",
        "`.splits(...)` always returns a tuple, one dataset for each file that you name, also for a single one.",
        f"write `{word}, = ...splits(...)` with a comma behind the name, or make the dataset directly: "
        "`data.TabularDataset(path=...)`",
    )


def _is_tuple_of_one_dataset(note: object) -> bool:
    return (
        getattr(note, "type", "") == "tuple"
        and getattr(note, "text", "").startswith("1 × ")
        and "Dataset" in getattr(note, "text", "")
    )
