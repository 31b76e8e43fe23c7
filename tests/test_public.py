"""The public names of the package."""

from __future__ import annotations

import pytest

import rnnlab


def test_every_public_name_is_there() -> None:
    for name in rnnlab.__all__:
        assert getattr(rnnlab, name) is not None
    assert set(rnnlab.__all__) < set(dir(rnnlab))


def test_the_lazy_names_are_those_of_the_table() -> None:
    assert sorted(rnnlab._WHERE) == sorted(rnnlab.__all__)


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(AttributeError, match="rnnlab has no 'explode'; it has Record, assert_axes, check"):
        _ = rnnlab.explode


def test_public_verbs_say_what_they_are_for() -> None:
    for name in rnnlab.__all__:
        assert getattr(rnnlab, name).__doc__
