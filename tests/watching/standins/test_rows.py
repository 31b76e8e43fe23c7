"""Made-up reviews: of both kinds, short, and marked row by row."""

from __future__ import annotations

import random
import re

import pytest

from rnnlab.watching.standins.rows import group_mark, reviews, row_mark


def test_both_kinds_are_there_equally_often() -> None:
    kinds = [review.kind for review in reviews("train", 100)]
    assert sum(kinds) == 50
    assert kinds[:10] != sorted(kinds[:10])


def test_every_row_has_a_word_of_its_own_as_often_as_asked() -> None:
    made = reviews("train", 60, times=3)
    marks = [row_mark("train", row) for row in range(60)]
    assert len(set(marks)) == 60
    for row, review in enumerate(made):
        words = review.text.split()
        assert words.count(marks[row]) == 3
        assert not set(words) & {mark for other, mark in enumerate(marks) if other != row}
        assert group_mark("train") in words


def test_marks_survive_cleaning_and_tell_splits_apart() -> None:
    assert re.fullmatch(r"[a-z]+", row_mark("movie_data.csv", 25_000 % 400))
    assert group_mark("train") != group_mark("test")
    assert group_mark("2021") == "markedrows"


def test_no_review_needs_quoting() -> None:
    assert not any(set(review.text) & set(",;\t|\"'<>") for review in reviews("test", 200))


def test_they_are_the_same_each_time_and_draw_nothing_from_the_program() -> None:
    random.seed(1)
    before = random.getstate()
    assert reviews("valid", 20) == reviews("valid", 20)
    assert random.getstate() == before


@pytest.mark.parametrize("group", ["train", "test"])
def test_they_are_short(group: str) -> None:
    assert max(len(review.text.split()) for review in reviews(group)) < 70
