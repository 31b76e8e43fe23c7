"""Notebooks: their cells as Python, line for line, and a run of one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rnnlab import sources
from rnnlab.facts import Crash, Instead, Place, Said, Scope
from rnnlab.record import Record
from rnnlab.sources import Cell, read_notebook
from rnnlab.verbs.program import run_program


def notebook(path: Path, *cells: str) -> Path:
    """Write a notebook of code cells, with a text cell before each."""
    made = [
        {"cell_type": kind, "source": text.splitlines(keepends=True), "metadata": {}}
        for cell in cells
        for kind, text in (("markdown", "# words"), ("code", cell))
    ]
    path.write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4}), encoding="utf-8")
    return path


def cell(tmp_path: Path, text: str) -> Cell:
    (read,) = read_notebook(notebook(tmp_path / "one.ipynb", text))
    return read


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("x = 1\ny = x % 2", "x = 1\ny = x % 2"),
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("!pip install a \\\n  b\nx = 1", "pass\n\nx = 1"),
        ("files = !ls\nx = %who", "files = []\nx = None"),
        ("if x:\n    !ls\n    %pwd", "if x:\n    pass\n    pass"),
        ("%time x = f(1)", "if 1: x = f(1)"),
        ("%timeit -n 3 f(1)", "pass"),
        ("%%time\nx = 1\n%pwd", "\nx = 1\npass"),
        ("\n%%capture out\nx = 1", "\n\nx = 1"),
        ("%%bash\nls\nrm x", "\n\n"),
        ("print?\n?print\nprint??", "pass\npass\npass"),
        ("text = '''\n%time\n!ls\n'''\n!ls", "text = '''\n%time\n!ls\n'''\npass"),
        ("y = (3\n  % 2)\n!ls", "y = (3\n  % 2)\npass"),
        ("y = 5 \\\n  % 2\n!ls", "y = 5 \\\n  % 2\npass"),
        ("%cd data\n!ls", "__import__('os').chdir('data')\npass"),
        ("%env A=b", "__import__('os').environ['A'] = 'b'"),
        ("await f()\n%pwd", "await f()\npass"),
        ("%%writefile a.py\nx = 1", "__import__('pathlib').Path('a.py').write_text('x = 1\\n', encoding='utf-8');\n"),
        ("def f(:\n    pass", "def f(:\n    pass"),
        ("", ""),
    ],
)
def test_what_is_no_python_is_taken_out_and_every_line_stays(tmp_path: Path, text: str, code: str) -> None:
    read = cell(tmp_path, text)
    assert read.code == code and read.text == text
    assert read.code.count("\n") == text.count("\n")


def test_what_was_taken_out_is_said_with_its_line(tmp_path: Path) -> None:
    read = cell(tmp_path, "x = 1\n!pip install torch\n%%nothing\n%load_ext autoreload")
    assert [(one.line, one.what) for one in read.skipped][:1] == [(2, "!pip install torch")]
    assert "no shell command" in read.skipped[0].done
    read = cell(tmp_path, "%%html\n<b>")
    assert [(one.line, one.what) for one in read.skipped] == [(1, "%%html")] and "whole cell" in read.skipped[0].done


def test_cells_are_counted_without_the_text_between_them(tmp_path: Path) -> None:
    cells = read_notebook(notebook(tmp_path / "n.ipynb", "a = 1", "b = 2"))
    assert [(one.number, one.text) for one in cells] == [(1, "a = 1"), (2, "b = 2")]


def test_an_old_notebook_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "old.ipynb"
    path.write_text(json.dumps({"worksheets": [{"cells": [{"cell_type": "code", "input": "x = 1"}]}], "metadata": {}}))
    assert read_notebook(path)[0].code == "x = 1"


def test_a_cell_has_a_name_of_its_own_among_the_sources() -> None:
    place = Place("a#1/b.ipynb", 3, cell=12)
    assert sources.key_of(place) == "a#1/b.ipynb#12"
    assert sources.file_and_cell(sources.key_of(place)) == ("a#1/b.ipynb", 12)
    assert sources.file_and_cell("a#1/b.py") == ("a#1/b.py", None)
    assert sources.file_and_cell("c#.py#12") == ("c#.py#12", None)


def test_cells_run_one_after_another_and_a_failing_one_does_not_stop_the_later(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    path = notebook(
        tmp_path / "course.ipynb",
        "%matplotlib inline\nimport os, torch\n__name__, os.getcwd()",
        "def halve(x):\n    return x / 0\nhalve(1)",
        "def broken(:",
        "%time n = 5\nfor i in range(3): n += i\nn",
        "display('shown', 1); 'not shown';",
        "import sys; sys.exit(2)",
        "get_ipython().run_line_magic('pwd', '')\ntorch.zeros(n).shape",
    )
    ran = run_program(path, save=tmp_path / "course.rnnlab")
    record = Record.load(ran.record)
    out, err = capfd.readouterr()
    assert out.splitlines() == [f"('__main__', {str(tmp_path)!r})", "8", "'shown'", "1", "torch.Size([8])"]
    assert ran.status == 1 and "return x / 0" in err and "rnnlab" not in err.replace(str(tmp_path), "")
    crashes = list(record.ask(Crash))
    assert [(c.error, c.place.cell, c.place.line) for c in crashes if c.place] == [
        ("ZeroDivisionError", 2, 2),
        ("SyntaxError", 3, 1),
    ]
    assert crashes[0].place is not None and record.line(crashes[0].place) == "return x / 0"
    shown = record.last(Said)
    assert shown is not None and shown.place is not None and (shown.place.cell, shown.place.line) == (7, 2)
    assert shown.place.file == str(path) and record.text_of(shown.place).startswith("get_ipython()")
    (into,) = record.ask(Scope)
    assert into.place is not None and (into.place.cell, into.place.line) == (2, 3)
    assert [(one.what, one.place.cell) for one in record.ask(Instead) if one.place] == [
        ("%matplotlib inline", 1),
        ("%time n = 5", 4),
    ]


def test_a_cell_may_wait_and_may_write_a_module_that_a_later_one_imports(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = notebook(
        tmp_path / "course.ipynb",
        "%%writefile words.py\ndef cut(text):\n    return text.split()",
        "%%writefile -a words.py\nMOST = 3",
        "import words\nwords.cut('a b'), words.MOST",
        "import asyncio\nasync def later(x):\n    await asyncio.sleep(0)\n    return x + 1",
        "first = await later(1)\nawait later(first)",
    )
    ran = run_program(path, save=tmp_path / "course.rnnlab")
    out, err = capfd.readouterr()
    assert out.splitlines() == ["(['a', 'b'], 3)", "3"], err
    told = [(one.what, one.done) for one in Record.load(ran.record).ask(Instead)]
    assert told[0] == ("%%writefile words.py", "the file was written")
