"""JUnit's XML: a suite for each program, a case for each rule; a mistake fails, what could not be seen is skipped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from rnnlab.report import Outcome, Report
from rnnlab.rules.kit import Finding, Level
from rnnlab.views.checks import shown, where

# What XML 1.0 cannot hold, not even escaped.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(reports: Sequence[Report], level: Level) -> str:
    """Return the reports as one XML document."""
    root = ElementTree.Element("testsuites", name="rnnlab")
    for report in reports:
        _suite(root, report, level)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)


def _suite(root: ElementTree.Element, report: Report, level: Level) -> None:
    name = _clean(report.record.header.program) or "a model"
    found: dict[str, list[tuple[Outcome, Finding]]] = {}
    for outcome, finding in shown(report, level):
        found.setdefault(outcome.rule.name, []).append((outcome, finding))
    suite = ElementTree.SubElement(root, "testsuite", name=name, tests=str(len(report.outcomes)))
    counts = {"failures": 0, "errors": 0, "skipped": 0}
    for outcome in report.outcomes:
        case = ElementTree.SubElement(suite, "testcase", classname=outcome.rule.stage, name=outcome.rule.name)
        if outcome.rule.name in found:
            counts["failures"] += 1
            _failure(case, found[outcome.rule.name])
        elif outcome.status == "broke":
            counts["errors"] += 1
            ElementTree.SubElement(case, "error", message=_clean(outcome.why))
        elif outcome.status == "unseen":
            counts["skipped"] += 1
            ElementTree.SubElement(case, "skipped", message=_clean(outcome.why))
    for word, count in counts.items():
        suite.set(word, str(count))


def _failure(case: ElementTree.Element, found: list[tuple[Outcome, Finding]]) -> None:
    outcome, first = found[0]
    failure = ElementTree.SubElement(case, "failure", type=outcome.level(first), message=_clean(first.message))
    failure.text = "\n".join(
        _clean(f"{where(one.place) if one.place is not None else ''}: {one.message}") for _, one in found
    )


def _clean(words: str) -> str:
    return _NO_XML.sub("\ufffd", words)
