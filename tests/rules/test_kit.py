"""The form that every rule has, and what a rule is made of."""

from __future__ import annotations

import re

import pytest

from rnnlab.facts import Axis, Call, Data, Gap, Loop, Named, Place, TensorNote
from rnnlab.record import Record
from rnnlab.report import judge
from rnnlab.rules.kit import (
    LEVELS,
    Rule,
    Splits,
    Unseen,
    catalogue,
    expression,
    nearest_before,
    never,
    numbers_in,
    role_in_words,
    roles_in,
    rule,
    walk_back,
)
from rnnlab.stages import STAGE_NAMES

RULES = pytest.mark.parametrize("rule", catalogue().values(), ids=catalogue())


# --- the form ------------------------------------------------------------------------------------------------------


@RULES
def test_form_of_a_rule(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+){1,7}", rule.name)
    assert rule.stage in STAGE_NAMES
    assert rule.level in LEVELS
    assert rule.needs or judge(Record(), [rule]).outcomes[0].status == "unseen"
    assert all(re.fullmatch(r"[a-z]+([ _][a-z]+)*_?", need) for need in rule.needs)
    assert rule.title
    assert not rule.title.endswith(".")
    assert "_" not in rule.title


def test_rules_are_in_the_order_of_the_stages() -> None:
    stages = [STAGE_NAMES.index(rule.stage) for rule in catalogue().values()]
    assert stages == sorted(stages)
    assert len(stages) >= 8


def test_a_rule_outside_of_a_stage_is_refused() -> None:
    with pytest.raises(TypeError, match="rules/<stage>/<mistake>"):
        rule(level="risk", needs=("split",))(lambda record: iter(()))


# --- absence -------------------------------------------------------------------------------------------------------


def record_of(*facts: object) -> Record:
    record = Record()
    for fact in facts:
        record.add(fact)  # type: ignore[type-var]
    return record


def test_never_answers_unseen_where_something_could_not_be_followed() -> None:
    call = Call(what="lstm")
    clean, gapped = record_of(call), record_of(call, Gap(what="watching", why="a step was lost"))
    assert never([call], lambda fact: fact.what == "gru", clean)
    assert not never([call], lambda fact: fact.what == "lstm", gapped)
    with pytest.raises(Unseen, match="a step was lost"):
        never([call], lambda fact: fact.what == "gru", gapped)


# --- who is who ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("test_data", "test"),
        ("X_val", "valid"),
        ("validationLoader", "valid"),
        ("TRAIN", "train"),
        ("trainData", "train"),
        ("dev_set", "valid"),
        ("contest", None),
        ("latest", None),
        ("train_test", None),
        ("dataset", None),
    ],
)
def test_role_in_words(name: str, role: str | None) -> None:
    assert role_in_words(name) == role


def test_nearest_word_before_a_number() -> None:
    text = "train acc 0.91 | Test acc 0.85"
    first, second = numbers_in(text)
    assert nearest_before(roles_in(text), first.start) == "train"
    assert nearest_before(roles_in(text), second.start) == "test"
    assert nearest_before(roles_in("0.5 test"), 0) is None


def split(number: int, parent: int, position: int, of: int, name: str = "", examples: int = 50) -> Data:
    counts = {"examples": float(examples), "position": float(position), "of": float(of)}
    return Data(what="split", id=number, name=name, made_from=(parent,), counts=counts)


WHOLE = Data(what="dataset", id=1, name="reviews", counts={"examples": 100.0})


def test_roles_by_position_where_names_say_nothing() -> None:
    splits = Splits(
        record_of(WHOLE, split(2, 1, 0, 2, "a"), split(3, 1, 1, 2, "b"), split(4, 2, 0, 2), split(5, 2, 1, 2))
    )
    assert [splits.role(n) for n in (1, 2, 3, 4, 5, 99)] == ["all", "train", "test", "train", "valid", None]
    assert splits.parts(1) == [4, 5, 3]
    assert splits.holds(1, "valid")
    assert not splits.holds(2, "test")
    three = Splits(record_of(WHOLE, *(split(2 + i, 1, i, 3, examples=34) for i in range(3))))
    assert [three.role(n) for n in (2, 3, 4)] == ["train", "valid", "test"]


def test_what_was_trained_on_is_training_whatever_its_name() -> None:
    loader = Data(what="loader", id=7, name="test_loader", made_from=(1,))
    splits = Splits(record_of(WHOLE, loader, Loop(kind="training", over=7)))
    assert splits.role(1) == splits.role(7) == "train"


def test_a_piece_cut_out_for_trying_leaves_the_whole_as_it_is() -> None:
    train = split(2, 1, 0, 2, "train", 80)
    splits = Splits(record_of(WHOLE, train, split(3, 1, 1, 2, "test", 20), split(4, 2, 0, 1, "few", 10)))
    assert not splits.is_cut_up(2)
    assert splits.parts(1) == [2, 3]
    assert splits.role(4) == "train"


# --- what was printed ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "share", "shown"),
    [
        ("0.85", 0.8561, False),
        ("0.85", 0.8541, True),
        ("0.8541", 0.85412, True),
        ("85.4%", 0.8541, True),
        ("85.41 %", 0.8541, True),
        ("85.41", 0.8541, True),
        ("85", 0.8541, False),
        ("85 %", 0.8541, True),
        ("1", 1.0, False),
        ("100%", 1.0, True),
        ("1.00", 1.0, True),
        ("58.53658676147461", 48 / 82, True),
        ("3.2e-05", 0.000032, True),
        ("0.5%", 0.5, False),
    ],
)
def test_a_printed_number_shows_a_share_in_its_own_digits(text: str, share: float, shown: bool) -> None:
    (number,) = numbers_in(f"accuracy: {text}.")
    assert number.shows(share) is shown


def test_words_with_digits_and_versions_are_no_numbers() -> None:
    assert numbers_in("conv2d v1.2.3 w17 3x3") == []
    assert not numbers_in("1e999")


# --- what made what ------------------------------------------------------------------------------------------------


def made_by(*numbers: int) -> tuple[Named, ...]:
    return (Named("x", TensorNote((2,), (Axis(),), made_by=numbers)),)


def test_walk_back_goes_through_every_maker_once() -> None:
    record = record_of(Call(what="a"), Call(what="b", inputs=made_by(0)), Call(what="c", inputs=made_by(0, 1, 77)))
    assert [fact.n for fact in walk_back(record, made_by(2))] == [2, 0, 1]


def test_expression_is_the_source_of_a_place() -> None:
    record = Record()
    record.add_source("a.py", "x = 1\nloss = f(x) + 2\n")
    assert expression(record, Place("a.py", 2, 7, 2, 11)) == "f(x)"
    assert expression(record, Place("a.py", 2)) == "loss = f(x) + 2"
    assert expression(record, Place("a.py", 9)) == expression(record, None) == "?"
