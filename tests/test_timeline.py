"""Walking through a record: every way forwards and back, what is around a row, and the variables at each moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from told_program import FILE, HIDDEN, LENGTHS, LOGITS, OTHER, PACKED, SOURCE, STATE, TEXT, at, told

from rnnlab.facts import Call, Data, GroupNote, Locals, Loop, Named, Place, Probe, Said, Scope, TensorNote, ValueNote
from rnnlab.record import Record
from rnnlab.report import judge
from rnnlab.rules.kit import Finding, Rule
from rnnlab.timeline import Timeline


@pytest.fixture(params=["in memory", "from disk", "from lines"])
def timeline(request: pytest.FixtureRequest, tmp_path: Path) -> Timeline:
    if request.param == "in memory":
        return Timeline(told())
    path = told().save(tmp_path / "small.rnnlab")
    if request.param == "from lines":
        path.with_name("small.rnnlab.index").unlink()
    return Timeline(Record.load(path))


def row(timeline: Timeline, what: str, which: int = 0) -> int:
    """Return a row by what it is: an operation, a function, a kind of data."""
    index = timeline.index
    return [n for n in timeline.rows if what in (index.name_words[index.names[n]], index.kind_words[index.kinds[n]])][
        which
    ]


def names(timeline: Timeline, n: int) -> str:
    return " ".join(variable.name + "*" * variable.changed for variable in timeline.variables(n))


# --- steps -----------------------------------------------------------------------------------------------------------


def test_next_and_back_visit_every_row_in_order(timeline: Timeline) -> None:
    n, forwards = timeline.first(), [timeline.first()]
    while not (move := timeline.next(n)).said:
        n = move.n
        forwards.append(n)
    backwards = [n]
    while not (move := timeline.back(n)).said:
        n = move.n
        backwards.append(n)
    assert forwards == list(timeline.rows) == backwards[::-1] == list(range(len(timeline)))


def test_at_either_end_a_step_stays_and_says_so(timeline: Timeline) -> None:
    assert timeline.next(timeline.last()) == (timeline.last(), "this is the last row")
    assert timeline.back(timeline.first()) == (timeline.first(), "this is the first row")


def test_the_end_of_a_cut_record_says_that_it_was_cut(tmp_path: Path) -> None:
    path = told().save(tmp_path / "cut.rnnlab")
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-3]))
    timeline = Timeline(Record.load(path))
    assert timeline.next(timeline.last()).said == (
        "this is the last row; the record was cut here, so the program may have gone on"
    )


def test_into_enters_functions_and_loops(timeline: Timeline) -> None:
    train, loop, forward = row(timeline, "train"), row(timeline, "batches"), row(timeline, "RNN.forward")
    assert timeline.into(train) == (loop, "")
    assert timeline.into(loop) == (loop + 1, "")
    assert timeline.into(forward) == (row(timeline, "embedding"), "")
    stays = timeline.into(row(timeline, "embedding"))
    assert stays.n == row(timeline, "embedding") and "nothing begins at this row" in stays.said


def test_out_leaves_what_is_around_a_row(timeline: Timeline) -> None:
    assert timeline.out(row(timeline, "lstm")) == (row(timeline, "RNN.forward", 1), "")
    assert timeline.out(row(timeline, "lstm", 1)) == (row(timeline, "training"), "")  # folded: in the loop alone
    assert timeline.out(row(timeline, "backward")) == (row(timeline, "training"), "")
    assert timeline.out(row(timeline, "batches")) == (row(timeline, "train", 1), "")
    stays = timeline.out(row(timeline, "said"))
    assert stays == (row(timeline, "said"), "no function or loop of yours is around this row")


def test_over_skips_what_is_inside(timeline: Timeline) -> None:
    assert timeline.over(row(timeline, "RNN.forward")) == (row(timeline, "RNN.forward", 1), "")
    assert timeline.over(row(timeline, "batches")) == (row(timeline, "training"), "")
    assert timeline.over(row(timeline, "train")) == (row(timeline, "train", 1), "")
    assert timeline.over(row(timeline, "embedding")) == timeline.next(row(timeline, "embedding"))


def test_over_what_the_program_never_left_goes_to_the_end() -> None:
    timeline = Timeline(told(crash=True))
    train, loop = row(timeline, "train"), row(timeline, "batches")
    assert timeline.over(loop) == (timeline.crash, "")
    assert timeline.over(train) == (timeline.crash, "")
    assert timeline.out(row(timeline, "backward")) == (timeline.crash, "")


def test_a_function_in_which_nothing_was_seen_cannot_be_entered() -> None:
    record = Record()
    record.add(Scope(function="f"))
    record.add(Scope(function="f", phase="out"))
    timeline = Timeline(record)
    assert timeline.into(0) == (0, "nothing was recorded inside; n goes to the next row")
    assert timeline.over(0) == (1, "")


def test_an_earlier_moment_ends_where_it_ends() -> None:
    record = told()
    whole = Timeline(record)
    lstm = row(whole, "lstm")
    earlier = Timeline(record.until(lstm + 1))
    assert earlier.last() == lstm and earlier.next(lstm).said == "this is the last row"
    assert earlier.over(row(earlier, "RNN.forward")) == (lstm, "this is the last row")
    assert earlier.crash is None and names(earlier, lstm) == names(whole, lstm)
    assert earlier.to_text(lstm, "loss.backward") == (lstm, "a row with 'loss.backward' was not reached yet")


def test_experiments_are_no_rows_of_the_story() -> None:
    record = Record()
    record.add(Said(text="before"))
    record.add(Probe(what="padding"))
    record.add(Said(text="after"))
    timeline = Timeline(record)
    assert len(timeline) == 2 and timeline.next(0) == (2, "") and timeline.back(2) == (0, "") and timeline.row(2) == 1
    assert timeline.nearest(1) == 2 and timeline.nearest(99) == 2


# --- jumps -----------------------------------------------------------------------------------------------------------


def test_a_line_is_found_forwards_and_then_from_the_beginning(timeline: Timeline) -> None:
    first, second = row(timeline, "lstm"), row(timeline, "lstm", 1)
    assert timeline.to_line(0, 7) == (first, "")
    assert timeline.to_line(first, 7) == (second, "")
    assert timeline.to_line(second, 7) == (first, "went back: line 7 of small.py does not come again")
    assert timeline.to_line(row(timeline, "said"), 22).said == "line 22 of small.py comes here alone"


def test_a_line_in_the_middle_of_an_expression_leads_to_it(timeline: Timeline) -> None:
    assert timeline.to_line(0, 9).n == row(timeline, "squeeze")  # its own row first
    assert timeline.to_line(0, 10).n == row(timeline, "linear")
    assert timeline.to_line(0, 13).n == row(timeline, "batches")


def test_a_line_of_another_file_is_named_with_it(timeline: Timeline) -> None:
    instead = row(timeline, "instead")
    for file in ("other.py", "learner/other.py", OTHER):
        assert timeline.to_line(0, 1, file) == (instead, "")
    assert timeline.to_line(0, 1, "nobody.py") == (0, "no row stands in a file called nobody.py")


def test_a_line_that_nobody_ran_names_the_nearest(timeline: Timeline) -> None:
    assert timeline.to_line(0, 2) == (0, "nothing was seen at line 2 of small.py; the nearest line with a row is 5")


def test_a_line_in_a_notebook_belongs_to_the_cell_at_hand() -> None:
    record = Record()
    for cell in (1, 2):
        record.add_source(f"lesson.ipynb#{cell}", f"print({cell})\n")
        record.add(Said(text=str(cell), place=Place("lesson.ipynb", 1, 0, 1, 8, cell)))
    record.add(Said(text="again", place=Place("lesson.ipynb", 1, 0, 1, 8, 1)))
    timeline = Timeline(record)
    assert timeline.to_line(0, 1).n == 2 and timeline.to_text(0, "print(2)").n == 1


def test_the_next_change_of_a_variable_forwards_and_back(timeline: Timeline) -> None:
    first, second = row(timeline, "lstm"), row(timeline, "lstm", 1)
    for name in ("hidden", "cell", "output"):
        assert timeline.to_change(0, name) == (first, "")
        assert timeline.to_change(first, name) == (second, "")
        assert timeline.to_change(second, name) == (second, f"'{name}' is not bound again after this row")
        assert timeline.to_change(second, name, back=True) == (first, "")
        assert timeline.to_change(first, name, back=True) == (first, f"'{name}' is not bound again before this row")
    assert timeline.to_change(0, "rate").n == row(timeline, "locals")
    assert timeline.to_change(0, "logits").n == row(timeline, "RNN.forward", 1)  # what the function returned
    assert timeline.to_change(0, "loader").n == row(timeline, "train")


def test_a_variable_that_nobody_binds_lists_the_ones_there_are(timeline: Timeline) -> None:
    n = row(timeline, "locals")
    assert timeline.to_change(n, "hiden") == (
        n,
        "no row binds a variable called 'hiden'; here there are: vocabulary, rate",
    )


@pytest.mark.parametrize(
    ("word", "what"),
    [
        ("rnn", "pack_padded_sequence"),
        ("squeeze", "squeeze"),
        ("7", "pack_padded_sequence"),
        ("EMB", "embedding"),
        (" loss ", "cross_entropy"),
    ],
)
def test_a_stage_is_found_by_name_number_or_beginning(timeline: Timeline, word: str, what: str) -> None:
    assert timeline.to_stage(word) == (row(timeline, what), "")


def test_a_stage_that_the_program_did_not_reach_or_that_is_none(timeline: Timeline) -> None:
    assert timeline.to_stage("predict").said.startswith(
        "this program showed nothing of the stage predict; it has: vocab, batch"
    )
    for odd in ("t", "", "14", "0", "dance"):
        with pytest.raises(KeyError, match="there is no stage"):
            timeline.to_stage(odd)


def test_a_text_is_found_in_the_source_of_the_rows(timeline: Timeline) -> None:
    assert timeline.to_text(0, "SELF.RNN").n == row(timeline, "lstm")
    assert timeline.to_text(0, "for text, labels").n == row(timeline, "batches")
    # The body of a loop is no source of the loop's own row.
    assert timeline.to_text(0, "backward").n == row(timeline, "backward")
    assert timeline.to_text(0, "import torch").said == "the source of no row holds 'import torch'"


@dataclass
class Report:
    """What a timeline asks of a report."""

    findings: list[Finding] = field(default_factory=list)

    def found(self) -> list[tuple[Any, Finding]]:
        return [(None, finding) for finding in self.findings]


def test_findings_stand_at_their_rows_and_are_visited_in_order(timeline: Timeline) -> None:
    lstm, linear = row(timeline, "lstm"), row(timeline, "linear")
    evidence = (row(timeline, "embedding"), lstm)
    report = Report([Finding(at(8, "self.fc("), "by place"), Finding(at(7, "self.rnn(packed)"), "by both", evidence)])
    assert list(timeline.findings(report)) == [linear, lstm]
    assert timeline.to_finding(0, report) == (lstm, "")
    assert timeline.to_finding(lstm, report) == (linear, "")
    assert timeline.to_finding(linear, report) == (linear, "there are no findings after this row")
    assert timeline.to_finding(linear, report, back=True) == (lstm, "")
    assert timeline.to_finding(lstm, report, back=True) == (lstm, "there are no findings before this row")


def test_a_finding_without_a_row_is_not_visited(timeline: Timeline) -> None:
    for finding in (Finding(None, "nowhere"), Finding(Place(FILE, 2), "no row"), Finding(None, "beyond", (10**6,))):
        assert timeline.to_finding(0, Report([finding])) == (0, "there are no findings that belong to a row")


def test_the_findings_of_real_rules_are_visited() -> None:
    record = told()
    rule = Rule(
        "odd", "rnn", "risk", (), "# Odd", lambda r: iter([Finding(None, "here", (r.first(Call, what="lstm").n,))])
    )  # type: ignore[union-attr]
    timeline = Timeline(record)
    assert timeline.to_finding(0, judge(record, [rule])).n == row(timeline, "lstm")


# --- where -----------------------------------------------------------------------------------------------------------


def test_the_stack_names_functions_and_loops_from_the_outermost_inwards(timeline: Timeline) -> None:
    assert [around.label for around in timeline.stack(row(timeline, "lstm"))] == ["train", "batches", "RNN.forward"]
    assert [around.label for around in timeline.stack(row(timeline, "training"))] == ["train"]
    assert timeline.stack(row(timeline, "said")) == [] and timeline.depth(row(timeline, "linear")) == 3


def test_a_loop_that_is_told_anew_is_one_loop_of_the_new_kind() -> None:
    place, inner = Place("a.py", 1), Place("a.py", 2)
    record = Record()
    record.add(Loop(kind="batches", place=place))
    scope = record.add(Scope(function="f", place=Place("a.py", 3))).n
    record.add(Loop(kind="batches", place=inner, inside=scope))
    record.add(Loop(kind="epochs", place=place, inside=scope))  # it turns out that the outer one goes over epochs
    record.add(Said(text="x", inside=scope))
    record.add(Loop(kind="training", place=inner, executed=1, inside=scope))
    record.add(Scope(function="f", phase="out"))
    record.add(Loop(kind="epochs", place=place, executed=1))
    timeline = Timeline(record)
    assert [around.label for around in timeline.stack(4)] == ["epochs", "f", "batches"]
    assert list(timeline.rows) == [0, 1, 2, 4, 5, 6, 7]
    assert timeline.over(0).n == 7 and timeline.out(4).n == 5 and timeline.out(5).n == 6


def test_a_function_that_calls_itself_nests() -> None:
    record = Record()
    outer = record.add(Scope(function="f")).n
    inner = record.add(Scope(function="f", inside=outer)).n
    record.add(Said(text="x", inside=inner))
    record.add(Scope(function="f", phase="out", inside=outer))
    record.add(Scope(function="f", phase="out"))
    timeline = Timeline(record)
    assert (timeline.over(outer).n, timeline.over(inner).n, timeline.out(2).n, timeline.out(inner).n) == (4, 3, 3, 4)
    assert (timeline.opener(3), timeline.opener(4), timeline.opener(2)) == (inner, outer, None)


def test_what_was_left_open_inside_ends_with_what_is_around_it() -> None:
    record = Record()
    outer = record.add(Scope(function="f")).n
    loop = record.add(Loop(kind="batches", place=Place("a.py", 1), inside=outer)).n
    record.add(Said(text="x", inside=outer))
    record.add(Scope(function="f", phase="out"))
    record.add(Said(text="y"))
    timeline = Timeline(record)
    assert [around.n for around in timeline.stack(2)] == [outer, loop]
    assert timeline.stack(3) == timeline.stack(4) == [] and timeline.opener(3) == outer
    assert timeline.out(2).n == 3 and timeline.over(outer).n == 3


def test_the_end_of_a_function_stands_where_it_was_called(timeline: Timeline) -> None:
    ends = row(timeline, "RNN.forward", 1)
    assert timeline.fact(ends).place is None and timeline.place(ends) == at(14, "model(text)")
    assert timeline.place(row(timeline, "gap")) is None


def test_of_a_loop_the_first_line_is_shown_and_of_an_expression_all_of_it(timeline: Timeline) -> None:
    assert timeline.span(row(timeline, "batches")) == Place(FILE, 13)
    assert timeline.span(row(timeline, "linear")) == at(
        8, SOURCE[SOURCE.index("self.fc(") : SOURCE.index(")\n\ndef train") + 1]
    )


def test_a_row_without_a_stage_has_that_of_what_is_around_it() -> None:
    record = Record()
    record.add(Scope(function="f", stage="load"))
    record.add(Said(text="x", inside=0))
    record.add(Said(text="y"))
    timeline = Timeline(record)
    assert [timeline.stage(n) for n in range(3)] == ["load", "load", None] and timeline.stages() == ["load"]


# --- variables -------------------------------------------------------------------------------------------------------


def test_variables_are_those_of_the_function_at_the_row(timeline: Timeline) -> None:
    assert names(timeline, row(timeline, "vocabulary")) == "vocabulary*"
    assert names(timeline, row(timeline, "train")) == "vocabulary rate"
    assert names(timeline, row(timeline, "batches")) == "model loader"
    assert names(timeline, row(timeline, "RNN.forward")) == "model loader text"
    assert names(timeline, row(timeline, "embedding")) == "text embedded*"
    assert names(timeline, row(timeline, "lstm")) == "text embedded lengths packed output* hidden* cell*"
    assert names(timeline, row(timeline, "linear")) == "text embedded lengths packed output hidden cell"
    assert names(timeline, row(timeline, "RNN.forward", 1)) == "model loader text logits*"
    assert names(timeline, row(timeline, "cross_entropy")) == "model loader text logits labels loss*"
    assert names(timeline, row(timeline, "said")) == "vocabulary rate"


def test_turns_that_fold_outside_of_their_function_still_bind_its_variables(timeline: Timeline) -> None:
    assert names(timeline, row(timeline, "lstm", 1)) == "text embedded lengths packed output* hidden* cell*"
    assert names(timeline, row(timeline, "cross_entropy", 1)) == "model loader text logits labels loss*"


def test_variables_hold_what_they_were_opened_to(timeline: Timeline) -> None:
    held = {variable.name: variable.note for variable in timeline.variables(row(timeline, "lstm"))}
    assert held == {"text": TEXT, "embedded": held["embedded"], "lengths": LENGTHS, "packed": PACKED, "output": PACKED,
                    "hidden": STATE, "cell": STATE}  # fmt: skip
    after = {variable.name: variable for variable in timeline.variables(row(timeline, "RNN.forward", 1))}
    assert after["logits"].note == LOGITS and after["logits"].seen == row(timeline, "RNN.forward", 1)


def test_data_are_variables_in_a_few_words(timeline: Timeline) -> None:
    (first, *_) = timeline.variables(row(timeline, "vocabulary"))
    assert first.note == ValueNote("vocabulary", "vocabulary: 12 words")


def bound(binds: tuple[str, ...], output: Any) -> list[Named]:
    record = Record()
    record.add(Call(what="f", binds=binds, output=output))
    return Timeline(record).bound(0)


def test_results_are_opened_as_the_learner_opened_them() -> None:
    pair = GroupNote("tuple", (Named("", TEXT), Named("", HIDDEN)))
    assert bound(("both",), pair) == [Named("both", pair)]
    assert bound(("(a, b)",), pair) == bound(("a", "b"), pair) == [Named("a", TEXT), Named("b", HIDDEN)]
    nested = GroupNote("tuple", (Named("", TEXT), Named("", pair)))
    assert [item.name for item in bound(("a", "(b, c)"), nested)] == ["a", "b", "c"]
    assert bound(("a", "b", "c"), pair) == [] and bound(("a",), None) == []
    # A tensor that is unpacked gives its slices along the first axis.
    rows = bound(("x", "y"), TEXT)
    assert [item.note for item in rows] == [TensorNote((3,), TEXT.axes[1:], "int64")] * 2


def test_layers_of_a_container_bind_in_the_function_that_calls_it() -> None:
    source = "def forward(self, x):\n    y = self.layers(x)\n    return y\n"
    place = Place("a.py", 2, 8, 2, 22)
    record = Record()
    record.add_source("a.py", source)
    model = record.add(Scope(function="M.forward", place=Place("b.py", 1))).n
    layers = record.add(Scope(function="Sequential.forward", place=place, inputs=(Named("x", TEXT),), inside=model)).n
    record.add(Call(what="linear", place=place, inside=layers, output=HIDDEN))
    record.add(Call(what="linear", place=place, inside=layers, output=LOGITS, binds=("y",)))
    record.add(Call(what="relu", place=Place("a.py", 3, 11, 3, 12), inside=model, inputs=(Named("y", LOGITS),)))
    timeline = Timeline(record)
    assert names(timeline, 3) == "x y*" and names(timeline, 4) == "x y"


def test_what_a_line_made_says_more_than_that_it_changed() -> None:
    record = Record()
    record.add_source("a.py", "words = build(rows)\nrate = 1\nwords = 3\n")
    record.add(Data(what="vocabulary", id=1, name="words", counts={"words": 9.0}, place=Place("a.py", 1, 8, 1, 19)))
    record.add(Locals(place=Place("a.py", 1, 0, 1, 19), changed=(Named("words", ValueNote("Vocab")),)))
    record.add(Locals(place=Place("a.py", 2), changed=(Named("rate", ValueNote("int", "1")),)))
    record.add(Locals(place=Place("a.py", 3), changed=(Named("words", ValueNote("int", "3")),)))
    timeline = Timeline(record)
    assert timeline.variables(1) == [("words", ValueNote("vocabulary", "vocabulary: 9 words"), 0, True)]
    assert names(timeline, 2) == "words rate*"
    assert timeline.variables(3)[0] == ("words", ValueNote("int", "3"), 3, True)


def test_a_record_that_lies_about_its_nesting_is_still_walked() -> None:
    record = Record()
    record.add(Said(text="a", inside=5))
    record.add(Scope(function="f", inside=1))
    record.add(Scope(function="g", phase="out", inside=-7))
    record.add(Loop(kind="x", executed=1, inside=10**15))
    timeline = Timeline(record)
    for n in timeline.rows:
        for step in (timeline.next, timeline.back, timeline.into, timeline.out, timeline.over):
            assert step(n).n in timeline.rows
        assert timeline.stack(n) == [] or timeline.depth(n) < 5
        assert timeline.variables(n) == [] and timeline.place(n) is None
