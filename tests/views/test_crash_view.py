"""The panel of a crash: the line and its span, the error's own text, what happened, what it means, what to do."""

from __future__ import annotations

import io

import pytest
from rich.text import Text

from rnnlab.facts import Axis, Call, Crash, Named, Place, TensorNote
from rnnlab.record import Header, Record
from rnnlab.views import terminal
from rnnlab.views.crashes import crash_view, sentence

FILE = "/home/ada/model.py"
SOURCE = """import torch


class RNN(torch.nn.Module):
    def forward(self, text):
        embedded = self.embedding(text)
        output, (hidden, cell) = self.rnn(embedded)

        hidden = hidden[-1]
        return self.fc(hidden)


print("never shown")
"""


def place(line: int, span: str, source: str = SOURCE, file: str = FILE) -> Place:
    begin = source.splitlines()[line - 1].index(span)
    return Place(file, line, begin, line, begin + len(span))


def tensor(shape: tuple[int, ...], names: str, made_by: tuple[int, ...] = ()) -> TensorNote:
    return TensorNote(shape, tuple(Axis(name, "propagated") for name in names.split()), "float32", made_by=made_by)


def record_of(*facts: Call | Crash, source: str = SOURCE, file: str = FILE) -> Record:
    record = Record(Header(program="a test"))
    record.add_source(file, source)
    for fact in facts:
        record.add(fact)
    return record


def widths(source: str = SOURCE, line: int = 10, **more: object) -> Crash:
    return Crash(
        error="RuntimeError",
        message="mat1 and mat2 shapes cannot be multiplied (64x256 and 512x2)",
        place=place(line, "self.fc(hidden)", source),
        what="linear",
        layer="Linear(in_features=512, out_features=2)",
        inputs=(Named("hidden", tensor((64, 256), "batch hid")),),
        parameters=(Named("weight", tensor((2, 512), "out_features in_features")),),
        **more,  # type: ignore[arg-type]
    )


def drawn(record: Record, width: int = 110, **options: bool) -> str:
    console = terminal.console(file=io.StringIO(), width=width)
    view = crash_view(record, **options)
    assert view is not None
    console.print(view)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_the_span_is_marked_under_its_line() -> None:
    lines = drawn(record_of(widths())).splitlines()
    at = next(i for i, line in enumerate(lines) if "▶" in line)
    begin = lines[at].index("self.fc(hidden)")
    assert lines[at + 1][begin : begin + 15] == "^" * 15 and lines[at + 1].count("^") == 15
    assert "10" in lines[at]


def test_only_lines_of_the_same_function_are_shown() -> None:
    shown = drawn(record_of(widths()))
    assert "output, (hidden, cell) = self.rnn(embedded)" in shown
    assert "never shown" not in shown and "class RNN" not in shown


def test_everything_that_is_known_is_said() -> None:
    shown = " ".join(drawn(record_of(widths())).replace("│", " ").split())
    assert "the program stopped model.py:10" in shown
    assert "RuntimeError: mat1 and mat2 shapes cannot be multiplied (64x256 and 512x2)" in shown
    assert "what happened `self.fc(hidden)`: hidden is (batch=64, hid=256) float32" in shown
    assert "what it means in_features must be" in shown and "what to do write `nn.Linear(256, ...)`" in shown
    assert "layer_made_for_another_width" in shown


def test_marks_stand_right_behind_tabs_and_wide_letters() -> None:
    source = 'def f():\n\ttitle = "映画", self.fc(hidden)\n'
    lines = drawn(record_of(widths(source, 2), source=source)).splitlines()
    at = next(i for i, line in enumerate(lines) if "▶" in line)
    cells = Text(lines[at][: lines[at].index("self.fc")]).cell_len
    assert lines[at + 1].index("^") == cells and lines[at + 1].count("^") == 15


def test_a_span_over_several_lines_is_bright_and_has_no_marks() -> None:
    source = "def f():\n    x = call(\n        hidden,\n    )\n    return x\n"
    crash = Crash(error="E", message="m", place=Place(FILE, 2, 8, 4, 5))
    shown = drawn(record_of(crash, source=source))
    assert "^" not in shown and "        hidden," in shown and "return x" in shown


def test_a_line_that_led_to_the_error_has_a_dot() -> None:
    rnn = Call(
        what="lstm", layer="LSTM(4, 256)", place=place(7, "self.rnn(embedded)"), binds=("output", "(hidden, cell)"),
        output=tensor((64, 256), "batch hid"),
    )  # fmt: skip
    told = Call(
        what="index",
        place=place(9, "hidden[-1]"),
        inputs=(Named("hidden", tensor((1, 64, 256), "layers batch hid", (0,))),),
    )
    from rnnlab.facts import GroupNote

    states = GroupNote("tuple", (Named("", tensor((1, 64, 256), "layers batch hid")),) * 2)
    rnn = Call(
        what="lstm", layer=rnn.layer, place=rnn.place, binds=rnn.binds,
        output=GroupNote("tuple", (Named("", tensor((9, 64, 256), "seq_len batch hid")), Named("", states))),
    )  # fmt: skip
    crash = widths()
    given = (Named("hidden", tensor((64, 256), "batch hid", (1,))),)
    crash = Crash(
        error=crash.error, message=crash.message, place=crash.place, what=crash.what, layer=crash.layer,
        inputs=given, parameters=crash.parameters,
    )  # fmt: skip
    shown = drawn(record_of(rnn, told, crash))
    assert "head_twice_as_wide_for_one_direction" in shown
    assert any("·" in line and "self.rnn(embedded)" in line for line in shown.splitlines())


def test_the_way_to_the_line_is_short() -> None:
    way = tuple(Place(FILE, 6, 19, 6, 39) for _ in range(9))
    shown = drawn(record_of(widths(through=way)))
    assert shown.count("self.embedding(text)") == 4 and "came through … → model.py:6" in shown


def test_the_listing_can_be_left_out() -> None:
    shown = drawn(record_of(widths()), listing=False)
    assert "▶" not in shown and "return self.fc(hidden)" in shown and "what it means" in shown


def test_a_cell_is_named_and_each_failed_cell_is_shown() -> None:
    record = Record(Header())
    record.add_source("lesson.ipynb#2", "a = 1\nb = a[0]\n")
    record.add_source("lesson.ipynb#5", "c = d\n")
    record.add(
        Crash(
            error="TypeError", message="'int' object is not subscriptable", place=Place("lesson.ipynb", 2, 4, 2, 8, 2)
        )
    )
    record.add(Crash(error="NameError", message="name 'd' is not defined", place=Place("lesson.ipynb", 1, 4, 1, 5, 5)))
    shown = drawn(record)
    assert "lesson.ipynb, cell 2, line 2" in shown and "b = a[0]" in shown
    assert "lesson.ipynb, cell 5, line 1" in shown and "c = d" in shown


@pytest.mark.parametrize("causes", [None, 3, "text", [{"error": 4}], [None], [{"place": {"line": "x"}}]])
def test_a_record_that_somebody_edited_is_still_shown(causes: object) -> None:
    crash = widths(values={"causes": causes, "options": 7, "lengths": "x", "bad": None})
    assert "the program stopped" in drawn(record_of(crash))


def test_a_crash_without_a_place_or_source_is_still_shown() -> None:
    assert "Killed: out of memory" in drawn(record_of(Crash(error="Killed", message="out of memory")))
    shown = drawn(record_of(Crash(error="E", message="m", place=Place("elsewhere.py", 99, 1, 99, 5))))
    assert "elsewhere.py:99" in shown


def test_a_long_message_is_cut_and_its_escapes_are_taken_out() -> None:
    crash = Crash(error="E", message="\x1b[1mbold\x1b[0m " + "word " * 400)
    shown = drawn(record_of(crash))
    assert "\x1b" not in shown and "[1m" not in shown and "bold word" in shown and "…" in shown
    assert len(shown.splitlines()) < 14


def test_a_narrow_window_keeps_every_word() -> None:
    shown = " ".join(drawn(record_of(widths()), width=50).replace("│", " ").split())
    assert "wants 512 numbers in the last axis" in shown


def test_no_crash_no_panel() -> None:
    assert crash_view(record_of()) is None


def test_axis_names_have_their_colours_and_code_is_lit() -> None:
    shown = sentence("`self.fc(x)`: x is (batch=64, 2*hid=512, ?=3), in_features=4")
    spans = {shown.plain[span.start : span.end]: str(span.style) for span in shown.spans}
    assert spans["batch"] == "magenta" and spans["2*hid"] == "yellow" and spans["self.fc(x)"] == "bold"
    assert "in_features" not in spans
