"""Missing files that are read as tables: pandas and torchtext say themselves which columns they want."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from rnnlab.watching.bridges.imports import Imports, is_there, placed
from rnnlab.watching.standins.columns import Wanted, is_label, roles
from rnnlab.watching.standins.files import Files
from rnnlab.watching.standins.registry import flag, is_stand_in
from rnnlab.watching.standins.tables import Layout, group_of, layout_of_source, write_json, write_table

_OTHERS = ("read_excel", "read_parquet", "read_pickle", "read_feather")


def stand_in_for_tables(files: Files, imports: Imports, undo: contextlib.ExitStack) -> None:
    """Make up the tables that pandas and torchtext's TabularDataset read, where the files are not there."""
    imports.after("pandas", functools.partial(_pandas, files))
    if is_there("torchtext"):
        from torchtext import data

        original = vars(data.TabularDataset)["__init__"]
        undo.enter_context(placed(data.TabularDataset, "__init__", _tabular(files, original)))


# --- pandas ----------------------------------------------------------------------------------------------------------


def _pandas(files: Files, pandas: ModuleType, undo: contextlib.ExitStack) -> None:
    for name, separator in (("read_csv", ","), ("read_table", "\t")):
        undo.enter_context(placed(pandas, name, _reading(files, vars(pandas)[name], separator)))
    undo.enter_context(placed(pandas, "read_json", _reading_json(files, pandas.read_json)))
    read_csv = pandas.read_csv
    for name in _OTHERS:
        undo.enter_context(placed(pandas, name, _reading_as_csv(files, vars(pandas)[name], read_csv)))


def _wants_made_up(files: Files, file: Any) -> bool:
    """Say whether a table must be made up: from the network, which a dry run does not touch, or not there."""
    return (isinstance(file, str) and "://" in file) or files.is_missing(file)


def _reading(files: Files, original: Callable[..., Any], separator: str) -> Callable[..., Any]:
    @functools.wraps(original)
    def read(file: Any = None, *args: Any, **options: Any) -> Any:
        file = options.pop("filepath_or_buffer", file)
        if not _wants_made_up(files, file):
            ours = files.leads_to(file)
            table = original(file if ours is None else ours, *args, **options)
            return flag(table) if ours is not None and is_stand_in(ours) else table
        given = {**({"sep": args[0]} if args else {}), **options}
        wanted = files.wanted_here()
        layout = _layout(wanted, given, separator)
        ours = files.new_path("table.csv")
        with files.teller.recorder.guarded():
            write_table(ours, layout, wanted, group_of(os.fspath(file)))
            _tell_table(files, file, layout, wanted)
            flag(ours)
        options = {name: value for name, value in options.items() if name not in {"compression", "sep", "delimiter"}}
        return flag(original(ours, sep=layout.separator, **options))

    return read


def _layout(wanted: Wanted, options: dict[str, Any], separator: str) -> Layout:
    """Return the layout that pandas is asked for."""
    separator = options.get("sep") or options.get("delimiter") or separator
    separator = separator if len(separator) == 1 else ","
    encoding = str(options.get("encoding") or "utf-8")
    names = options.get("names")
    skipped = bool(options.get("skiprows"))
    header = skipped or options.get("header", "none" if names is None else None) is not None
    columns = list(layout_of_source(wanted).columns) if names is None else [str(name) for name in names]
    used = options.get("usecols")
    if isinstance(used, Sequence) and used and all(isinstance(name, str) for name in used) and names is None:
        columns = list(dict.fromkeys([*columns, *used]))
    elif isinstance(used, Sequence) and used and all(isinstance(number, int) for number in used):
        columns += [f"column {i}" for i in range(len(columns), max(used) + 1)]
    kinds: tuple[tuple[str, str], ...] = ()
    index = options.get("index_col")
    if isinstance(index, int) and not isinstance(index, bool) and names is None:
        columns.insert(index, "row")
        kinds = (("row", "number"),)
    encoding = encoding if encoding.replace("-", "").lower().startswith("utf") else "utf-8"
    return Layout(tuple(columns), header, separator, encoding, kinds)


def _tell_table(files: Files, file: Any, layout: Layout, wanted: Wanted) -> None:
    kinds = roles(layout.columns) | dict(layout.kinds)
    labels = [f"{c} is {' or '.join(map(repr, wanted.labels(c)))}" for c in layout.columns if kinds[c] == "label"]
    columns = ", ".join(layout.columns)
    files.tell_rows(os.fspath(file), "; ".join([f"made-up reviews were read instead: columns {columns}", *labels]))


def _reading_json(files: Files, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def read(file: Any, *args: Any, **options: Any) -> Any:
        if not _wants_made_up(files, file):
            return original(files.leads_to(file) or file, *args, **options)
        wanted = files.wanted_here()
        layout, ours = layout_of_source(wanted), files.new_path("table.json")
        with files.teller.recorder.guarded():
            lines = bool(options.get("lines"))
            flag(write_json(ours, layout, wanted, group_of(os.fspath(file)), lines))
            _tell_table(files, file, layout, wanted)
        options.pop("compression", None)
        return flag(original(ours, *args, **options))

    return read


def _reading_as_csv(files: Files, original: Callable[..., Any], read_csv: Callable[..., Any]) -> Callable[..., Any]:
    """Make up a table of a kind that pandas needs other packages to write."""

    @functools.wraps(original)
    def read(file: Any, *args: Any, **options: Any) -> Any:
        if not _wants_made_up(files, file):
            return original(files.leads_to(file) or file, *args, **options)
        return read_csv(file, **{name: options[name] for name in ("names", "header", "usecols") if name in options})

    return read


# --- torchtext -------------------------------------------------------------------------------------------------------


def _tabular(files: Files, original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def made(
        dataset: Any,
        path: Any,
        format: str,  # noqa: A002
        fields: Any,
        skip_header: bool = False,
        *args: Any,
        **options: Any,
    ) -> None:
        if files.is_missing(Path(os.fspath(path)).expanduser()):
            with files.teller.recorder.guarded():
                path = _table_for_fields(files, os.fspath(path), format.lower(), fields, skip_header)
        elif (ours := files.leads_to(path)) is not None:
            path = str(ours)
        if is_stand_in(path):
            flag(dataset)
        original(dataset, path, format, fields, skip_header, *args, **options)

    return made


def _table_for_fields(files: Files, path: str, format: str, fields: Any, skip_header: bool) -> str:  # noqa: A002
    """Make up the table that Fields are to be filled from, in their order, and return its path."""
    by_name = isinstance(fields, dict)
    pairs = list(fields.items()) if by_name else [(str(name), (name, field)) for name, field in fields]
    kinds = [(name, _kind(name, pair)) for name, pair in pairs]
    layout = Layout(
        tuple(name for name, _ in pairs),
        header=by_name or skip_header,
        separator="\t" if format == "tsv" else ",",
        kinds=tuple((name, kind) for name, kind in kinds if kind),
    )
    ours = files.new_path(os.path.basename(path))  # noqa: PTH119
    if format in {"json", "dict"}:
        write_json(ours, layout, files.wanted, group_of(path), lines=True)
    else:
        write_table(ours, layout, files.wanted, group_of(path))
    _tell_table(files, path, layout, files.wanted)
    return str(flag(ours))


def _kind(name: str, pair: Any) -> str:
    """Return what a Field holds: numbered words of a text, a label, or nothing that is used."""
    pair = pair[0] if isinstance(pair, list) else pair
    field = pair[1] if isinstance(pair, tuple) else pair
    field = field[0] if isinstance(field, tuple | list) else field
    if field is None:
        return "" if is_label(name) else "other"
    return "text" if getattr(field, "sequential", False) else "label"
