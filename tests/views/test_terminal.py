"""The panels in a terminal: of a whole walk at several widths, and of texts that try to be more than text."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.text import Text

from rnnlab.facts import (
    Axis,
    Call,
    Crash,
    Data,
    GroupNote,
    Named,
    PackedNote,
    Place,
    Said,
    Scope,
    TensorNote,
    ValueNote,
)
from rnnlab.record import Header, Record
from rnnlab.report import judge
from rnnlab.rules.kit import catalogue
from rnnlab.stages import STAGE_NAMES, STAGES, Stage
from rnnlab.views import findings, terminal, things
from rnnlab.views.crashes import crash_view
from rnnlab.views.peeks import PEEKED, peek, table
from rnnlab.views.shapes import axes_text, axis_style, flow, note_text, outputs

EVIL = "[red]x[/red] [/] :smile: \x1b[2J\x1b]0;title\x07\r\b\u202eover \u9b5a"
SAFE = "[red]x[/red] [/] :smile: [2J]0;titleover \u9b5a"


def drawn(view: RenderableType, width: int = 110, **options: object) -> str:
    console = terminal.console(file=io.StringIO(), width=width, **options)
    console.print(view)
    return console.file.getvalue()  # type: ignore[attr-defined]


def flat(view: RenderableType, width: int = 110) -> str:
    return " ".join(re.sub("[│╭╮╰╯─]", " ", drawn(view, width)).split())


@pytest.fixture(scope="module")
def walked() -> Iterator[Record]:
    """The record of the reference pipeline on a few of the built-in reviews."""
    from dataclasses import replace

    from rnnlab.pipeline.settings import BUILT_IN
    from rnnlab.verbs.step import step_walk

    settings = replace(BUILT_IN, epochs=1, batch=8, emb=4, hid=4, vocabulary=200, device="cpu")
    yield step_walk(
        settings, {"limit": 60}, "A fine [red]story[/red].", pause=False, console=Console(file=io.StringIO())
    )


@pytest.mark.parametrize("width", [60, 80, 110])
@pytest.mark.parametrize("stage", STAGES, ids=STAGE_NAMES)
def test_a_stage_fits_its_width(walked: Record, stage: Stage, width: int) -> None:
    shown = drawn(terminal.stage_view(walked, judge(walked), stage), width)
    assert max(map(cell_len, shown.splitlines())) <= width
    assert f"{stage.number} of 13" in shown and stage.story.split()[0] in shown


@pytest.mark.parametrize("width", [60, 110])
def test_the_other_views_of_a_walk_fit_as_well(walked: Record, width: int) -> None:
    views = [
        things.trace_view(walked),
        findings.report_view(judge(walked)),
        findings.catalogue_view(catalogue().values()),
    ]
    views += [terminal.explanation(stage) for stage in STAGES]
    for view in views:
        assert max(map(cell_len, drawn(view, width).splitlines())) <= width


def test_a_walk_shows_the_shapes_of_the_lecture(walked: Record) -> None:
    shown = {stage.name: flat(terminal.stage_view(walked, judge(walked), stage)) for stage in STAGES}
    assert re.search(r"text \(seq_len=\d+, batch=8\) int64 → embedded \(seq_len=\d+, batch=8, emb=4\)", shown["embed"])
    assert "hidden (1, batch=8, hid=4)" in shown["rnn"] and "→ hidden (batch=8, hid=4)" in shown["squeeze"]
    assert "logits (batch=8, classes=2)" in shown["loss"] and "ln 2 = 0.6931" in shown["loss"]
    assert "“A fine [red]story[/red].”" in shown["predict"]


def test_a_stage_that_nobody_reached_tells_its_story_alone() -> None:
    record = Record()
    for stage in STAGES:
        assert stage.story.split()[0] in drawn(terminal.stage_view(record, judge(record), stage), 60)


@pytest.mark.parametrize("name", catalogue())
def test_every_rule_has_a_page_to_look_at(name: str) -> None:
    shown = drawn(findings.page_view(catalogue()[name]), 80)
    assert name in shown and max(map(cell_len, shown.splitlines())) <= 80


# --- texts that are more than text -----------------------------------------------------------------------------------

WORDS = ("words", "specials", "distinct", "once", "tokens", "tokens_inside")
PLACE = Place("[red]evil[/red].py", 1, 0, 1, 5)
HOSTILE = Record(Header(program=EVIL, arguments={"reviews": EVIL}))
HOSTILE.add_source(PLACE.file, EVIL.replace("\r", " ") + "\n")
HOSTILE.add(Scope(function=EVIL, stage="load", place=PLACE))
HOSTILE.add(
    Call(what="squeeze", stage="squeeze", place=PLACE, binds=(EVIL,), layer=EVIL, inputs=(Named(EVIL, ValueNote(EVIL, EVIL)),),
         output=TensorNote((2,), (Axis(EVIL),), EVIL))
)  # fmt: skip
HOSTILE.add(Data(what="split", stage="split", id=1, name=EVIL, counts={"examples": 2.0, "median": 1.0},
                 samples={"labels": [[EVIL, 2]], "first": [EVIL]}))  # fmt: skip
HOSTILE.add(Data(what="loader", stage="batch", id=2, name=EVIL, made_from=(1,), counts={"batch_size": 2.0, "examples": 2.0},
                 samples={"type": EVIL, "options": {EVIL: EVIL}}))  # fmt: skip
HOSTILE.add(Data(what="vocabulary", stage="vocab", id=3, counts=dict.fromkeys(WORDS, 2.0),
    samples={"first": [EVIL], "most_common": [[EVIL, 2]], "tags": [], "specials": [EVIL]}))  # fmt: skip
HOSTILE.add(Data(what="label map", stage="vocab", id=4, counts={"classes": 2.0}, samples={"labels": [[EVIL, 0, 1]]}))
HOSTILE.add(Data(what="table", stage="load", id=5, counts={"rows": 1.0, "columns": 1.0},
                 samples={"columns": [EVIL], "dtypes": [EVIL], "head": [[EVIL]], "labels": {EVIL: [[EVIL, 1]]},
                          "dropped": {EVIL: 1}}))  # fmt: skip
HOSTILE.add(Data(what="batch", stage="batch", id=6, counts={"rows": 1.0}, samples={
    "grid": [[EVIL, EVIL]], "pad": EVIL, "shown_lengths": [1], "column": {"ids": [1], "words": [EVIL], "length": 1, "of": 1},
}))  # fmt: skip
HOSTILE.add(Data(what="evaluation", stage="evaluate", id=7,
                 counts={"accuracy": 1.0, "majority": 0.5, "correct": 1.0, "rows": 1.0},
                 samples={"names": [EVIL], "confusion": [[1]]}))  # fmt: skip
HOSTILE.add(Data(what="prediction", stage="predict", id=8, samples={
    "text": EVIL, "tokens": [EVIL], "unknown": [EVIL], "probabilities": {EVIL: 0.5}}))  # fmt: skip
HOSTILE.add(Data(what="field", stage="vocab", id=9, samples={"options": {EVIL: EVIL}}))
HOSTILE.add(Data(what="review tokens", stage="tokenize", id=10, counts={"tokens": 1.0}, samples={"tokens": [EVIL]}))
HOSTILE.add(Data(what="tokens", stage="tokenize", id=11, counts={"texts": 1.0, "median": 1.0, "longest": 1.0, "tokens": 1.0},
                 samples={"first": [EVIL], "histogram": [[0, 16, 1]]}))  # fmt: skip
HOSTILE.add(Data(what="tokens", stage="tokenize", id=12, counts={"texts": 1.0, "tokens": 1.0, "longest": 1.0, "empty": 0.0},
                 samples={"first": [EVIL], "text": EVIL}))  # fmt: skip
HOSTILE.add(Data(what="dataset", stage="split", id=13, name=EVIL, counts={"examples": 1.0}, samples={"row": {EVIL: EVIL},
                 "shared": [{"with": 1, "name": EVIL, "examples": 1, "examples_there": 1, "text": EVIL}]}))  # fmt: skip
HOSTILE.add(Data(what="vocabulary", stage="vocab", id=14, counts={"words": 1.0, "specials": 0.0},
                 samples={"first": [EVIL], "specials": [], "made_by": EVIL}))  # fmt: skip
HOSTILE.add(Data(what="label map", stage="vocab", id=15, counts={"classes": 1.0},
                 samples={"labels": [[EVIL, 0, 0]], "numbered_by": EVIL}))  # fmt: skip
HOSTILE.add(
    Data(what="file", stage="load", id=16, counts={"rows": 1.0, "files": 2.0}, samples={"path": EVIL, "read_by": EVIL})
)
HOSTILE.add(Data(what="optimizer", stage="train", id=17, counts={"tensors": 1.0, "parameters": 1.0, "learning_rate": 0.1,
                 "of_parameters": 2.0, "parameters_held": 1.0},
                 samples={"type": EVIL, "model": EVIL, "model_type": EVIL}))  # fmt: skip
HOSTILE.add(
    Data(what="checkpoint", id=18, counts={"parameters": 1.0}, samples={"path": EVIL, "deed": "saved", "holds": EVIL})
)
HOSTILE.add(Data(what="weights", id=19, counts={"tensors": 1.0, "missing": 1.0}, samples={"into": EVIL}))
HOSTILE.add(
    Data(what="prediction", stage="predict", id=20, samples={"model": EVIL, "function": EVIL, "scores": [EVIL]})
)
HOSTILE.add(Said(text=EVIL))
HOSTILE.add(Crash(place=PLACE, error=EVIL, message=EVIL))
DATA = list(HOSTILE.ask(Data))


def assert_plain(shown: str) -> None:
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", shown)
    assert "\U0001f604" not in shown


@pytest.mark.parametrize("stage", STAGES, ids=STAGE_NAMES)
def test_no_stage_passes_a_control_character_on(stage: Stage) -> None:
    assert_plain(drawn(terminal.stage_view(HOSTILE, judge(HOSTILE), stage)))


@pytest.mark.parametrize("fact", DATA, ids=lambda fact: fact.what.replace(" ", "_"))
def test_no_picture_of_data_takes_a_text_for_markup(fact: Data) -> None:
    shown = drawn(peek([fact]), 110)
    assert_plain(shown)
    # The end of the text may be cut off; the markup at its beginning stands.
    assert "[red]x[/red" in shown or "[red]x" in shown
    assert_plain(drawn(things.data_view(EVIL, fact)))


def test_every_kind_of_picture_was_tried() -> None:
    assert PEEKED - {fact.what for fact in DATA} <= {
        "padding",
        "history",
        "tensors",
    }  # these hold numbers alone


def test_pictures_are_plain_in_any_console_of_rich() -> None:
    for fact in DATA:
        console = Console(file=io.StringIO(), width=110)
        console.print(peek([fact]))
        assert "[red]x" in console.file.getvalue()  # type: ignore[attr-defined]


def test_titles_and_crashes_are_plain() -> None:
    for view in (things.trace_view(HOSTILE), crash_view(HOSTILE), things.module_view(EVIL, [(EVIL, (1,), True)]),
                 things.value_view(EVIL, ValueNote(EVIL, EVIL), {EVIL: EVIL})):  # fmt: skip
        assert view is not None
        shown = drawn(view)
        assert_plain(shown)
        assert SAFE.split(" \u9b5a")[0] in " ".join(shown.split())


def test_colours_are_still_sent_to_a_terminal() -> None:
    shown = drawn(Text(EVIL, style="red"), force_terminal=True, color_system="standard")
    assert shown == f"\x1b[31m{SAFE}\x1b[0m\n"


def test_half_a_character_does_not_stop_the_output() -> None:
    assert drawn(Text("a\ud800b")) == "a\ufffdb\n"


def test_a_header_may_begin_with_a_sign() -> None:
    assert ">x" in drawn(table(">>x"))


# --- shapes ----------------------------------------------------------------------------------------------------------


def test_shapes_are_written_with_their_names() -> None:
    assert axes_text((251, 128), (Axis("seq_len"), Axis("batch"))).plain == "(seq_len=251, batch=128)"
    assert axes_text((1, 64, 1024), (Axis("layers"), Axis("batch"), Axis("hid"))).plain == "(1, batch=64, hid=1,024)"
    assert axes_text((2, None), (Axis("layers"),)).plain == "(layers=2, ?=?)"
    assert axes_text(None, ()).plain == "(unknown shape)"
    assert note_text("loss", TensorNote((), (), "float32")).plain == "loss one number float32"


def test_an_axis_has_one_colour_wherever_it_stands() -> None:
    assert axis_style("hid") == axis_style("2*hid") == axis_style("hid_2") == axis_style("hid+emb") == "yellow"
    assert axis_style("?") == axis_style("layers") == "default"


def test_the_tuple_of_an_rnn_is_opened_under_the_programs_own_words() -> None:
    state = TensorNote((1, 3, 5), dtype="float32")
    packed = PackedNote(tokens=9, seq_len=4, batch=3)
    result = GroupNote(
        "tuple", (Named("", packed), Named("", GroupNote("tuple", (Named("", state), Named("", state)))))
    )
    assert [i.name for i in outputs(Call(what="lstm", output=result, binds=("out", "(h, c)")))] == ["out", "h", "c"]
    assert [i.name for i in outputs(Call(what="lstm", output=result))] == ["output", "hidden", "cell"]
    assert [i.name for i in outputs(Call(what="lstm", output=result, binds=("everything",)))] == [
        "output",
        "hidden",
        "cell",
    ]


@pytest.mark.parametrize(("last", "word"), [("classes", "logits "), ("?", "")])
def test_only_what_has_classes_is_called_logits(last: str, word: str) -> None:
    call = Call(what="linear", output=TensorNote((3, 2), (Axis("batch"), Axis(last)), "float32"))
    assert flow(call)[-1].plain == f"  → {word}(batch=3, {last}=2) float32"


def test_a_saved_walk_looks_the_same(walked: Record, tmp_path: Path) -> None:
    loaded = Record.load(walked.save(tmp_path / "walk.rnnlab"))
    for stage in STAGES:
        assert drawn(terminal.stage_view(loaded, judge(loaded), stage)) == drawn(
            terminal.stage_view(walked, judge(walked), stage)
        )
