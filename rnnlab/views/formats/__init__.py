"""The reports of a check as text for other programs: JSON, SARIF, JUnit, GitHub's annotations, Markdown."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from rnnlab.report import Report
from rnnlab.rules.kit import Level

FORMATS = ("json", "sarif", "junit", "github", "markdown")


def formatted(name: str, reports: Sequence[Report], level: Level) -> str:
    """Return reports, one for each program, in one of `FORMATS`; findings below a level are left out."""
    module = importlib.import_module(f"rnnlab.views.formats.{name}")
    return module.text(reports, level)
