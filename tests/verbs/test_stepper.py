"""The stepper: what the learner types, where it leads, and the quiz."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable

import pytest

from rnnlab.facts import Axis, Call, GroupNote, Named, Place, Scope, TensorNote
from rnnlab.record import Record
from rnnlab.stages import STAGES
from rnnlab.verbs.replay import step_record
from rnnlab.verbs.stepper import Quit, Stepper
from rnnlab.views import terminal

AXES = {
    "t": Axis("seq_len"),
    "b": Axis("batch"),
    "e": Axis("emb"),
    "h": Axis("hid"),
    "c": Axis("classes"),
    "l": Axis("layers"),
}
SIZES = {"t": 12, "b": 4, "e": 8, "h": 6, "c": 2, "l": 1}


def tensor(axes: str) -> TensorNote:
    return TensorNote(tuple(SIZES[a] for a in axes), tuple(AXES[a] for a in axes), "float32")


def story() -> Record:
    """A record with every stage in it, and a forward pass with shapes."""
    record = Record()
    text = "".join(f"line {i}\n" for i in range(20))
    record.add_source("model.py", text)
    state = GroupNote("tuple", (Named("", tensor("lbh")), Named("", tensor("lbh"))))
    results = {
        "embed": ("embedding", "tb", tensor("tbe"), ("embedded",)),
        "rnn": (
            "lstm",
            "tbe",
            GroupNote("tuple", (Named("", tensor("tbh")), Named("", state))),
            ("output", "(hidden, cell)"),
        ),
        "squeeze": ("squeeze", "lbh", tensor("bh"), ("hidden",)),
        "head": ("linear", "bh", tensor("bc"), ("logits",)),
    }
    for stage in STAGES:
        if stage.name in results:
            what, given, made, binds = results[stage.name]
            place = Place("model.py", stage.number, 0, stage.number, 4)
            record.add(
                Call(
                    what=what,
                    stage=stage.name,
                    place=place,
                    inputs=(Named("given", tensor(given)),),
                    output=made,
                    binds=binds,
                )
            )
        else:
            record.add(Scope(function=stage.name, stage=stage.name))
    return record


class Learner:
    """Types what a script says and remembers what was asked; at its end the input ends."""

    def __init__(self, answers: Iterable[str]) -> None:
        self.answers, self.asked = iter(answers), []

    def __call__(self, prompt: str) -> str:
        self.asked.append(prompt)
        try:
            return next(self.answers)
        except StopIteration:
            raise EOFError from None


def walk(*answers: str, pause: bool = True, quiz: bool = False) -> tuple[list[str], str, Learner]:
    """Step through the story; return the stages in the order in which they were shown, the whole output, and the learner."""
    console, learner = terminal.console(file=io.StringIO()), Learner(answers)
    step_record(story(), pause=pause, quiz=quiz, console=console, read=learner)
    output = console.file.getvalue()  # type: ignore[attr-defined]
    return re.findall(r"─ +\d+ of 13 (\w+) ·", output), output, learner


NAMES = [stage.name for stage in STAGES]


def test_without_a_pause_all_stages_are_shown_and_nothing_is_asked() -> None:
    shown, output, learner = walk(pause=False)
    assert shown == NAMES and learner.asked == []
    assert "unseen, so not judged" in output


def test_enter_goes_on_stage_by_stage() -> None:
    shown, _, learner = walk(*[""] * 13)
    assert shown == NAMES and len(learner.asked) == 13
    assert learner.asked[0].startswith("[1/13 load] Enter next · b back")


@pytest.mark.parametrize("word", ["q", "quit", " EXIT "])
def test_q_quits_at_once(word: str) -> None:
    shown, output, _ = walk("", word)
    assert shown == NAMES[:2] and "not judged" not in output


def test_b_goes_back_and_enter_forward_again() -> None:
    assert (
        walk("", "", "b", "b", "", "", "", "q")[0] == "load tokenize split tokenize load tokenize split vocab".split()
    )


def test_back_from_the_first_stage_stays_there() -> None:
    assert walk("b", "b", "q")[0] == ["load"] * 3


@pytest.mark.parametrize("word", ["7", "rnn", " RNN "])
def test_a_number_or_a_name_jumps_ahead(word: str) -> None:
    assert walk(word, "q")[0] == ["load", "rnn"]


def test_after_a_jump_ahead_what_was_passed_can_be_seen() -> None:
    assert walk("9", "split", "", "q")[0] == ["load", "head", "split", "vocab"]


def test_a_jump_back_is_no_new_start() -> None:
    shown = walk("3", "1", "", "", "", "q")[0]
    assert shown == ["load", "split", "load", "tokenize", "split", "vocab"]


def test_a_question_mark_explains_the_stage_that_is_shown() -> None:
    _, output, _ = walk("?", "3", "b", "?", "q")
    assert output.count("? load") == 1 and output.count("? tokenize") == 1


def test_an_unknown_word_is_answered_with_the_names_and_asked_again() -> None:
    shown, output, learner = walk("dance", "14", "[red]", "q")
    assert shown == ["load"] and len(learner.asked) == 4
    assert output.count("no stage is called") == 3 and "no stage is called '[red]'" in output


def test_the_end_of_the_input_shows_the_rest_without_asking() -> None:
    shown, output, learner = walk("", "")
    assert shown == NAMES and len(learner.asked) == 3 and "not judged" in output


def test_a_stage_that_is_not_in_the_record_is_said_to_be_missing() -> None:
    record, learner = Record(), Learner(["predict", "b", "q"])
    record.add(Scope(function="load", stage="load"))
    console = terminal.console(file=io.StringIO())
    step_record(record, pause=True, console=console, read=learner)
    output = console.file.getvalue()  # type: ignore[attr-defined]
    assert "that stage is not in this record" in output and output.count("1 of 13") == 2


def test_quitting_is_told_to_whoever_runs_the_program() -> None:
    stepper = Stepper(story(), terminal.console(file=io.StringIO()), read=Learner(["q"]))
    with pytest.raises(Quit):
        stepper.reached(STAGES[0])


# --- the quiz --------------------------------------------------------------------------------------------------------


def quiz(*answers: str, pause: bool = False) -> tuple[str, Learner]:
    _, output, learner = walk(*answers, pause=pause, quiz=True)
    return output, learner


def test_a_right_shape_counts_however_it_is_written() -> None:
    for answers in (
        ["12 4 8", "(1, 4, 6)", "4,6", "[4 x 2]"],
        ["seq_len batch emb", "layers, batch, hid", "batch hid", "(batch, classes)"],
        ["12x4x8", "1 batch hid", "4 6", "4 2"],
    ):
        output, learner = quiz(*answers)
        assert len(learner.asked) == 4 and output.count("right: ") == 4
        assert "quiz: 4 of 4 shapes right" in output


def test_a_wrong_shape_is_answered_with_the_right_one_and_its_names() -> None:
    output, _ = quiz("4 12 8", "-", "", "nonsense", "batch hid")
    assert "it is: (seq_len=12, batch=4, emb=8)   score 0/1" in output
    assert output.count("that is no shape") == 1  # asked again
    assert "it is: (1, batch=4, hid=6)" in output and "quiz: 0 of 2 shapes right" in output  # two were skipped


def test_the_quiz_asks_before_it_shows() -> None:
    output, _ = quiz("12 4 8")
    assert output.index("quiz  given (seq_len=12, batch=4) float32  →  embedded (?)") < output.index("6 of 13 embed")
    assert "line 5" in output  # the learner's own line


def test_the_end_of_the_input_ends_the_quiz_and_keeps_the_score() -> None:
    output, learner = quiz("12 4 8")
    assert len(learner.asked) == 2 and "quiz: 1 of 1 shapes right" in output
    assert output.count("quiz  given") == 2 and "13 of 13 predict" in output


def test_each_stage_is_asked_once_however_often_it_is_seen() -> None:

    output, learner = quiz("embed", "12 4 8", "b", "", "b", "", "q", pause=True)
    assert sum("sizes, such as" in prompt for prompt in learner.asked) == 1
    assert "quiz: 1 of 1 shapes right" in output


def test_a_quiz_that_was_never_asked_has_no_score() -> None:
    output, _ = quiz("q", pause=True)
    assert "shapes right" not in output
