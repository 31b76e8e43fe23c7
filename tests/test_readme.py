"""The README stays true: its commands, its example and its table of mistakes are those of the package."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from rnnlab.cli import app
from rnnlab.rules.kit import catalogue

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_every_mistake_that_the_readme_names_is_one_of_the_catalogue() -> None:
    table = README.partition("| name | what it finds |")[2].partition("\n\n")[0]
    named = re.findall(r"^\| `(\w+)`", table, flags=re.MULTILINE)
    assert len(named) >= 8 and set(named) <= set(catalogue())


def test_the_readme_has_the_two_commands_that_do_everything() -> None:
    commands = re.findall(r"^pip install -e .*$", README, flags=re.MULTILINE)
    assert commands == ["pip install -e . && rnnlab step", "pip install -e '.[test]' && pytest"]


def test_every_option_that_the_readme_shows_is_an_option_of_its_command() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for name in ("step", "check", "train"):
        parameters = commands[name].params
        known = {option for parameter in parameters for option in (*parameter.opts, *parameter.secondary_opts)}
        lines = re.findall(rf"^rnnlab {name}[^#\n]*", README, flags=re.MULTILINE)
        shown = {option for line in lines for option in re.findall(r" (--[a-z-]+)", line)}
        assert shown and shown <= known, name


def test_the_example_of_a_model_runs_as_it_stands(tmp_path: Path) -> None:
    example = next(
        code for code in re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL) if "class Classifier" in code
    )
    program = tmp_path / "example.py"
    program.write_text(example, encoding="utf-8")
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    assert "hidden (layers*directions=2, batch=4, hid=16)" in done.stdout
    assert "(batch=4, classes=2)" in done.stdout


def test_the_way_to_judge_a_program_that_the_readme_shows_works() -> None:
    from rnnlab import inspectors, judge

    example = next(
        code for code in re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL) if "rnnlab.judge(" in code
    )
    names: dict[str, object] = {"inspectors": inspectors, "rnnlab": sys.modules["rnnlab"]}
    exec(example, names)
    assert str(names["report"]) == str(judge(inspectors.record()))
    assert "unseen: padding_read_as_last_step" in str(names["report"])


@pytest.mark.parametrize("name", ["inspect", "trace", "inspectors", "judge", "Record", "check", "watch", "assert_axes"])
def test_what_the_readme_uses_of_the_package_is_there(name: str) -> None:
    import rnnlab

    assert getattr(rnnlab, name) is not None
