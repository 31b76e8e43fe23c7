"""Who may import whom, and what stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import rnnlab

PACKAGE = Path(rnnlab.__file__).parent

# Each room may import only what stands to its right; `a | b` never meet.
LAW = """
cli > learning | grading > verbs | inspectors > views | handbook > report > rules | errors > timeline > record > ground
verbs | inspectors > probing > watching | reading > record > ground
verbs | inspectors | learning > training > pipeline > ground
"""
GROUND = {"facts", "stages", "sources", "operations", "index", "axes", "jail"}
LIGHT = ["record", "rules.kit", "errors", "report", "timeline", "views.terminal",
         "views.crashes", "views.peeks", "views.shapes", "views.words",
         "views.rows", "views.stepper", "verbs.travel", "facts", "stages", "sources", "operations", "index", "axes", "cli",
         "jail", "probing.asking", "reading"]  # fmt: skip
HEAVY = ("torch", "torchtext", "spacy", "pandas")


def allowed() -> set[tuple[str, str]]:
    """Return every (importer, imported) pair of rooms that the law permits."""
    pairs: set[tuple[str, str]] = set()
    for line in LAW.strip().splitlines():
        columns = [[room.strip() for room in column.split("|")] for column in line.split(">")]
        for i, column in enumerate(columns):
            pairs |= {(room, right) for room in column for later in columns[i + 1 :] for right in later}
    return pairs


def room_of(module: str) -> str:
    """Return the room of a module: `rnnlab.views.peeks` stands in views, and rnnlab.facts on the ground."""
    room = module.split(".")[1] if "." in module else ""
    return "ground" if room in GROUND else room


def imports(path: Path) -> set[str]:
    """Return every rnnlab module that a file imports, on whatever level and under whatever condition."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the room"
            inside = node.module == "rnnlab"
            found |= {f"rnnlab.{alias.name}" for alias in node.names} if inside else {node.module or ""}
    return {name for name in found if name.startswith("rnnlab.")}


def offences(importer: str, imported: set[str]) -> set[str]:
    """Return what a room imports against the law."""
    mine = room_of(importer)
    return {m for m in imported if mine != "cli" and room_of(m) != mine and (mine, room_of(m)) not in allowed()}


FILES = [
    path for path in sorted(PACKAGE.rglob("*.py")) if path not in {PACKAGE / "__init__.py", PACKAGE / "__main__.py"}
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_room_imports_only_what_stands_to_its_right(path: Path) -> None:
    name = ".".join(["rnnlab", *path.relative_to(PACKAGE).with_suffix("").parts])
    assert offences(name, imports(path)) == set()


def test_the_law_has_teeth() -> None:
    assert offences("rnnlab.views.peeks", {"rnnlab.watching.calls"}) == {"rnnlab.watching.calls"}
    assert offences("rnnlab.verbs.step", {"rnnlab.inspectors"}) == {"rnnlab.inspectors"}
    assert offences("rnnlab.watching.watch", {"rnnlab.views.terminal"}) == {"rnnlab.views.terminal"}
    assert offences("rnnlab.facts", {"rnnlab.record"}) == {"rnnlab.record"}
    assert offences("rnnlab.pipeline.walk", {"rnnlab.record"}) == {"rnnlab.record"}
    assert not offences("rnnlab.verbs.step", {"rnnlab.pipeline.walk", "rnnlab.views.terminal", "rnnlab.sources"})


def heavy_after(statement: str) -> str:
    """Return which heavy libraries a fresh Python has imported after a statement."""
    program = f"{statement}; import sys; print(*(m for m in {HEAVY!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    return done.stdout.strip()


def test_judging_and_showing_never_import_torch() -> None:
    names = ", ".join(f"rnnlab.{name}" for name in LIGHT)
    assert heavy_after(f"import rnnlab, {names}; from rnnlab.rules.kit import catalogue; catalogue()") == ""


def test_reading_a_program_never_imports_what_the_program_imports() -> None:
    text = "import torch, torchtext, spacy, pandas; print(torch.zeros(2).sum())"
    assert heavy_after(f"from rnnlab.reading import read_text; read_text({text!r}, 'a.py')") == ""


def test_the_check_for_heavy_imports_can_fail() -> None:
    assert heavy_after("import rnnlab.watching.calls") == "torch"
