"""SARIF 2.1.0, the format of code scanning: every rule with its page, every finding with its place.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rnnlab.report import Report
from rnnlab.rules.kit import Level, Rule
from rnnlab.views.formats.plain import all_findings

_LEVELS = {"mistake": "error", "risk": "warning", "habit": "note"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def text(reports: Sequence[Report], level: Level) -> str:
    """Return the reports as one SARIF log of one run."""
    rules = {outcome.rule.name: outcome.rule for report in reports for outcome in report.outcomes}
    names = list(rules)
    results = [_result(one, names.index(one["rule"])) for one in all_findings(reports, level)]
    driver = {"name": "rnnlab", "version": version("rnnlab"), "rules": [_rule(rule) for rule in rules.values()]}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.name,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.title},
        "help": {"text": rule.page, "markdown": rule.page},
        "defaultConfiguration": {"level": _LEVELS[rule.level]},
        "properties": {"stage": rule.stage, "level": rule.level},
    }


def _result(one: dict[str, Any], index: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": one["rule"],
        "ruleIndex": index,
        "level": _LEVELS[one["level"]],
        "message": {"text": one["message"]},
        "properties": {"seen_by": one["seen_by"]},
    }
    if one["file"]:
        result["locations"] = [{"physicalLocation": _physical(one)}]
    if one["cell"] is not None:
        result["properties"] |= {"cell": one["cell"], "line in the cell": one["line"]}
    return result


def _physical(one: dict[str, Any]) -> dict[str, Any]:
    path = Path(one["file"])
    uri = path.as_uri() if path.is_absolute() else quote(path.as_posix())
    place: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    # In a notebook the lines of a cell are no lines of the file.
    if one["line"] and one["cell"] is None:
        region = {"startLine": one["line"], "startColumn": one["column"], "endLine": one["end_line"]}
        place["region"] = region | ({"endColumn": one["end_column"]} if one["end_column"] else {})
    return place
