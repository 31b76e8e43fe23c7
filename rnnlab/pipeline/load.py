"""Stage 1: read a table of reviews, from the built-in generator or from any CSV file."""

from __future__ import annotations

import gzip
import re
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame

_FEWEST = 20  # rows
_LONG = 60  # characters
_QUOTES = "put quotes around texts that hold commas"


class LoadError(Exception):
    """The reviews cannot be read; the message is one sentence that says what to do."""


def load(
    csv: str | Path | None = None,
    text: str = "review",
    label: str = "sentiment",
    limit: int | None = None,
    drop_copies: bool = False,
) -> DataFrame:
    """Return a table of two columns of strings, `review` and `sentiment`, one row per review.

    Args:
        csv: a CSV file, gzip too; None takes the built-in reviews.
        text, label: the names of the file's columns.
        limit: how many rows to keep, from the top.
        drop_copies: keep only the first of several reviews with the same words.

    Rows without a text, without a label, or that repeat the header are dropped; `table.attrs["dropped"]` counts them.

    Raises:
        LoadError: the file is missing or no CSV, a column is missing, or fewer than two classes are left.
    """
    import pandas as pd

    if csv is None:
        from rnnlab.pipeline.reviews import reviews

        table = pd.DataFrame(reviews(), columns=["review", "sentiment"])
    else:
        table = _read(Path(csv), text, label)
    table, dropped = _without_gaps(table, text, label, drop_copies)
    if limit is not None:
        table = table.head(limit).reset_index(drop=True)
    table.attrs["dropped"] = dropped
    _check(table, csv, label)
    return table


def _read(path: Path, text: str, label: str) -> DataFrame:
    import pandas as pd

    try:
        # Every value stays the string that it is: "NA" and "null" are words, and '1' is not yet a number.
        with _opened(path) as file:
            table = pd.read_csv(file, dtype=str, na_filter=False, encoding="utf-8")
    except FileNotFoundError:
        raise LoadError(
            f"There is no file {path}; "
            "check the path, or leave --csv out for the built-in reviews."
        ) from None
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise LoadError(
            f"{path} is not UTF-8: byte 0x{byte:02x} cannot be decoded; "
            "save the file as UTF-8 and try again."
        ) from None
    except pd.errors.EmptyDataError:
        raise LoadError(
            f"{path} is empty; it needs a header line and at least {_FEWEST} rows."
        ) from None
    except pd.errors.ParserError as error:
        raise LoadError(
            f"{path} cannot be read as a CSV file: {_advice(error, path)}."
        ) from None
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise LoadError(
            f"{path} is a damaged gzip file ({_short(str(error))}); "
            "download or compress it again."
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise LoadError(
            f"{_short(str(path))} cannot be read ({_short(reason)}); give another file."
        ) from None
    if text == label:
        raise LoadError(
            f"The text and the label cannot both be the column '{text}'; "
            "name two columns with --text and --label."
        )
    for column in (text, label):
        if column not in table.columns:
            raise LoadError(
                _missing_column(path, column, [str(name) for name in table.columns])
            )
    if not isinstance(table.index, pd.RangeIndex):
        # pandas would take the first field for a row's name, and shift the others.
        raise LoadError(
            f"The rows of {path} have more fields than its header line; {_QUOTES}."
        )
    return table.loc[:, [text, label]].set_axis(["review", "sentiment"], axis=1)


def _opened(path: Path) -> IO[bytes] | gzip.GzipFile:
    """Open a file as the bytes that it holds, unpacked if it is gzip, whatever its name."""
    if path.is_dir():
        raise LoadError(f"{path} is a folder; give the CSV file itself.")
    with path.open("rb") as file:
        first = file.read(4)
    if first == b"PK\x03\x04":
        raise LoadError(
            f"{path} is a ZIP archive or a spreadsheet; "
            "unpack it, or save the sheet as CSV, and give that file."
        )
    return gzip.open(path) if first.startswith(b"\x1f\x8b") else path.open("rb")


def _other_mark(path: Path) -> str:
    """Return what a file's header seems to be separated by, if that is no comma."""
    with _opened(path) as file:
        header = file.readline(1_000)
    line = header.decode("utf-8", "replace") if isinstance(header, bytes) else header
    return next(
        (
            mark
            for mark in (";", "\\t", "|")
            if mark.replace("\\t", "\t") in line and "," not in line
        ),
        "",
    )


def _advice(error: Exception, path: Path) -> str:
    """Return what a parser's error means for the file, and what to do."""
    message = _short(str(error).rpartition("C error: ")[2])
    if fields := re.match(r"Expected (\d+) fields in line (\d+), saw (\d+)", message):
        expected, line, seen = fields.groups()
        other = f", or save it with commas if it is separated by '{_other_mark(path)}'"
        return f"line {line} has {seen} fields instead of {expected}; {_QUOTES}" + (
            other if _other_mark(path) else ""
        )
    if row := re.match(r"EOF inside string starting at row (\d+)", message):
        return f"a quotation mark opened in row {row[1]} is never closed; close it"
    return f"{message}; check it in an editor"


def _short(words: str) -> str:
    """Return a text on one line, cut after 60 characters."""
    line = re.sub(r"[\r\n]+", " ", words)
    return line if len(line) <= _LONG else f"{line[:_LONG]}…"


def _missing_column(path: Path, column: str, columns: list[str]) -> str:
    option = "--text and --label choose the columns"
    shown = ", ".join(f"'{_short(name)}'" for name in columns[:12])
    if any(len(name) > _LONG or name.strip().isdigit() for name in columns):
        return (
            f"{path} has no header line: it begins with {shown}; "
            f"put a line such as 'review,sentiment' on top ({option})."
        )
    for name, separator in (("semicolons", ";"), ("tabs", "\t")):
        if len(columns) == 1 and separator in columns[0]:
            return f"{path} is separated by {name}; save it with commas."
    more = " …" if len(columns) > 12 else ""
    return f"{path} has no column '{column}'; it has {shown}{more} ({option})."


def _without_gaps(
    table: DataFrame, text: str, label: str, drop_copies: bool
) -> tuple[DataFrame, dict[str, int]]:
    table = table.assign(sentiment=table["sentiment"].str.strip())
    tests = {
        "header repeated": (table["review"] == text) & (table["sentiment"] == label),
        "empty text": table["review"].str.strip() == "",
        "missing label": table["sentiment"] == "",
    }
    if drop_copies:
        words = table["review"].str.split().str.join(" ")
        tests["copy of another review"] = words.duplicated()
    dropped: dict[str, int] = {}
    keep = table["review"].notna()
    for reason, found in tests.items():
        dropped[reason] = int((found & keep).sum())
        keep &= ~found
    return table.loc[keep].reset_index(drop=True), {
        reason: count for reason, count in dropped.items() if count
    }


def _check(table: DataFrame, csv: str | Path | None, label: str) -> None:
    dropped = table.attrs["dropped"]
    reasons = ", ".join(f"{n} dropped: {reason}" for reason, n in dropped.items())
    gone = f" ({reasons})" if reasons else ""
    if table.empty:
        raise LoadError(
            f"{csv} has no row with a text and a label{gone}; give a file with some."
        )
    if len(table) < _FEWEST:
        raise LoadError(
            f"Only {len(table)} of the rows can be used{gone}; give at least {_FEWEST} "
            "to split and train, with a larger --limit if you set one."
        )
    classes = table["sentiment"].unique()
    if len(classes) < 2:
        raise LoadError(
            f"All {len(table):,} rows have the same label, '{_short(classes[0])}', "
            f"in the column '{label}'{gone}; "
            "give rows of at least two classes, with a larger --limit if you set one."
        )
    if len(classes) > max(50, len(table) // 4):
        raise LoadError(
            f"The column '{label}' has {len(classes):,} different values in "
            f"{len(table):,} rows, which looks like texts and not labels; "
            "choose the label's column with --label."
        )
