"""What a check is asked for comes from the nearest pyproject.toml and the command line; what does not exist is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnnlab.rules.kit import catalogue
from rnnlab.verbs.choices import ChoiceError, Choices, chosen


def configured(tmp_path: Path, text: str) -> Path:
    (tmp_path / "pyproject.toml").write_text(f"[tool.rnnlab]\n{text}\n", encoding="utf-8")
    (tmp_path / "inside").mkdir()
    return tmp_path / "inside" / "train.py"


def test_the_nearest_pyproject_is_read_and_the_command_line_wins(tmp_path: Path) -> None:
    path = configured(tmp_path, 'level = "risk"\nignore = ["vocab"]\nexclude = ["old"]\nreading = true')
    assert chosen(path) == Choices("risk", (), ("vocab",), ("old",), True)
    assert chosen(path, level="mistake", ignore=None).level == "mistake"
    assert not {rule.stage for rule in chosen(path).rules()} & {"vocab"}


def test_without_one_everything_is_looked_for(tmp_path: Path) -> None:
    assert [rule.name for rule in Choices().rules()] == list(catalogue())


def test_names_and_stages_are_selected_and_ignored() -> None:
    assert [r.name for r in Choices(select=("padding_read_as_last_step",)).rules()] == ["padding_read_as_last_step"]
    assert {r.stage for r in Choices(select=("split", "vocab"), ignore=("split",)).rules()} == {"vocab"}
    assert Choices(select=("load",)).rules() is not None  # a stage may have no mistake yet


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("levle = 'risk'", "no 'levle'; it has exclude, ignore, level, reading, select"),
        ("level = 'high'", "level is one of mistake, risk, habit, not 'high'"),
        ("select = 'vocab'", "select is a list of texts"),
        ("reading = 1", "reading is true or false"),
        ("level = ", "cannot be read"),
    ],
)
def test_a_setting_that_means_nothing_is_said(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ChoiceError, match=said):
        chosen(configured(tmp_path, text))


def test_a_name_that_is_nearly_right_gets_a_hint() -> None:
    with pytest.raises(ChoiceError, match="near it: padding_read_as_last_step"):
        Choices(ignore=("padding_read_as_last_stap",)).rules()
    with pytest.raises(ChoiceError, match="rnnlab explain lists them"):
        Choices(select=("xyz",)).rules()
