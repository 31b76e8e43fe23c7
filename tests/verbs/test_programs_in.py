"""What a folder's programs are: those that nobody else there imports, and no virtual environments."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnnlab.verbs.programs import NothingToCheckError, programs_in


def folder(tmp_path: Path, **files: str) -> Path:
    """Write files; `__` in a name is a folder's slash, and `.py` is added where there is no other ending."""
    for name, text in files.items():
        path = tmp_path / f"{name.replace('__', '/')}{'' if '.' in name else '.py'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def names(tmp_path: Path, *exclude: str) -> list[str]:
    return [path.relative_to(tmp_path).as_posix() for path in programs_in(tmp_path, exclude)]


def test_a_file_that_another_imports_is_part_of_its_program(tmp_path: Path) -> None:
    folder(tmp_path, train="from model import RNN\nimport data.loading", model="class RNN: pass", data__loading="x = 1")
    assert names(tmp_path) == ["train.py"]


def test_two_programs_with_one_model(tmp_path: Path) -> None:
    folder(tmp_path, train="import model", predict="import model", model="")
    assert names(tmp_path) == ["predict.py", "train.py"]


def test_an_imported_file_with_a_main_of_its_own_is_a_program_as_well(tmp_path: Path) -> None:
    folder(tmp_path, run="import train", train="def main(): pass\n\nif __name__ == '__main__':\n    main()")
    assert names(tmp_path) == ["run.py", "train.py"]


def test_files_in_a_ring_are_all_programs(tmp_path: Path) -> None:
    folder(tmp_path, a="import b", b="import a")
    assert names(tmp_path) == ["a.py", "b.py"]


def test_notebooks_count_and_environments_do_not(tmp_path: Path) -> None:
    folder(
        tmp_path, **{"lesson.ipynb": "{}", "env1__lib__x": "x = 1", "venv__y": "", ".hidden__z": "", "broken": "def ("}
    )
    (tmp_path / "env1" / "pyvenv.cfg").write_text("")
    assert names(tmp_path) == ["broken.py", "lesson.ipynb"]


def test_patterns_leave_out(tmp_path: Path) -> None:
    folder(tmp_path, train="", old__train="", tests__test_a="", tests__deep__test_b="")
    assert names(tmp_path, "old/", "tests/*") == ["train.py"]


@pytest.mark.parametrize(
    ("name", "said"), [("nothing.py", "there is no"), ("words.txt", "neither a program"), (".", "no program")]
)
def test_where_nothing_is_to_be_checked_one_sentence_says_so(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "words.txt").write_text("x")
    with pytest.raises(NothingToCheckError, match=said):
        programs_in(tmp_path / name)
