"""Sizes are fitted in whole numbers: a function is named where it is the only one, and is right wherever it is asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.probing.reshaping import Reshaped, reshaped
from rnnlab.probing.sizes import Fit, factored, factors, fit, moves_as, sizes_of, unbracketed

FIRST = [{"seq_len": t, "batch": b} for t, b in ((40, 5), (13, 7), (17, 7), (13, 11))]
ALL = [*FIRST, *({"seq_len": t, "batch": b} for t, b in ((18, 7), (19, 11), (20, 10)))]
ELSEWHERE = [{"seq_len": t, "batch": b} for t in range(30, 47) for b in (1, 2, 9)]


@pytest.mark.parametrize(
    ("size", "name"),
    [
        (lambda t, b: t, "seq_len"),
        (lambda t, b: b, "batch"),
        (lambda t, b: t - 2, "seq_len-2"),
        (lambda t, b: 3 * b, "3*batch"),
        (lambda t, b: 2 * t + 1, "2*seq_len+1"),
        (lambda t, b: t * b, "seq_len*batch"),
        (lambda t, b: 2 * t * b, "2*seq_len*batch"),
        (lambda t, b: (t - 2) * b, "(seq_len-2)*batch"),
        (lambda t, b: (t - 2) // 2, "(seq_len-2)//2"),
        (lambda t, b: t // 3, "seq_len//3"),
        (lambda t, b: (t + 1) // 4 * b, "((seq_len+1)//4)*batch"),
    ],
)
def test_a_size_is_named_after_what_it_moves_with(size, name: str) -> None:
    assert fit([size(**letters(one)) for one in ALL], ALL) == Fit(name)


def letters(setting: dict[str, int]) -> dict[str, int]:
    return {"t": setting["seq_len"], "b": setting["batch"]}


@pytest.mark.parametrize(
    "size", [lambda t, b: t + b, lambda t, b: t * t, lambda t, b: 100 - t, lambda t, b: max(t, 18), lambda t, b: t % 5]
)
def test_a_size_that_is_no_such_function_has_no_name(size) -> None:
    assert fit([size(**letters(one)) for one in ALL], ALL) == Fit()


def test_a_constant_is_no_function_of_the_input() -> None:
    assert fit([13] * 7, ALL) == Fit(constant=True)


def test_where_two_functions_go_through_all_points_neither_is_named() -> None:
    odd = [{"seq_len": t, "batch": 3} for t in (11, 13, 17)]
    assert fit([5, 6, 8], odd) == Fit()  # seq_len//2 and (seq_len-1)//2


def test_lengths_have_names_of_their_own() -> None:
    settings = [{**one, "tokens": 60 + 3 * i * i, "max(lengths)": 6 + i * i} for i, one in enumerate(ALL)]
    assert fit([one["tokens"] for one in settings], settings) == Fit("tokens")
    assert fit([one["max(lengths)"] - 1 for one in settings], settings) == Fit("max(lengths)-1")
    assert moves_as("max(lengths)*hid", [5 * one["max(lengths)"] for one in settings], settings)


@given(st.integers(1, 5), st.integers(-9, 9), st.integers(1, 6), st.sampled_from(["", "batch"]))
def test_a_name_is_right_at_sizes_that_were_never_seen(slope: int, offset: int, stride: int, factor: str) -> None:
    def size(one: dict[str, int]) -> int:
        return (slope * one["seq_len"] + offset) // stride * one.get(factor, 1)

    found = fit([size(one) for one in ALL], ALL)
    if found.known:
        assert sizes_of(found.name, ELSEWHERE) == [size(one) for one in ELSEWHERE]
    if (slope == 1 or stride == 1) and stride <= 4 and not found.constant:
        assert found.known


@given(st.integers(1, 5), st.integers(-9, 9), st.integers(1, 16))
def test_with_a_few_runs_a_name_is_missing_rather_than_wrong(slope: int, offset: int, stride: int) -> None:
    sizes = [(slope * one["seq_len"] + offset) // stride for one in FIRST]
    found = fit(sizes, FIRST)
    if found.known:
        assert sizes_of(found.name, FIRST) == sizes and moves_as(found.name, sizes, FIRST)


def test_an_axis_moves_as_its_name_says_or_does_not() -> None:
    seq_len = [one["seq_len"] for one in ALL]
    assert moves_as("seq_len", seq_len, ALL) and not moves_as("batch", seq_len, ALL)
    assert moves_as("hid", [8] * 7, ALL) and not moves_as("hid", seq_len, ALL)
    assert moves_as("seq_len*hid", [8 * n for n in seq_len], ALL)
    assert not moves_as("batch*hid", [8 * n for n in seq_len], ALL)
    assert not moves_as("2*seq_len", seq_len, ALL)


def test_names_are_taken_apart_and_put_together() -> None:
    assert factors("(seq_len-2)*batch*hid") == ["(seq_len-2)", "batch", "hid"]
    assert factors("2*seq_len+1") == ["2*seq_len+1"] and factors("max(lengths)*hid") == ["max(lengths)", "hid"]
    assert factored("seq_len-2") == "(seq_len-2)" and factored("batch") == "batch"
    assert factored("(seq_len-2)//2") == "((seq_len-2)//2)"
    assert unbracketed("(seq_len-2)") == "seq_len-2" and unbracketed("(a)*(b)") == "(a)*(b)"
    assert sizes_of("seq_len*hid", ALL) is None


def view(names: str, *shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> list[Reshaped]:
    settings = [{"seq_len": t, "batch": b} for t, b in ((13, 7), (17, 11))]
    return reshaped(names.split(), shapes, settings)


def test_a_view_merges_and_splits_axes_in_their_order() -> None:
    merged = view("seq_len batch hid", ((13, 7, 4), (91, 4)), ((17, 11, 4), (187, 4)))
    assert merged == [Reshaped("seq_len*batch", True), Reshaped("hid", True)]
    split = view("seq_len*batch hid", ((91, 4), (13, 7, 4)), ((187, 4), (17, 11, 4)))
    assert [one.name for one in split] == ["seq_len", "batch", "hid"]


def test_a_view_that_reads_in_another_order_has_no_such_axes() -> None:
    swapped = view("seq_len batch hid", ((13, 7, 4), (7, 13, 4)), ((17, 11, 4), (11, 17, 4)))
    assert swapped == [Reshaped(), Reshaped(), Reshaped("hid", True)]
    states = view("layers batch hid", ((2, 7, 4), (7, 8)), ((2, 11, 4), (11, 8)))
    assert states == [Reshaped(), Reshaped()]
