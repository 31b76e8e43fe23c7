"""The handbook in the repository is the one that the rules make."""

from __future__ import annotations

from rnnlab.handbook import PATH, handbook
from rnnlab.rules.kit import catalogue


def test_the_handbook_is_up_to_date() -> None:
    assert PATH.read_text(encoding="utf-8") == handbook(), "run: python -m rnnlab.handbook"


def test_every_mistake_has_a_row_of_its_stage() -> None:
    text = handbook()
    for rule in catalogue().values():
        assert text.count(f"| [`{rule.name}`]({rule.stage}/{rule.name}.py) | {rule.level} | {rule.title} |") == 1
