"""Looks at things that hold one row per review: lists, columns, arrays, torch datasets and parts of them.

Only what costs little and has no effect is looked at: lengths, attributes of plain instances, and texts that lie there.
No row of a learner's Dataset is ever asked for, since its `__getitem__` may draw random numbers or read files.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from rnnlab.watching.data.things import cut, labels_in

_MOST = 1_000_000  # rows; more of them are counted and not looked at
_TRIED = 24
_WIDEST = 16


def count(rows: Any) -> int | None:
    """Return how many rows there are; None for a stream."""
    with contextlib.suppress(Exception):
        return len(rows)
    return None


def is_rows(thing: Any) -> bool:
    """Say whether a thing may hold one row per review: a list of rows, a column, an array or a torch dataset."""
    if isinstance(thing, str | bytes | dict | set) or is_module_of(thing, "torch", "Tensor", "Size"):
        return False
    if isinstance(thing, list | tuple):
        return len(thing) > 0
    return is_column(thing) or is_frame(thing) or is_torch_dataset(thing) or is_module_of(thing, "numpy", "ndarray")


def is_module_of(thing: Any, package: str, *names: str) -> bool:
    """Say whether a thing's class has one of these names in a package, without importing it."""
    kind = type(thing)
    return kind.__name__ in names and kind.__module__.partition(".")[0] == package


def is_frame(thing: Any) -> bool:
    """Say whether a thing is a pandas table."""
    return is_module_of(thing, "pandas", "DataFrame")


def is_column(thing: Any) -> bool:
    """Say whether a thing is a pandas column."""
    return is_module_of(thing, "pandas", "Series")


def is_torch_dataset(thing: Any) -> bool:
    """Say whether a thing is a dataset of torch's own kind; torch is not imported for the question."""
    data = sys.modules.get("torch.utils.data")
    return data is not None and isinstance(thing, data.Dataset)


def is_subset(thing: Any) -> bool:
    """Say whether a thing is a part of a torch dataset, chosen by indices."""
    data = sys.modules.get("torch.utils.data")
    return data is not None and isinstance(thing, data.Subset)


def columns(rows: Any) -> dict[str, Sequence[Any]]:
    """Return what lies in rows, column by column: those of a table, the places of tuples, the attributes of a dataset."""
    if is_frame(rows):
        return {str(name): rows.iloc[:, i].tolist() for i, name in enumerate(rows.columns)}
    if is_column(rows) or is_module_of(rows, "numpy", "ndarray"):
        return {"": rows.tolist()} if getattr(rows, "ndim", 1) == 1 else {}
    if isinstance(rows, list | tuple):
        return _columns_of_list(rows)
    if is_subset(rows):
        return _columns_of_subset(rows)
    return _columns_of_dataset(rows) if is_torch_dataset(rows) else {}


def _columns_of_list(rows: Sequence[Any]) -> dict[str, Sequence[Any]]:
    first = rows[0] if rows else None
    if isinstance(first, str | int):
        return {"": rows}
    if not isinstance(first, tuple | list):
        return {}
    if first and all(isinstance(word, str) for word in first) and isinstance(first, list):
        return {"": [" ".join(map(str, row)) for row in rows]}
    width = len(first)
    # Wider rows are ids, not (label, text).
    if width > _WIDEST or any(not isinstance(row, tuple | list) or len(row) != width for row in rows):
        return {}
    found: dict[str, Sequence[Any]] = {}
    for i in range(width):
        if isinstance(first[i], str | int):
            found[str(i)] = [row[i] for row in rows]
        elif _are_words(first[i]) and all(_are_words(row[i]) for row in rows):
            found[str(i)] = [" ".join(row[i]) for row in rows]
    return found


def _are_words(cell: Any) -> bool:
    return isinstance(cell, list | tuple) and len(cell) > 0 and all(isinstance(word, str) for word in cell)


def _columns_of_subset(rows: Any) -> dict[str, Sequence[Any]]:
    whole = columns(rows.dataset)
    with contextlib.suppress(IndexError, TypeError):
        indices = [int(i) for i in rows.indices]
        return {name: [column[i] for i in indices] for name, column in whole.items()}
    return {}


def _columns_of_dataset(rows: Any) -> dict[str, Sequence[Any]]:
    """A dataset's own attributes that are as long as it is; a table among them gives its columns."""
    size, found = count(rows), {}
    for name, value in list(getattr(rows, "__dict__", {}).items()):
        if is_frame(value) and len(value) == size:
            found |= columns(value)
        elif (isinstance(value, list | tuple) or is_column(value)) and len(value) == size:
            found |= {f"{name}.{key}".rstrip("."): column for key, column in columns(value).items()}
    return found


def texts(rows: Any) -> list[str] | None:
    """Return the text of each row, where one column surely holds the texts; None where none does."""
    if (count(rows) or _MOST + 1) > _MOST:
        return None
    best: tuple[float, Sequence[Any]] | None = None
    for column in columns(rows).values():
        tried = [value for value in islice(column, _TRIED) if isinstance(value, str)]
        spaces = sum(" " in value.strip() for value in tried)
        if tried and len(tried) == min(_TRIED, len(column)) and 2 * spaces >= len(tried):
            length = sum(map(len, tried)) / len(tried)
            best = max(best or (0.0, column), (length, column), key=lambda pair: pair[0])
    return [str(value) for value in best[1]] if best is not None else None


def chosen(rows: Any) -> tuple[Any, list[int]] | None:
    """Return the whole behind a part that was chosen by indices, and the indices in it."""
    if not is_subset(rows):
        return None
    indices = [int(i) for i in rows.indices]
    deeper = chosen(rows.dataset)
    if deeper is None:
        return rows.dataset, indices
    whole, theirs = deeper
    return whole, [theirs[i] for i in indices]


def described(rows: Any) -> tuple[dict[str, float], dict[str, Any]]:
    """Return the counts of rows and a few of their contents."""
    size = count(rows)
    counts = {} if size is None else {"examples": float(size)}
    samples: dict[str, Any] = {"type": type(rows).__name__}
    if size is not None and size <= _MOST:
        by_name = columns(rows)
        samples["row"] = {name or "text": cut(str(column[0])) for name, column in by_name.items() if len(column)}
        if labels := _labels(by_name):
            samples["labels"] = labels
    if shapes := [list(one.shape) for one in getattr(rows, "tensors", ()) if hasattr(one, "shape")]:
        samples["shapes"] = shapes
    return counts, samples


def _labels(by_name: dict[str, Sequence[Any]]) -> list[list[Any]]:
    for column in by_name.values():
        first = next(iter(column), None)
        if isinstance(first, str | int) and (found := labels_in(column)) and len(found) < len(column):
            return found
    return []


def parts_of(thing: Any) -> Iterator[Any]:
    """Return what a dataset holds or an iterator goes over: where its rows come from, nearest first."""
    import gc

    if is_torch_dataset(thing):
        yield from list(getattr(thing, "__dict__", {}).values())
        return
    frame = getattr(thing, "gi_frame", None)
    if frame is not None:
        yield from list(frame.f_locals.values())
        yield from (frame.f_globals[name] for name in frame.f_code.co_names if name in frame.f_globals)
    elif hasattr(thing, "__next__"):
        # map, zip, enumerate and the iterators of lists name nowhere what they go over.
        yield from gc.get_referents(thing)
