"""Small removals of the last years that old programs still use: NumPy, pandas, spaCy, PyTorch and Python itself.

Only the learner's own lines find a removed name again; libraries see what is there today. What today's releases still
accept (`Variable`, `volatile=`, `clip_grad_norm`, `F.sigmoid`, `nn.init.xavier_uniform`) needs no bridge.
`torch.load` of whole pickled objects is not bridged: what somebody else wrote is not unpickled.
"""

from __future__ import annotations

import collections
import collections.abc
import contextlib
import functools
import inspect
import sys
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

from rnnlab.watching.bridges.imports import Imports, placed
from rnnlab.watching.bridges.old_torchtext import is_torchtext
from rnnlab.watching.bridges.telling import Gone, Lost, Teller, revive

_ABSTRACT = ("Callable", "Hashable", "Iterable", "Iterator", "Mapping", "MutableMapping", "MutableSequence", "Sequence",
             "Set", "Sized", "Generator", "Container")  # fmt: skip


def bridge_removals(teller: Teller, imports: Imports, undo: contextlib.ExitStack) -> None:
    """Bridge each library when the program imports it, and Python's own modules at once."""
    abstract = {name: Gone(getattr(collections.abc, name), f"collections.abc.{name}") for name in _ABSTRACT}
    revive(teller, undo, collections, abstract)
    # clock() counted seconds of this process on Linux and real seconds on Windows; people timed epochs with it.
    revive(teller, undo, time, {"clock": Gone(time.perf_counter, "time.perf_counter")})
    imports.after("numpy", functools.partial(_numpy, teller))
    imports.after("pandas", functools.partial(_pandas, teller))
    imports.after("spacy", functools.partial(_spacy, teller))
    imports.after("torch.optim.lr_scheduler", functools.partial(_schedulers, teller))
    imports.serve("torch._six", functools.partial(_six, teller))


# --- NumPy ---------------------------------------------------------------------------------------------------------


def _numpy(teller: Teller, numpy: ModuleType, undo: contextlib.ExitStack) -> None:
    builtin = {"float": float, "int": int, "bool": bool, "object": object, "str": str, "complex": complex}
    gone = {name: Gone(kind, name) for name, kind in builtin.items()} | {"unicode": Gone(str, "str")}
    renamed = {
        "float_": "float64", "complex_": "complex128", "string_": "bytes_", "unicode_": "str_", "NaN": "nan", "NAN": "nan",
        "Inf": "inf", "infty": "inf", "PINF": "inf", "product": "prod", "cumproduct": "cumprod", "alltrue": "all",
        "sometrue": "any", "round_": "round", "in1d": "isin", "row_stack": "vstack", "trapz": "trapezoid",
        "mat": "asmatrix", "asfarray": "asarray",
    }  # fmt: skip
    gone |= {old: Gone(getattr(numpy, new), f"numpy.{new}") for old, new in renamed.items() if hasattr(numpy, new)}
    gone["NINF"] = Gone(-numpy.inf, "-numpy.inf")
    gone["asfarray"] = Gone(functools.partial(numpy.asarray, dtype=float), "numpy.asarray(a, dtype=float)")
    gone["asscalar"] = Gone(lambda a: a.item(), "a.item()")
    revive(teller, undo, numpy, gone)


# --- pandas --------------------------------------------------------------------------------------------------------


def _pandas(teller: Teller, pandas: ModuleType, undo: contextlib.ExitStack) -> None:
    import datetime

    import numpy

    revive(
        teller,
        undo,
        pandas,
        {"np": Gone(numpy, "import numpy as np"), "datetime": Gone(datetime.datetime, "datetime.datetime")},
    )

    def append(table: Any, other: Any, ignore_index: bool = False, **options: Any) -> Any:
        if isinstance(other, dict):
            other = pandas.DataFrame([other])
        elif getattr(other, "ndim", 0) == 1 and table.ndim == 2:
            other = other.to_frame().T
        rows = list(other) if isinstance(other, list | tuple) else [other]
        rows = [pandas.DataFrame([row]) if isinstance(row, dict) else row for row in rows]
        return pandas.concat([table, *rows], ignore_index=ignore_index, **options)

    def as_matrix(table: Any, columns: Any = None) -> Any:
        return (table if columns is None else table[columns]).to_numpy()

    frame, series = pandas.DataFrame, pandas.Series
    lost: tuple[tuple[type, str, Callable[..., Any], str], ...] = (
        (frame, "append", append, "pandas.concat([a, b])"),
        (series, "append", append, "pandas.concat([a, b])"),
        (frame, "iteritems", frame.items, "DataFrame.items()"),
        (series, "iteritems", series.items, "Series.items()"),
        (frame, "applymap", frame.map, "DataFrame.map()"),
        (frame, "as_matrix", as_matrix, "DataFrame.to_numpy()"),
        (series, "as_matrix", as_matrix, "Series.to_numpy()"),
        (frame, "get_values", as_matrix, "DataFrame.to_numpy()"),
        (series, "get_values", as_matrix, "Series.to_numpy()"),
    )
    for owner, name, now, today in lost:
        if not hasattr(owner, name):
            undo.enter_context(placed(owner, name, Lost(teller, name, now, today)))
    undo.enter_context(placed(frame, "drop", _drop(teller, frame.drop)))
    undo.enter_context(placed(pandas, "set_option", _set_option(teller, pandas.set_option)))
    for name in ("read_csv", "read_table"):
        undo.enter_context(placed(pandas, name, _read_csv(teller, vars(pandas)[name])))


def _drop(teller: Teller, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def drop(table: Any, labels: Any = None, *place: Any, **options: Any) -> Any:
        if place:
            options["axis"] = place[0]
            teller.tell("drop(labels, 1)", f"axis={place[0]!r} was given by name", f"drop(labels, axis={place[0]!r})")
        return original(table, labels, **options)

    return drop


def _set_option(teller: Teller, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def set_option(*pairs: Any, **options: Any) -> Any:
        given = list(pairs)
        for i in range(0, len(given) - 1, 2):
            if isinstance(given[i], str) and "max_colwidth" in given[i] and given[i + 1] == -1:
                given[i + 1] = None
                teller.tell("max_colwidth of -1", "None was set", "pandas.set_option('display.max_colwidth', None)")
        return original(*given, **options)

    return set_option


def _read_csv(teller: Teller, original: Callable[..., Any]) -> Callable[..., Any]:
    """Translate arguments that pandas 2 and 3 have dropped."""
    known = inspect.signature(original).parameters

    @functools.wraps(original)
    def read(file: Any, *place: Any, **options: Any) -> Any:
        gone = [name for name in options if name not in known]
        skip = not options.pop("error_bad_lines", True) if "error_bad_lines" in gone else False
        if "warn_bad_lines" in gone:
            options.pop("warn_bad_lines")
        if skip:
            options["on_bad_lines"] = "skip"
        squeeze = options.pop("squeeze", False) if "squeeze" in gone else False
        if "delim_whitespace" in gone and options.pop("delim_whitespace"):
            options["sep"] = r"\s+"
        if place:
            options["sep"], gone = place[0], [*gone, "sep by position"]
        for name in gone:
            teller.tell(f"read_csv({name}=...)", "it was translated", _TODAY_CSV.get(name, "leave it out"))
        table = original(file, **options)
        return table.squeeze("columns") if squeeze else table

    return read


_TODAY_CSV = {
    "error_bad_lines": "on_bad_lines='skip'",
    "warn_bad_lines": "on_bad_lines='warn'",
    "squeeze": "read_csv(...).squeeze('columns')",
    "delim_whitespace": r"sep=r'\s+'",
    "sep by position": "sep=',' by name",
}


# --- spaCy ---------------------------------------------------------------------------------------------------------


def _spacy(teller: Teller, spacy: ModuleType, undo: contextlib.ExitStack) -> None:
    original = spacy.load

    @functools.wraps(original)
    def load(name: Any, *args: Any, **options: Any) -> Any:
        today = spacy.errors.OLD_MODEL_SHORTCUTS.get(name) if isinstance(name, str) else None
        full = today or name
        for_torchtext = is_torchtext() and isinstance(full, str) and full.count("_") >= 2
        if (today or for_torchtext) and not spacy.util.is_package(full):
            language = full[:2]
            done = f"spacy.blank({language!r}) was used: {full}, which is not installed, cuts texts by the same rules"
            teller.tell(f"spaCy's model {name!r}", done, f"python -m spacy download {full}, then spacy.load({full!r})")
            return spacy.blank(language)
        if today:
            teller.tell(f"spaCy's shortcut {name!r}", f"{today} was loaded", f"spacy.load({today!r})")
        return original(full, *args, **options)

    undo.enter_context(placed(spacy, "load", load))


# --- PyTorch -------------------------------------------------------------------------------------------------------


def _schedulers(teller: Teller, schedulers: ModuleType, undo: contextlib.ExitStack) -> None:
    """Take `verbose=`, which told of each change of the learning rate."""
    for kind in list(vars(schedulers).values()):
        if isinstance(kind, type) and kind.__module__ == schedulers.__name__ and "__init__" in vars(kind):
            made = vars(kind)["__init__"]
            if "verbose" not in inspect.signature(made).parameters:
                undo.enter_context(placed(kind, "__init__", _without_verbose(teller, kind.__name__, made)))


def _without_verbose(teller: Teller, name: str, original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def made(scheduler: Any, *args: Any, **options: Any) -> None:
        if "verbose" in options:
            del options["verbose"]
            teller.tell(
                f"{name}(verbose=...)",
                "it was left out: nothing is printed when the learning rate changes",
                "print(scheduler.get_last_lr())",
            )
        original(scheduler, *args, **options)

    return made


def _six(teller: Teller) -> ModuleType:
    """Return what `torch._six` (removed in PyTorch 2.0) held."""
    teller.tell("torch._six", "its names were served", "str, int, math.inf and collections.abc themselves")
    module = ModuleType("torch._six")
    vars(module).update(
        string_classes=(str, bytes),
        int_classes=int,
        container_abcs=collections.abc,
        inf=float("inf"),
        nan=float("nan"),
        PY3=True,
        PY37=sys.version_info >= (3, 7),
        FileNotFoundError=FileNotFoundError,
    )
    return module
