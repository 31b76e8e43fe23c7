"""Facts are frozen plain data."""

from __future__ import annotations

import msgspec
import pytest

from rnnlab.facts import Axis, Call, GroupNote, Named, PackedNote, TensorNote, ValueNote, makers, tensors

HIDDEN = TensorNote((1, 4, 8), (Axis("layers"), Axis("batch"), Axis("hid")), "float32", made_by=(3,))
CELL = TensorNote((1, 4, 8), made_by=(3, 5))
PACKED = PackedNote(tokens=9, seq_len=4, batch=3, made_by=(2,))
LSTM = GroupNote("tuple", (Named("", PACKED), Named("", GroupNote("tuple", (Named("", HIDDEN), Named("", CELL))))))


def test_a_fact_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Call(what="lstm").what = "gru"  # type: ignore[misc]


def test_all_tensors_of_a_note_are_found_in_order() -> None:
    assert tensors(LSTM) == [HIDDEN, CELL]
    assert tensors(HIDDEN) == [HIDDEN]
    assert tensors(None) == tensors(ValueNote("int", "3")) == []


def test_the_makers_of_a_note_are_those_of_all_its_parts() -> None:
    assert makers(LSTM) == {2, 3, 5}
    assert makers(None) == makers(ValueNote("int")) == set()


def test_an_unknown_axis_is_a_question_mark() -> None:
    assert Axis() == Axis("?", "unknown")
    assert msgspec.json.encode(Axis("batch", "declared")) == b'["batch","declared"]'
