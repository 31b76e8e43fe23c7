"""The pytest plugin: `rnnlab_check` and `rnnlab_trace` as fixtures. It is loaded with pytest, so it imports nothing heavy."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from rnnlab.record import Record
    from rnnlab.report import Report
    from rnnlab.rules.kit import Level


@pytest.fixture
def rnnlab_check() -> Callable[..., Report]:
    """Return a function that checks a program, a folder, a model or a record and fails where something is found.

        def test_my_training_script(rnnlab_check):
            rnnlab_check("train.py", level="mistake")

    `level` is the least serious one that fails; `ignore` names mistakes that are left out. It returns the report.
    """

    def check(
        thing: Any, *, level: Level = "mistake", ignore: tuple[str, ...] = (), reading: bool | None = None
    ) -> Report:
        import rnnlab
        from rnnlab.verbs.assertions import said_of
        from rnnlab.views.checks import shown

        report = rnnlab.check(thing, reading=reading)
        found = [pair for pair in shown(report, level) if pair[0].rule.name not in ignore]
        if found:
            pytest.fail(said_of(report, found), pytrace=False)
        return report

    return check


@pytest.fixture
def rnnlab_trace() -> Callable[..., Record]:
    """Return `rnnlab.trace`: the record of one forward pass, for `rnnlab.assert_axes`.

    def test_the_shapes_of_my_model(rnnlab_trace):
        trace = rnnlab_trace(model, text, lengths)
        rnnlab.assert_axes(trace, "logits", "batch classes")
    """
    import rnnlab

    return rnnlab.trace
