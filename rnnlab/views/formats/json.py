"""JSON: `findings`, and `outcomes` with one status for each rule; where there are several programs, those of each as well."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rnnlab.report import Report
from rnnlab.rules.kit import Level
from rnnlab.views.formats.plain import all_findings, outcomes_of


def text(reports: Sequence[Report], level: Level) -> str:
    """Return the reports as one JSON object."""
    whole = {
        "findings": all_findings(reports, level),
        "outcomes": outcomes_of(reports),
        "programs": [{"program": one.record.header.program, "outcomes": outcomes_of([one])} for one in reports],
    }
    return json.dumps(whole, indent=2, ensure_ascii=False, default=str)
