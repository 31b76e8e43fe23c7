"""Assertions about shapes for tests: a failure shows the trace."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rnnlab.facts import Call, PackedNote, TensorNote
from rnnlab.record import Record
from rnnlab.report import Outcome, Report
from rnnlab.rules.kit import Finding
from rnnlab.views import terminal
from rnnlab.views.checks import finding_at_line
from rnnlab.views.shapes import outputs
from rnnlab.views.things import trace_view


def assert_axes(trace: Record, name: str, axes: str) -> None:
    """Assert the names of a variable's axes: `assert_axes(trace, "logits", "batch classes")`.

    Args:
        trace: a record, as `rnnlab.trace` gives it.
        name: a variable that the model assigns (the last one of that name counts), or `output`, what the model returned.
        axes: the names in order; `...` stands for any number of axes, `_` for one of any name.

    Raises:
        AssertionError: the axes are others, or no such variable was seen; the message shows the whole trace.
    """
    found = _last(trace, name)
    if found is None:
        known = ", ".join(dict.fromkeys(named for call in trace.ask(Call) for named in _names(call)))
        raise AssertionError(f"no variable '{name}' was seen; there are {known or 'none'}\n\n{shown(trace)}")
    names = [axis.name for axis in found.axes]
    if not _fits(names, axes.replace(",", " ").split()):
        raise AssertionError(f"'{name}' has the axes ({', '.join(names)}), not ({axes})\n\n{shown(trace)}")


def shown(trace: Record) -> str:
    """Return a trace as plain text: a row for each thing that the model's author wrote."""
    console = terminal.console(file=io.StringIO(), width=120, no_color=True)
    with console.capture() as capture:
        console.print(trace_view(trace))
    return capture.get()


def said_of(report: Report, found: Sequence[tuple[Outcome, Finding]]) -> str:
    """Return findings as plain text, each at its line."""
    console = terminal.console(file=io.StringIO(), width=120, no_color=True)
    with console.capture() as capture:
        for outcome, finding in found:
            console.print(finding_at_line(report, outcome, finding))
            console.print()
    return capture.get()


def _last(trace: Record, name: str) -> TensorNote | PackedNote | None:
    found = None
    for call in trace.ask(Call):
        for item in outputs(call):
            if isinstance(item.note, TensorNote | PackedNote) and (item.name == name or name == "output"):
                found = item.note
    return found


def _names(call: Call) -> list[str]:
    return [item.name for item in outputs(call) if item.name.isidentifier()]


def _fits(names: list[str], wished: list[str]) -> bool:
    if "..." in wished:
        at = wished.index("...")
        before, after = wished[:at], wished[at + 1 :]
        if len(names) < len(before) + len(after):
            return False
        return _fits(names[:at], before) and _fits(names[len(names) - len(after) :], after)
    return len(names) == len(wished) and all(w in ("_", n) for n, w in zip(names, wished, strict=True))
