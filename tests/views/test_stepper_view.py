"""The stepper's screen: what it shows of a row, at every size, in colour and without, and with texts that are more than text."""

from __future__ import annotations

import io
import re

import pytest
from rich.cells import cell_len
from told_program import FILE, HIDDEN, STATE, at, told

from rnnlab.facts import (
    Call,
    Crash,
    Data,
    Gap,
    GroupNote,
    Instead,
    Locals,
    Loop,
    Named,
    Place,
    Said,
    Scope,
    ValueNote,
)
from rnnlab.record import Header, Record
from rnnlab.rules.kit import Finding
from rnnlab.timeline import Timeline
from rnnlab.views.rows import rows_view
from rnnlab.views.stepper import Screen
from rnnlab.views.terminal import SafeConsole

SIZES = [(60, 16), (80, 24), (110, 30), (160, 50)]
EVIL = "[red]x[/red] [/] :smile: \x1b[2J\x1b]0;title\x07\r\b\u202eover \u9b5a"


def drawn(screen: Screen, size: tuple[int, int] = (110, 30), **options: object) -> str:
    console = SafeConsole(
        file=io.StringIO(), width=size[0], height=size[1], highlight=False, markup=False, emoji=False, **options
    )  # type: ignore[arg-type]
    console.print(screen)
    return console.file.getvalue()  # type: ignore[attr-defined]


def shown(record: Record, n: int, size: tuple[int, int] = (110, 30), **state: object) -> str:
    return drawn(Screen(Timeline(record), n, **state), size)  # type: ignore[arg-type]


def row_of(record: Record, what: str, which: int = 0) -> int:
    return list(record.ask(Call, what=what))[which].n


def flat(text: str) -> str:
    return " ".join(re.sub("[│╭╮╰╯─]", " ", text).split())


# --- size ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("crash", [False, True])
def test_every_row_fills_exactly_the_screen(size: tuple[int, int], crash: bool) -> None:
    record = told(crash=crash)
    for n in range(len(record)):
        for values in (False, True):
            lines = shown(record, n, size, values=values).removesuffix("\n").split("\n")
            assert len(lines) == size[1] and {cell_len(line) for line in lines} == {size[0]}


def test_a_terminal_that_is_too_small_says_what_is_needed() -> None:
    assert "the stepper needs 40 × 12" in flat(shown(told(), 0, (38, 10)))


def test_the_size_can_be_given() -> None:
    lines = drawn(Screen(Timeline(told()), 0, size=(70, 20)), (110, 30)).removesuffix("\n").split("\n")
    assert len(lines) == 20 and {cell_len(line.rstrip()) for line in lines} <= set(range(71))


def test_the_head_shortens_the_outer_functions_first() -> None:
    record = Record(Header(program="small.py"))
    inside = None
    for i in range(9):
        inside = record.add(Scope(function=f"function_number_{i}", inside=inside)).n
    record.add(Said(text="x", inside=inside))
    head = shown(record, 9, (80, 24)).splitlines()[0]
    assert "… → " in head and "function_number_8" in head and "function_number_1" not in head and "row 10 of 10" in head


# --- what it shows ---------------------------------------------------------------------------------------------------


def test_the_head_says_where_we_are() -> None:
    record = told()
    head, progress = shown(record, row_of(record, "lstm")).splitlines()[:2]
    assert "small.py · rnn · train → batches → RNN.forward" in head and f"row 9 of {len(record)}" in head
    assert progress.count("━") == round(110 * 9 / len(record)) and progress.strip("━─") == ""


def test_a_cut_record_is_called_so(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = told().save(tmp_path / "cut.rnnlab")
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    assert "· cut" in shown(Record.load(path), 0).splitlines()[0]


def test_the_source_is_shown_with_the_line_marked_and_the_span_underlined_where_there_are_no_colours() -> None:
    record = told()
    lines = shown(record, row_of(record, "lstm")).splitlines()
    at_line = next(i for i, line in enumerate(lines) if "▶" in line)
    assert "7         output, (hidden, cell) = self.rnn(packed)" in lines[at_line]
    start = lines[at_line].index("self.rnn")
    assert lines[at_line + 1][start : start + 16] == "^" * 16
    assert "5         embedded = self.embedding(text)" in "\n".join(lines) and "small.py" in lines[2]


def test_in_colour_the_span_is_lit_and_nothing_is_underlined() -> None:
    record = told()
    out = drawn(Screen(Timeline(record), row_of(record, "lstm")), force_terminal=True, color_system="truecolor")
    lit = re.findall(r"\x1b\[([0-9;]*44[0-9;]*)m([^\x1b]*)", out)
    assert "".join(text for _, text in lit) == "self.rnn(packed)" and "^" not in out


def test_a_span_of_several_lines_is_lit_in_all_of_them() -> None:
    record = told()
    out = drawn(Screen(Timeline(record), row_of(record, "linear")), force_terminal=True, color_system="truecolor")
    lit = re.findall(r"\x1b\[[0-9;]*44[0-9;]*m([^\x1b]*)", out)
    assert "".join(lit).replace(" ", "") == "self.fc(hidden.squeeze(0),)"
    assert shown(record, row_of(record, "linear")).count("▶") == 3


def test_a_long_line_moves_until_its_span_can_be_seen() -> None:
    source = "def f(x):\n    " + "a_very_long_name = " * 6 + "g(x)\n    return 1\n"
    line = source.splitlines()[1]
    record = Record()
    record.add_source(FILE, source)
    record.add(Call(what="g", place=Place(FILE, 2, line.index("g(x)"), 2, line.index("g(x)") + 4)))
    out = shown(record, 0, (80, 24))
    assert re.search(r"▶ 2 ….*g\(x\)", out) and "return 1" in out


def test_tabs_do_not_move_the_marks() -> None:
    record = Record()
    record.add_source(FILE, "def f(x):\n\treturn\tg(x)\n")
    record.add(Call(what="g", place=Place(FILE, 2, 8, 2, 12)))
    lines = shown(record, 0).splitlines()
    at_line = next(i for i, line in enumerate(lines) if "▶" in line)
    start = lines[at_line].index("g(x)")
    assert lines[at_line + 1][start : start + 5].rstrip() == "^^^^"


def test_a_notebook_s_cell_is_named() -> None:
    record = Record()
    record.add_source("lesson.ipynb#3", "print(1)\n")
    record.add(Said(text="1", place=Place("lesson.ipynb", 1, 0, 1, 8, 3)))
    out = shown(record, 0)
    assert "lesson.ipynb · cell 3" in out and "print(1)" in out


def test_a_source_that_was_not_kept_and_a_row_without_a_place_say_so() -> None:
    record = Record()
    record.add(Said(text="x", place=Place("gone.py", 12)))
    record.add(Said(text="y"))
    assert "line 12: its source was not kept" in shown(record, 0)
    assert "this row stands in no line of yours" in shown(record, 1)


def test_variables_are_listed_with_named_shapes_and_changed_ones_are_marked() -> None:
    record = told()
    out = flat(shown(record, row_of(record, "lstm"), (160, 50)))
    assert "text (seq_len=7, batch=3) int64" in out and "embedded (seq_len=7, batch=3, emb=4) float32" in out
    assert "● output 15 tokens packed from (seq_len=7 × batch=3), emb=4" in out
    assert "● hidden (1, batch=3, hid=5) float32" in out and "● text" not in out


def test_variables_that_do_not_fit_are_counted_and_the_changed_one_is_seen() -> None:
    record = Record()
    for i in range(40):
        record.add(Call(what="f", binds=(f"variable_{i}",), output=HIDDEN))
    first, middle = shown(record, 0, (80, 24)), shown(record, 39, (80, 24))
    assert "● variable_0" in first and "more" not in first
    assert "● variable_39" in middle and re.search(r"↑ \d+ more", middle)
    hidden = int(re.search(r"↑ (\d+) more", middle)[1])  # type: ignore[index]
    assert hidden + len(re.findall(r"│ +(?:● )?variable_", middle)) == 40


def test_scalars_and_tuples_are_shown_as_what_they_are() -> None:
    record = Record()
    record.add(
        Locals(changed=(Named("rate", ValueNote("float", "0.1")), Named("nothing", ValueNote("NoneType", "None"))))
    )
    record.add(Call(what="f", binds=("pair",), output=GroupNote("tuple", (Named("", HIDDEN), Named("", STATE)))))
    out = flat(shown(record, 1, (160, 50)))
    assert "rate = 0.1" in out and "nothing = None" in out
    assert "● pair ((batch=3, hid=5) float32, (1, batch=3, hid=5) float32)" in out


def test_a_row_shows_the_operation_its_flow_its_clause_and_its_gradient() -> None:
    record = told()
    out = flat(shown(record, row_of(record, "linear")))
    assert "hidden.squeeze(0) (batch=3, hid=5) float32 → logits (batch=3, classes=2) float32" in out
    assert "5 numbers per review become 2" in out and "gradient 0.0125" in out
    assert "no gradient arrived" in flat(shown(record, row_of(record, "cross_entropy")))
    assert "gradient" not in flat(shown(record, row_of(record, "lstm")))


def test_folded_turns_are_counted() -> None:
    record = told()
    out = flat(shown(record, row_of(record, "lstm", 1)))
    assert "lstm × 9" in out and "the last of 9 turns that did the same" in out


@pytest.mark.parametrize(
    ("fact", "words"),
    [
        (Data(what="vocabulary", id=1, name="TEXT", counts={"odd": 3.0}), "vocabulary TEXT odd 3"),
        (Data(what="table", id=1, name="df", stand_in=True), "table df a stand-in: the real one was not there"),
        (Loop(kind="batches", declared=12, over=1), "loop over batches 12 turns to come"),
        (Loop(kind="batches", declared=12), "loop 12 turns to come"),
        (Loop(kind="epochs"), "loop over epochs how many turns it will take is not known"),
        (Loop(kind="training", declared=12, executed=1), "end of the loop: training ran 1 of 12 turns"),
        (Loop(kind="training", declared=12, executed=3, shortened=True), "ran 3 of 12 turns; this dry run ended it there"),
        (Said(text="one\ntwo"), "printed one two"),
        (Said(text="line\n" * 40), "… 28 more lines"),
        (Locals(changed=(Named("i", ValueNote("int", "3")),), times=8), "variables changed × 8 i = 3"),
        (Instead(kind="stand-in", what="movie.csv", done="60 made-up rows"), "stand-in: movie.csv → 60 made-up rows"),
        (Instead(kind="bridge", what="legacy", done="0.6", today="import torchtext"), "today: import torchtext"),
        (Gap(what="watching", why="it went away"), "not followed watching: it went away"),
        (Crash(error="ValueError", message="no"), "the program stopped"),
        (Scope(function="f", phase="over", times=300, seconds=0.25), "ran f × 300 0.25 seconds"),
        (Scope(function="f", phase="out", output=HIDDEN), "end of f → (batch=3, hid=5) float32"),
    ],
)  # fmt: skip
def test_every_kind_of_row_says_what_it_is(fact, words: str) -> None:  # type: ignore[no-untyped-def]
    record = Record()
    record.add(fact)
    assert words in flat(shown(record, 0, (160, 50)))


def test_data_are_shown_in_a_picture() -> None:
    record = Record()
    record.add(Data(what="label map", id=1, samples={"labels": [["1", 0, 7], ["0", 1, 5]]}))
    out = flat(shown(record, 0))
    assert "label '1' → index 0 (7 times in the training split)" in out


def test_what_does_not_fit_is_counted() -> None:
    record = Record()
    record.add(Said(text="\n".join(f"line {i}" for i in range(60))))
    assert re.search(r"… \d+ more lines", shown(record, 0, (80, 24)))


def test_the_crash_is_shown_at_its_line() -> None:
    record = told(crash=True)
    out = flat(shown(record, len(record) - 1))
    assert "▶ 15 loss = F.cross_entropy(logits, labels)" in out and "expected 3 labels" in out


def test_findings_stand_in_their_row() -> None:
    from rnnlab.report import judge
    from rnnlab.rules.kit import Rule

    record = told()
    n = row_of(record, "lstm")
    rule = Rule("odd_habit", "rnn", "risk", (), "# Odd", lambda _: iter([Finding(None, "look [red]here[/red]", (n,))]))
    timeline = Timeline(record)
    found = timeline.findings(judge(record, [rule]))[n]
    assert "risk odd_habit look [red]here[/red]" in flat(drawn(Screen(timeline, n, found=found)))


# --- values ----------------------------------------------------------------------------------------------------------


def test_values_are_shown_on_request() -> None:
    record = told()
    n = row_of(record, "linear")
    out = flat(shown(record, n, values=True))
    assert "min -0.5 max 0.25 mean 0.125" in out and "the first numbers: 0.1 0.2 0.3 0.4" in out
    assert "min -0.5" not in flat(shown(record, n))


def test_values_that_were_not_recorded_say_how_to_get_them() -> None:
    record = told()
    assert "were not recorded; rnnlab step PROGRAM --values records them" in flat(
        shown(record, row_of(record, "lstm"), values=True)
    )
    assert "this row computes no tensor" in flat(shown(record, 0, values=True))


def test_the_keys_fit_and_the_help_names_all() -> None:
    for size in SIZES:
        keys = shown(told(), 0, size).splitlines()[-1]
        assert "n next" in keys and "? help" in keys and "q quit" in keys and "…" not in keys
    help_text = flat(shown(told(), 0, help=True))
    for key in (
        "g to a line",
        "c C to the next row that changes a variable",
        "/ to the next row whose source",
        "Home End",
    ):
        assert key in help_text


def test_a_message_and_a_question_have_the_line_above_the_keys() -> None:
    assert "nobody there" in shown(told(), 0, message="nobody there").splitlines()[-2]
    asking = shown(told(), 0, message="nobody there", prompt="to line › 12").splitlines()
    assert "to line › 12▏" in asking[-2] and "Enter go" in asking[-1]


# --- hostile texts ---------------------------------------------------------------------------------------------------


def test_no_text_is_markup_or_controls_the_terminal() -> None:
    record = Record(Header(program=EVIL))
    record.add_source(EVIL, EVIL.replace("\r", " ") + "\n")
    place = Place(EVIL, 1, 0, 1, 9)
    around = record.add(Scope(function=EVIL, place=place, inputs=(Named(EVIL, ValueNote(EVIL, EVIL)),))).n
    for fact in (
        Call(what=EVIL, place=place, layer=EVIL, binds=(EVIL,), output=ValueNote(EVIL, EVIL), values={EVIL: 1, "sample": EVIL}),
        Data(what=EVIL, id=1, name=EVIL, samples={EVIL: EVIL}),
        Said(text=EVIL), Gap(what=EVIL, why=EVIL), Instead(kind="bridge", what=EVIL, done=EVIL, today=EVIL),
        Loop(kind=EVIL), Locals(changed=(Named(EVIL, ValueNote("str", EVIL)),)), Crash(error=EVIL, message=EVIL),
    ):  # fmt: skip
        record.add(type(fact)(**{name: getattr(fact, name) for name in fact.__struct_fields__} | {"inside": around}))
    for n in range(len(record)):
        out = shown(record, n, values=True, message=EVIL, prompt=None)
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", out) and "[red]" in out
    text = "".join(drawn(row, (110, 30)) for row in rows_view(Timeline(record)))  # type: ignore[arg-type]
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", text) and "[red]" in text


@pytest.mark.parametrize(
    "place",
    [Place(FILE, 1, 900, 1, 950), Place(FILE, 5, 30, 5, 4), Place(FILE, 5, -9, 5, -1), Place(FILE, 5, 0, 900, 4), Place(FILE, 0),
     Place(FILE, -3), Place(FILE, 10**9), Place(FILE, 8, 3, 2, 4)],
    ids=str,
)  # fmt: skip
def test_a_place_that_lies_does_no_harm(place: Place) -> None:
    record = told()
    n = record.add(Call(what="f", place=place)).n
    for size in SIZES:
        for options in ({}, {"force_terminal": True, "color_system": "truecolor"}):
            assert drawn(Screen(Timeline(record), n), size, **options)


# --- all rows --------------------------------------------------------------------------------------------------------


def printed(record: Record, width: int = 110) -> str:
    return "".join(drawn(row, (width, 30)) for row in rows_view(Timeline(record)))  # type: ignore[arg-type]


def test_all_rows_are_printed_in_order_indented_by_what_is_around_them() -> None:
    lines = printed(told()).splitlines()
    wanted = [
        "          small.py:19  vocabulary = build(rows)",
        "vocab       vocabulary vocabulary  words 12",
        "          small.py:21  train(model, loader)",
        "            small.py:13  for text, labels in loader:",
        "              loop  2 turns to come",
        "              small.py:14  logits = model(text)",
        "                into RNN.forward  text (seq_len=7, batch=3) int64",
        "                small.py:5  embedded = self.embedding(text)",
        "embed             embedding  text (seq_len=7, batch=3) int64",
        "                      → embedded (seq_len=7, batch=3, emb=4) float32",
        "            printed  │ done [red]now[/red]",
    ]
    places = [lines.index(line) for line in wanted]
    assert places == sorted(places)
    assert all(line == line.rstrip() for line in lines)


def test_a_part_of_a_line_is_named_and_a_whole_one_is_not() -> None:
    record = told()
    text = printed(record)
    assert "self.rnn(packed)  lstm" not in text and "self.fc( hidden.squeeze(0), )  linear" in text
    assert at(9, "hidden.squeeze(0)").line == 9 and "hidden.squeeze(0)  squeeze" in text


@pytest.mark.parametrize("width", [60, 80, 110])
def test_printed_rows_fit_their_width(width: int) -> None:
    assert max(map(cell_len, printed(told(), width).splitlines())) <= width
