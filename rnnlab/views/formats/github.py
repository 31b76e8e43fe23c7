"""GitHub's workflow commands: each finding becomes an annotation at its line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rnnlab.report import Report
from rnnlab.rules.kit import Level
from rnnlab.views.formats.plain import all_findings

_COMMANDS = {"mistake": "error", "risk": "warning", "habit": "notice"}


def text(reports: Sequence[Report], level: Level) -> str:
    """Return one command a line; an empty text where nothing was found."""
    return "\n".join(_command(one) for one in all_findings(reports, level))


def _command(one: dict[str, Any]) -> str:
    properties = {
        "file": one["file"],
        "line": one["line"],
        "endLine": one["end_line"],
        "col": one["column"],
        "endColumn": one["end_column"] if one["end_line"] == one["line"] else None,
        "title": f"rnnlab: {one['rule']}",
    }
    # In a notebook the lines of a cell are no lines of the file.
    if one["cell"] is not None:
        properties = {"file": one["file"], "title": f"rnnlab: {one['rule']} (cell {one['cell']}, line {one['line']})"}
    said = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items() if value is not None)
    return f"::{_COMMANDS[one['level']]} {said}::{_data(one['message'])}"


def _data(words: str) -> str:
    return words.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(words: str) -> str:
    return _data(words).replace(":", "%3A").replace(",", "%2C")
