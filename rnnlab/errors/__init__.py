"""What an exception means, in axis names and sizes: pure functions of a record.

`explain(record)` gives the first explanation that fits the crash of a record, in a fixed order from the most special to
the most general; where none fits, the operands alone, with their axes and sizes.
"""

from __future__ import annotations

import importlib
import textwrap
from pathlib import Path

from rnnlab.errors.kit import CATALOGUE, Entry, Explanation, code, exceptions, operands
from rnnlab.facts import Crash
from rnnlab.record import Record

__all__ = ["Entry", "Explanation", "catalogue", "explain", "note"]

# Whose explanations are asked first: where two stages know one error text, the one that asks for more numbers.
_ORDER = (
    "load", "tokenize", "vocab", "predict", "squeeze", "batch", "rnn", "embed", "head", "loss", "evaluate", "train",
)  # fmt: skip


def catalogue() -> list[Entry]:
    """Return every explanation, in the order in which they are asked."""
    for stage in _ORDER:
        importlib.import_module(f"rnnlab.errors.{stage}")
    return sorted(CATALOGUE, key=lambda entry: _ORDER.index(entry.stage))


def explain(record: Record, crash: Crash | None = None) -> Explanation | None:
    """Return what a crash means, or None where nothing is known beyond the error's own text.

    Args:
        crash: which one, where a record has several (the cells of a notebook); the last one otherwise.
    """
    crash = crash or record.last(Crash)
    if crash is None:
        return None
    # What came later, in other cells, explains nothing.
    record = record.until(crash.n)
    for one in exceptions(crash):
        for entry in catalogue():
            try:
                found = entry(record, one)
            except (LookupError, TypeError, ValueError, AttributeError):
                # A record of another version, or one that somebody edited, may lack what the explanation reads.
                continue
            if found is not None:
                return found
    return _operands_alone(record, crash)


def note(record: Record) -> str:
    """Return what a traceback may say of a record's crash under the error's own text; "" where nothing is known."""
    found = explain(record)
    if found is None:
        return ""
    where = f", {Path(found.place.file).name}:{found.place.line}" if found.place is not None else ""
    return f"rnnlab: {found.name or 'what the line was given'}{where}\n{textwrap.indent(found.text(), '  ')}"


def _operands_alone(record: Record, crash: Crash) -> Explanation | None:
    """Return what the line worked on, where no explanation fits: the operands, or the names that an object has."""
    where, values = code(record, crash.place), crash.values
    owner, asked, names = values.get("owner"), values.get("attribute"), values.get("names")
    if owner and asked and names and owner != "tuple":
        near = values.get("near")
        means = f"It holds {', '.join(map(str, names[:12]))}."
        write = f"write `{near}`" if near else ""
        return Explanation(f"{where}: {owner} has no `{asked}`.", means, write, place=crash.place, stage=crash.stage)
    given = operands(crash)
    return Explanation(f"{where}: {given}.", place=crash.place, stage=crash.stage) if given else None
