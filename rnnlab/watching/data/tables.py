"""Watches how rows come into a program: pandas tables, csv readers and files that it opens."""

from __future__ import annotations

import csv
import functools
import io
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from rnnlab.watching.data import rows
from rnnlab.watching.data.patches import Patches, Seen
from rnnlab.watching.data.tallies import Tallies
from rnnlab.watching.data.things import describe
from rnnlab.watching.describing import Describer
from rnnlab.watching.replacing import replaced

_READERS = (
    "read_csv read_table read_fwf read_json read_parquet read_feather read_excel read_pickle read_sql read_sql_query "
    "read_sql_table read_html read_xml read_orc read_hdf"
).split()
_DATA = frozenset(".csv .tsv .txt .json .jsonl .ndjson .xml .tab .data .dat .text .neg .pos".split())
_MOST_LABELS = 20


class Tables:
    """The witness of rows that come from files."""

    def __init__(self, patches: Patches, describer: Describer, tallies: Tallies) -> None:
        self.patches, self.describer, self.tallies = patches, describer, tallies
        patches.after_import("pandas", self._watch_pandas)
        patches.instead(csv, {"reader": self._watched_reader(csv.reader)})
        patches.until_the_end(replaced(csv.DictReader, "__init__", self._dict_reader(csv.DictReader.__init__)))
        self._watch_open()

    # --- pandas --------------------------------------------------------------------------------------------------

    def _watch_pandas(self, pandas: ModuleType) -> None:
        patches = self.patches
        patches.functions(pandas, dict.fromkeys(_READERS, self._read))
        for owner in (pandas.Series, pandas.DataFrame):
            base = next((one for one in owner.__mro__ if "__finalize__" in vars(one)), None)
            if base is not None and not hasattr(vars(base)["__finalize__"], "__wrapped__"):
                finalize = self._inherit(vars(base)["__finalize__"])
                patches.until_the_end(replaced(base, "__finalize__", finalize))
        for name in ("tolist", "to_list", "to_numpy", "values", "unique"):
            for owner in pandas.Series.__mro__:
                if name in vars(owner):
                    patches.method(owner, name, self._left_pandas)
                    break
        for name in ("map", "replace"):
            patches.method(pandas.Series, name, self._mapped)
            for owner in pandas.Series.__mro__[1:] if name not in vars(pandas.Series) else ():
                if name in vars(owner):
                    patches.method(owner, name, self._mapped)
                    break

    def _read(self, seen: Seen) -> None:
        """A reader gave a table; one that reads it in pieces gives something else, and is left alone."""
        if not rows.is_frame(seen.result):
            return
        source = next(iter([*seen.args, *seen.kwargs.values()]), None)
        path = _path_of(source)
        _, counts, samples = describe(seen.result)
        samples |= {"path": path} if path else {}
        identities, name = self.describer.identities, self.patches.name(seen.frame)
        number = identities.number(seen.result)
        made_from = [origin] if source is not None and (origin := identities.ancestor(source)) is not None else []
        self.describer.mark(number, path, seen.result)
        self.describer.rows_told(number, rows.texts(seen.result) or ())
        self.describer.tell_data(self.patches.place(seen.frame), "table", number, name, made_from, counts, samples)

    def _inherit(self, original: Any) -> Any:
        """A table or column that pandas makes from another takes over its attributes, and its origin."""

        @functools.wraps(original)
        def __finalize__(made: Any, other: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N807
            result = original(made, other, *args, **kwargs)
            if self.patches.is_active and not self.describer.recorder.quiet:
                with self.describer.recorder.guarded():
                    self.describer.identities.derive(result, other)
            return result

        return __finalize__

    def _left_pandas(self, seen: Seen) -> None:
        self.describer.identities.derive(seen.result, seen.args[0])

    def _mapped(self, seen: Seen) -> None:
        """A dict that turns a few names into whole numbers is a label map."""
        column, labels = seen.argument(0, "self"), seen.argument(1, "arg", seen.argument(1, "to_replace"))
        if not isinstance(labels, dict) or not 2 <= len(labels) <= _MOST_LABELS or not rows.is_column(column):
            return
        if not all(isinstance(index, int) for index in labels.values()):
            return
        times = Counter(column.tolist())
        origin = self.describer.identities.ancestor(column)
        # `df["label"] = df["label"].map(...)`: a column has no name of its own that a learner would say.
        tell_label_map(self.describer, seen, self.patches, labels, times, origin, "a dict")

    # --- files ---------------------------------------------------------------------------------------------------

    def _watched_reader(self, original: Any) -> Any:
        @functools.wraps(original)
        def reader(*args: Any, **kwargs: Any) -> Any:
            frame = self.patches.learners(sys._getframe(1))
            if frame is not None and args and isinstance(args[0], io.TextIOBase):
                quote = kwargs.get("quotechar", '"')
                args = (self._lines(frame, args[0], "csv.reader", quote if isinstance(quote, str) else ""), *args[1:])
            return original(*args, **kwargs)

        return reader

    def _dict_reader(self, original: Any) -> Any:
        @functools.wraps(original)
        def __init__(made: Any, f: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
            frame = self.patches.learners(sys._getframe(1))
            if frame is not None and isinstance(f, io.TextIOBase):
                f = self._lines(frame, f, "csv.DictReader", '"')
            original(made, f, *args, **kwargs)

        return __init__

    def _lines(self, frame: FrameType, file: Any, how: str, quote: str) -> Iterator[str]:
        """Pass a file's lines on, and tell how many rows there were when it has been read to its end."""
        place, name = self.patches.place(frame), getattr(file, "name", "")
        path = name if isinstance(name, str) else ""
        return self._counted(iter(file), lambda n: self._tell_lines(place, file, path, how, n), quote)

    def _counted(self, lines: Iterable[str], tell: Any, quote: str) -> Iterator[str]:
        read, quotes = 0, 0
        for line in lines:
            quotes += line.count(quote) if quote else 0
            # A line that ends inside quotes goes on: its row is not over.
            read += quotes % 2 == 0
            yield line
        if self.patches.is_active:
            with self.describer.recorder.guarded():
                tell(read)

    def _tell_lines(self, place: Any, file: Any, path: str, how: str, read: int) -> None:
        identities = self.describer.identities
        number, header = identities.number(file), how == "csv.DictReader"
        self.describer.mark(number, path)
        counts = {"rows": float(max(0, read - header))}
        self.describer.tell_data(place, "file", number, counts=counts, samples={"path": path, "read_by": how})

    def _watch_open(self) -> None:
        import builtins

        original = builtins.open

        @functools.wraps(original)
        def opened(*args: Any, **kwargs: Any) -> Any:
            file = original(*args, **kwargs)
            frame = self.patches.learners(sys._getframe(1))
            if frame is not None:
                with self.describer.recorder.guarded():
                    self._tell_opened(frame, file, args[0] if args else kwargs.get("file"))
            return file

        self.patches.until_the_end(replaced(builtins, "open", opened))
        self.patches.method(Path, "open", lambda seen: self._tell_opened(seen.frame, seen.result, seen.args[0]))
        self.patches.method(Path, "read_text", self._read_text)

    def _read_text(self, seen: Seen) -> None:
        self._count_file(seen.frame, seen.args[0], "read_text")

    def _tell_opened(self, frame: FrameType, file: Any, given: Any) -> None:
        """A data file is opened for reading."""
        if getattr(file, "readable", bool)() and not file.writable():
            number = self._count_file(frame, given, "open")
            if number is not None:
                self.describer.identities.call(file, number)

    def _count_file(self, frame: FrameType, given: Any, how: str) -> int | None:
        """Count a data file that is read; many files of one line are told as one, with their number."""
        path = _path_of(given)
        if not path or Path(path).suffix.lower() not in _DATA:
            return None
        place = self.patches.place(frame)
        tally = self.tallies.of("file", place)
        if tally is None:
            tally = self.tallies.begin("file", place, samples={"path": path, "read_by": how})
        tally.counts["files"] = tally.counts.get("files", 0) + 1
        self.describer.mark(tally.number, path)
        return tally.number


def tell_label_map(
    describer: Describer,
    seen: Seen,
    patches: Patches,
    indices: dict[Any, int],
    times: Counter[Any],
    origin: int | None,
    by: str,
    name: str = "",
) -> None:
    """Tell of a label map in the order of its indices, with how often each label occurs where that was seen."""
    labels = [[str(one), int(index), times[one]] for one, index in sorted(indices.items(), key=lambda pair: pair[1])]
    describer.tell_data(
        patches.place(seen.frame),
        "label map",
        describer.recorder.new_id(),
        name,
        [origin] if origin is not None else [],
        {"classes": float(len(set(indices.values())))},
        {"labels": labels, "numbered_by": by},
    )


def _path_of(source: Any) -> str:
    if isinstance(source, str | os.PathLike):
        path = os.fspath(source)
        # A text that pandas is to read is no path.
        return path if isinstance(path, str) and len(path) < 4_096 and "\n" not in path else ""
    name = getattr(source, "name", "")
    return name if isinstance(name, str) else ""
