"""Whatever it is given, reading ends, raises nothing, and never fails inside."""

from __future__ import annotations

import ast
import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnlab.facts import Gap
from rnnlab.reading import read, read_text
from rnnlab.record import Record

PROGRAMS = sorted((Path(__file__).parents[1] / "programs").glob("*.py"))
LINES = [line for path in PROGRAMS for line in path.read_text(encoding="utf-8").splitlines()]


def is_sound(record: Record) -> bool:
    """Say whether nothing failed inside: every fact stands where its number says, and what made it was told before."""
    assert not [gap.why for gap in record.ask(Gap, what="reading")]
    return [fact.n for fact in record] == list(range(len(record))) and {fact.seen_by for fact in record} <= {"source"}


@given(st.text(max_size=400))
@settings(max_examples=60)
def test_any_text_is_read(text: str) -> None:
    assert is_sound(read_text(text, "program.py"))


@given(st.lists(st.sampled_from(LINES), max_size=60))
@settings(max_examples=80)
def test_any_lines_of_programs_are_read(lines: list[str]) -> None:
    assert is_sound(read_text("\n".join(line.lstrip() for line in lines), "program.py"))


class Mutated(ast.NodeTransformer):
    """Exchanges expressions of a program at random: what is left is Python, and makes no sense."""

    def __init__(self, seed: int, pool: list[ast.expr]) -> None:
        self.random, self.pool = random.Random(seed), pool

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        swapped = isinstance(node, ast.expr) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
        if swapped and self.random.random() < 0.04:
            return ast.copy_location(self.random.choice(self.pool), node)
        if isinstance(node, ast.FunctionDef | ast.Module | ast.For | ast.If) and self.random.random() < 0.2:
            self.random.shuffle(node.body)
        return node


@given(st.sampled_from(PROGRAMS), st.integers(0, 10**6))
@settings(max_examples=120)
def test_programs_whose_expressions_were_exchanged_are_read(path: Path, seed: int) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    pool = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.expr) and not isinstance(node, ast.Starred | ast.Slice | ast.FormattedValue | ast.Yield)
    ]
    pool = [node for node in pool if isinstance(getattr(node, "ctx", ast.Load()), ast.Load)]
    try:
        text = ast.unparse(ast.fix_missing_locations(Mutated(seed, pool).visit(tree)))
    except (ValueError, RecursionError, AttributeError, TypeError):
        return
    assert is_sound(read_text(text, "program.py"))


@pytest.mark.parametrize("path", sorted(Path(ast.__file__).parent.glob("[a-e]*.py")), ids=lambda path: path.stem)
def test_files_that_are_no_programs_of_learners_are_read(path: Path) -> None:
    assert is_sound(read_text(path.read_text(encoding="utf-8"), path.name))


@pytest.mark.parametrize(
    "text",
    [
        "def f(n):\n    return f(n - 1) + f(n - 2)\nf(10 ** 9)",
        "def f():\n    return g()\ndef g():\n    return f()\nf()",
        "while True:\n    pass",
        "for a in range(10**9):\n    for b in range(10**9):\n        for c in range(10**9):\n            x = [a] * b * c",
        "x = 'a' * 10**9\ny = 10 ** 10 ** 10",
        "class A(A):\n    pass\nA()",
        "class A:\n    def __getattr__(self, name):\n        return getattr(self, name)\nA().b.c()",
        "x = []\nx.append(x)\nprint(x, x[0][0][0])",
        "d = {}\nd['d'] = d\nd['d']['d']['d'].update(d)",
        "def f():\n    yield from f()\nlist(f())",
        "import program\nfrom program import *\nfrom . import program",
        "x = " + "(" * 90 + "1" + ")" * 90,
        "x = 1" + " + 1" * 3000,
        "lambda: (yield)",
        "\x00",
        "print('\ud800')",
        "match x:\n    case [a, *b]:\n        pass\n    case {'k': v}:\n        print(a, v)",
        "async def f():\n    async for x in g():\n        await x\nf()",
    ],
)
def test_what_never_ends_or_is_very_deep_is_read(text: str) -> None:
    assert is_sound(read_text(text, "program.py"))


def test_many_functions_that_call_each_other_end_with_a_gap() -> None:
    functions = [f"def f{i}(x):\n    f{i + 1}(x)\n    f{i + 1}(x)\n    f{i + 1}(x)" for i in range(20)]
    record = read_text("\n".join([*functions, "def f20(x):\n    print(x)", "f0(1)"]), "program.py")
    assert [gap.what for gap in record.ask(Gap)] == ["length"]


@pytest.mark.parametrize("text", ["", "{}", '{"cells": 3}', '{"cells": [{"cell_type": "code"}]}', "[1, 2]"])
def test_what_is_no_notebook_is_a_gap(text: str) -> None:
    assert [gap.what for gap in read_text(text, "book.ipynb").ask(Gap)] == ["file"]


def test_a_broken_cell_hides_only_itself() -> None:
    cells = [{"cell_type": "code", "source": source} for source in ("def (", "import torch\ntorch.rand(2).sigmoid()")]
    record = read_text(json.dumps({"cells": cells}), "book.ipynb")
    assert [gap.what for gap in record.ask(Gap)] == ["syntax"]
    assert record.first(type(next(record.ask(Gap))), what="syntax") is not None
    assert [fact.what for fact in record if getattr(fact, "what", "") == "sigmoid"] == ["sigmoid"]


def test_a_saved_record_of_source_is_read_again(tmp_path: Path) -> None:
    record = read(PROGRAMS[0])
    assert list(Record.load(record.save(tmp_path / "source.rnnlab"))) == list(record)
