"""Markdown, as a comment under a pull request or a student's hand-in shows it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rnnlab.report import Report
from rnnlab.rules.kit import LEVELS, Level
from rnnlab.views.formats.plain import all_findings, outcomes_of

_HEADS: dict[str, str] = {"mistake": "Mistakes", "risk": "Risks", "habit": "Habits"}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!])")


def text(reports: Sequence[Report], level: Level) -> str:
    """Return the reports as Markdown: a section for each level, then how much could be judged."""
    found = all_findings(reports, level)
    parts = [f"# rnnlab: {_counted(found)}", ""]
    for name in LEVELS:
        own = [one for one in found if one["level"] == name]
        if own:
            parts += [f"## {_HEADS[name]}", "", *(line for one in own for line in _finding(one))]
    statuses = Counter(one["status"] for one in outcomes_of(reports))
    said = ", ".join(f"{statuses[one]} {one}" for one in ("found", "clear", "unseen", "broke") if statuses[one])
    parts.append(f"{sum(statuses.values())} rules: {said}.")
    return "\n".join(parts)


def _counted(found: list[dict[str, Any]]) -> str:
    return "nothing found" if not found else "1 finding" if len(found) == 1 else f"{len(found)} findings"


def _finding(one: dict[str, Any]) -> list[str]:
    cell = f", cell {one['cell']}" if one["cell"] is not None else ""
    where = f"{Path(one['file']).name}{cell}, line {one['line']}" if one["line"] else Path(one["file"]).name
    lines = [f"### `{one['rule']}` ({escaped(where)})", ""]
    code = next((fact["source"] for fact in one["evidence"] if fact["line"] == one["line"] and fact["source"]), "")
    if code:
        fence = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`+", code)), 3)
        lines += [f"{fence}python", code, fence, ""]
    return [*lines, escaped(one["message"]), ""]


def escaped(words: str) -> str:
    """Return a text that Markdown shows as it is: a program's words are never markup."""
    return _SPECIAL.sub(r"\\\1", words.replace("\n", " "))
