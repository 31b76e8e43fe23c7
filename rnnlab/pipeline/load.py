"""Stage 1: read a table of reviews, from the built-in generator or from any CSV file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame


class LoadError(Exception):
    """The reviews cannot be read; the message is one sentence that says what to do."""


def load(
    csv: str | Path | None = None,
    text: str = "review",
    label: str = "sentiment",
    limit: int | None = None,
) -> DataFrame:
    """Return a table of two columns of strings, `review` and `sentiment`, one row per review.

    Args:
        csv: a CSV file, gzip too; None takes the built-in reviews.
        text, label: the names of the file's columns.
        limit: how many rows to keep, from the top.

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
    table, dropped = _without_gaps(table, text, label)
    if limit is not None:
        table = table.head(limit).reset_index(drop=True)
    table.attrs["dropped"] = dropped
    _check(table, csv, label)
    return table


def _read(path: Path, text: str, label: str) -> DataFrame:
    import pandas as pd

    if path.is_dir():
        raise LoadError(f"{path} is a folder; give the CSV file itself.")
    try:
        # Every value stays the string that it is: "NA" and "null" are words, and '1' is not yet a number.
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except FileNotFoundError:
        raise LoadError(
            f"There is no file {path}; check the path, or leave --csv out for the built-in reviews."
        ) from None
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise LoadError(
            f"{path} is not UTF-8: byte 0x{byte:02x} cannot be decoded; save the file as UTF-8 and try again."
        ) from None
    except pd.errors.EmptyDataError:
        raise LoadError(
            f"{path} is empty; a header line and at least two rows are needed."
        ) from None
    except (pd.errors.ParserError, OSError, EOFError, ValueError) as error:
        reason = (
            str(error).strip().splitlines()[0]
            if str(error).strip()
            else type(error).__name__
        )
        raise LoadError(f"{path} cannot be read as a CSV file: {reason}") from None
    for column in (text, label):
        if column not in table.columns:
            raise LoadError(
                _missing_column(path, column, [str(name) for name in table.columns])
            )
    if text == label:
        raise LoadError(
            f"The text and the label cannot both be the column '{text}'; name two columns."
        )
    return table.loc[:, [text, label]].set_axis(["review", "sentiment"], axis=1)


def _missing_column(path: Path, column: str, columns: list[str]) -> str:
    option = "--text and --label choose the columns"
    if any(len(name) > 60 for name in columns):
        return (
            f"{path} has no header line: its first row is a review already. "
            f"Put a line such as 'review,sentiment' on top ({option})."
        )
    shown = ", ".join(f"'{name}'" for name in columns[:12]) + (
        " …" if len(columns) > 12 else ""
    )
    return f"{path} has no column '{column}'; it has {shown} ({option})."


def _without_gaps(
    table: DataFrame, text: str, label: str
) -> tuple[DataFrame, dict[str, int]]:
    table = table.assign(sentiment=table["sentiment"].str.strip())
    tests = {
        "header repeated": (table["review"] == text) & (table["sentiment"] == label),
        "empty text": table["review"].str.strip() == "",
        "missing label": table["sentiment"] == "",
    }
    dropped: dict[str, int] = {}
    keep = ~table["review"].isna()
    for reason, found in tests.items():
        dropped[reason] = int((found & keep).sum())
        keep &= ~found
    return table.loc[keep].reset_index(drop=True), {
        reason: count for reason, count in dropped.items() if count
    }


def _check(table: DataFrame, csv: str | Path | None, label: str) -> None:
    dropped = table.attrs["dropped"]
    gone = (
        f" ({', '.join(f'{count} dropped: {reason}' for reason, count in dropped.items())})"
        if dropped
        else ""
    )
    if table.empty:
        raise LoadError(f"{csv} has no row with a text and a label{gone}.")
    classes = table["sentiment"].unique()
    if len(classes) < 2:
        raise LoadError(
            f"All {len(table):,} rows have the same label, '{classes[0]}', in the column '{label}'{gone}; "
            "a classifier needs at least two classes. With --limit, take more rows."
        )
    if len(classes) > max(50, len(table) // 4):
        raise LoadError(
            f"The column '{label}' has {len(classes):,} different values in {len(table):,} rows; "
            "that looks like texts, not labels. --label chooses the column."
        )
    if len(table) < 20:
        raise LoadError(
            f"Only {len(table)} rows are left{gone}; at least 20 are needed to split and train."
        )
