"""Spans of source and what is read from them."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from rnnlab import sources
from rnnlab.facts import Place


def place(text: str, part: str, nth: int = 1) -> Place:
    """Return the place of the nth occurrence of a part of a text."""
    start = -1
    for _ in range(nth):
        start = text.index(part, start + 1)
    line = text.count("\n", 0, start)
    end = line + part.count("\n")
    columns = [
        start - (text.rfind("\n", 0, start) + 1),
        start + len(part) - (text.rfind("\n", 0, start + len(part)) + 1),
    ]
    return Place("p.py", line + 1, columns[0], end + 1, columns[1])


def span(text: str, part: str) -> tuple[int, int, int, int]:
    """Return a part's (line, column, end line, end column) with columns in bytes, as code objects count them."""
    found = place(text, part)
    lines = text.splitlines()
    first, last = lines[found.line - 1], lines[found.end_line - 1]
    return (
        found.line, len(first[: found.column].encode()), found.end_line, len(last[: found.end_column].encode()),
    )  # fmt: skip


# --- cutting -------------------------------------------------------------------------------------------------------

TEXT = "x = 1\nhidden = torch.cat(\n    (a, b),\n    dim=1)\n    y = 2  # 好\n"


@pytest.mark.parametrize("part", ["x", "x = 1", "torch.cat(\n    (a, b),\n    dim=1)", "(a, b)", "y = 2", "好"])
def test_a_span_is_cut_out_exactly(part: str) -> None:
    assert sources.cut(TEXT, place(TEXT, part)) == part


def test_a_place_without_columns_is_its_whole_line() -> None:
    assert sources.cut(TEXT, Place("p.py", 5)) == "y = 2  # 好"


def test_a_place_outside_of_the_text_is_empty() -> None:
    assert (
        sources.cut(TEXT, Place("p.py", 99))
        == sources.cut(TEXT, Place("p.py", 0))
        == sources.cut("", Place("p", 1))
        == ""
    )


@pytest.mark.parametrize("line", ["评论 = 清洗(文本)", "s = '😀😀'; t = f(s)", "plain = f(ascii)", "é = ñ(ü)"])
def test_byte_columns_become_character_columns(line: str) -> None:
    text = "first\n" + line + "\n"
    for i in range(len(line) + 1):
        assert sources.characters(text, 2, len(line[:i].encode())) == i


def test_a_byte_column_of_a_line_that_is_not_there_stays_as_it_is() -> None:
    assert sources.characters("x\n", 9, 5) == 5


# --- variables -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "value", "names"),
    [
        ("logits = model(text)", "model(text)", ("logits",)),
        ("output, (hidden, cell) = self.rnn(x)", "self.rnn(x)", ("output", "(hidden, cell)")),
        ("[a, b] = f()", "f()", ("a", "b")),
        ("first, *rest = f()", "f()", ("first", "*rest")),
        ("logits: Tensor = model(text)", "model(text)", ("logits",)),
        ("total += f(x)", "f(x)", ()),
        ("total += f(x)", "total += f(x)", ("total",)),
        ("self.h[0] = f(x)", "f(x)", ("self.h[0]",)),
        ("for batch in loader(x): pass", "loader(x)", ("batch",)),
        ("y = g(f(x))", "f(x)", ()),
        ("f(x)", "f(x)", ()),
        ("评论 = 清洗(文本)", "清洗(文本)", ("评论",)),
    ],
)
def test_a_result_is_bound_to_these_variables(statement: str, value: str, names: tuple[str, ...]) -> None:
    assert sources.binds(statement, place(statement, value)) == names


def test_a_broken_text_binds_nothing() -> None:
    assert sources.binds("x = (", Place("p.py", 1, 4, 1, 5)) == ()


@pytest.mark.parametrize(
    ("expression", "parts"),
    [
        ("hidden.squeeze(0)", ("hidden", "0")),
        ("torch.cat((hidden[-2], hidden[-1]), dim=1)", ("torch", "hidden[-2]", "hidden[-1]", "1")),
        ("a @ b", ("a", "b")),
        ("predicted == labels", ("predicted", "labels")),
        ("hidden[-1]", ("hidden",)),
        ("model(text, lengths.cpu())", ("text", "lengths.cpu()")),
        ("清洗(文本)", ("文本",)),
        ("x", ()),
    ],
)
def test_the_operands_of_an_expression(expression: str, parts: tuple[str, ...]) -> None:
    text = f"y = {expression}\n"
    assert sources.operands(text, span(text, expression)) == parts


def test_there_are_no_operands_where_there_is_no_expression() -> None:
    assert sources.operands("x = f(y)", (1, 2, 1, 3)) == sources.operands("x = (", (1, 0, 1, 1)) == ()


def test_the_last_assignment_between_two_lines() -> None:
    text = "tokens = a\ntokens = b\nother = c\ntokens, n = d\ntokens = e\n"
    assert sources.assigned_at(text, "tokens", 1, 3) == 2
    assert sources.assigned_at(text, "tokens", 1, 4) == 4
    assert sources.assigned_at(text, "nothing", 1, 5) is None


def test_an_assignment_to_a_longer_name_is_none_to_a_shorter_one() -> None:
    assert sources.assigned_at("text = a\ntext_length = b\n", "text", 1, 2) == 1


# --- functions -----------------------------------------------------------------------------------------------------

NESTED = '''\
class Model:
    @decorated
    def forward(self, text):
        """A docstring

        of three lines."""
        def inner(x):
            return x

        return inner(text)


def bare():
    """Only a docstring."""
'''


@pytest.mark.parametrize(
    ("line", "around"), [(3, (3, 10)), (7, (7, 8)), (8, (7, 8)), (10, (3, 10)), (1, None), (12, None)]
)
def test_the_innermost_function_around_a_line(line: int, around: tuple[int, int] | None) -> None:
    assert sources.function_around(NESTED, line) == around


def test_no_function_is_around_a_line_of_a_broken_text() -> None:
    assert sources.function_around("def f(:", 1) is None


def test_a_function_is_shown_dedented_and_without_its_docstring() -> None:
    assert sources.shown_lines(NESTED, 3, 10) == [
        (3, "def forward(self, text):"),
        (7, "    def inner(x):"),
        (8, "        return x"),
        (9, ""),
        (10, "    return inner(text)"),
    ]


def test_a_function_that_is_only_a_docstring_is_shown_whole() -> None:
    assert [n for n, _ in sources.shown_lines(NESTED, 13, 14)] == [13, 14]


def decorator(function):
    """Wrap a function, as inspectors do."""

    @functools.wraps(function)
    def wrapped(*args):
        return function(*args)

    return wrapped


@decorator
@decorator
def decorated(x):
    """A function."""
    return x


def test_the_place_of_a_function_leaves_its_decorators_out() -> None:
    found = sources.place_of_function(decorated)
    assert Path(found.file).name == "test_sources.py"
    lines = Path(found.file).read_text(encoding="utf-8").splitlines()
    assert lines[found.line - 1] == "def decorated(x):"
    assert lines[found.end_line - 1] == "    return x"


def test_a_builtin_function_has_no_place() -> None:
    with pytest.raises((OSError, TypeError)):
        sources.place_of_function(len)


def test_a_source_is_read_in_its_declared_encoding(tmp_path: Path) -> None:
    path = tmp_path / "latin.py"
    path.write_bytes("# -*- coding: latin-1 -*-\nname = 'é'\n".encode("latin-1"))
    assert "'é'" in sources.read_source(path)


def test_equal_texts_have_equal_digests() -> None:
    assert sources.digest("é") == sources.digest("é") != sources.digest("e")
    assert len(sources.digest("\ud800")) == 64


# --- errors ----------------------------------------------------------------------------------------------------------------


def place_in(text: str, source: str) -> Place:
    before = text[: text.index(source)]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n") - 1
    lines = source.split("\n")
    return Place("f.py", line, column, line + len(lines) - 1, len(lines[-1]) + (column if len(lines) == 1 else 0))


def test_the_words_of_a_line_are_its_variables_and_attributes() -> None:
    text = "def f(self, batch):\n    x = self.rnn(batch.text)[0].data\n    return x\n"
    assert sources.words(text, 2, 2) == ("x", "self", "self.rnn", "batch", "batch.text")
    assert sources.words("x = (", 1, 1) == ()


def test_an_error_is_shown_at_the_head_of_its_loop_and_at_the_whole_of_its_unpacking() -> None:
    loop = "for word in words:\n    print(word)\n    count(word)"
    text = f"{loop}\nwith a as b, c as d:\n    pass\nfirst, second = pair()\nx = y[0]\n"
    assert sources.cut(text, sources.told_span(text, place_in(text, loop))) == "for word in words"
    block = "with a as b, c as d:\n    pass"
    assert sources.cut(text, sources.told_span(text, place_in(text, block))) == "with a as b, c as d"
    assert sources.cut(text, sources.told_span(text, place_in(text, "first, second"))) == "first, second = pair()"
    for untouched in (place_in(text, "y[0]"), place_in(text, "pair()"), Place("f.py", 1)):
        assert sources.told_span(text, untouched) == untouched
    assert sources.told_span("x = (", Place("f.py", 1, 0, 1, 1)) == Place("f.py", 1, 0, 1, 1)
