"""Writes the handbook of mistakes, `rnnlab/rules/README.md`, from the rules: `python -m rnnlab.handbook`."""

from __future__ import annotations

from pathlib import Path

from rnnlab.rules.kit import Rule, catalogue
from rnnlab.stages import STAGES

PATH = Path(__file__).parent / "rules" / "README.md"
_LEVELS = {
    "mistake": "certain: the program computes something else than it says",
    "risk": "likely, or it depends on the data",
    "habit": "harmless here, or only a matter of time",
}


def handbook() -> str:
    """Return the handbook as Markdown: a table of mistakes for each stage that has any."""
    rules = list(catalogue().values())
    lines = [
        "# The mistakes that rnnlab knows",
        "",
        "Made by `python -m rnnlab.handbook`. `rnnlab explain NAME` prints the page of one: what happens, why it matters, how to",
        "fix it, with a program in which it is found and a better one.",
        "",
        *(f"- **{level}**: {words}" for level, words in _LEVELS.items()),
    ]
    for stage in STAGES:
        own = [rule for rule in rules if rule.stage == stage.name]
        if own:
            lines += ["", f"## {stage.name}", "", "| name | level | what it is |", "| --- | --- | --- |"]
            lines += [_row(rule) for rule in own]
    return "\n".join(lines) + "\n"


def _row(rule: Rule) -> str:
    return f"| [`{rule.name}`]({rule.stage}/{rule.name}.py) | {rule.level} | {rule.title.replace('|', chr(92) + '|')} |"


if __name__ == "__main__":
    PATH.write_text(handbook(), encoding="utf-8")
