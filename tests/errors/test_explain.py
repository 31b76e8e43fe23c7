"""The catalogue, the order in which it is asked, errors raised from others, and the note under an error."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest
import torch
from broken import Model, Packing, ids, lengths, told
from torch import Tensor, nn

from rnnlab.errors import catalogue, explain
from rnnlab.errors.kit import expected_and_got, sized
from rnnlab.facts import Axis, Crash
from rnnlab.record import Record
from rnnlab.stages import STAGE_NAMES
from rnnlab.verbs.trace import trace
from rnnlab.verbs.watch import watch
from rnnlab.watching.watch import Watch, new_record


def test_every_explanation_has_a_name_of_its_own_and_stands_in_a_stage() -> None:
    entries = catalogue()
    assert {entry.stage for entry in entries} <= set(STAGE_NAMES)
    by_name: dict[str, object] = {}
    for entry in entries:
        assert by_name.setdefault(entry.name, entry.function) is entry.function, entry.name
        assert entry.function.__doc__ and entry.errors
    assert len(by_name) > 50


def test_every_explanation_of_the_catalogue_is_provoked_by_some_test() -> None:
    files = [path for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__)]
    written = "\n".join(path.read_text(encoding="utf-8") for path in files)
    assert [entry.name for entry in catalogue() if f'"{entry.name}"' not in written] == []


def test_an_error_without_an_explanation_still_tells_the_operands() -> None:
    def program() -> None:
        hidden, mask = torch.zeros(3, 5), torch.ones(4, 5)
        hidden * mask

    found = told(program, error=RuntimeError)
    assert found.name == ""
    assert found.explanation.happened == "`hidden * mask`: hidden is (3, 5) float32, mask is (4, 5) float32."


def test_an_error_that_speaks_for_itself_is_left_alone() -> None:
    def program() -> None:
        raise ValueError("no such review")

    assert explain(told(program).record) is None


def test_the_error_behind_another_one_is_explained_at_its_own_line() -> None:
    def program() -> None:
        try:
            Model(wants=10)(ids(7, 3))
        except RuntimeError as error:
            raise SystemError("training failed") from error

    found = told(program, error=SystemError)
    assert found.name == "head_twice_as_wide_for_one_direction"
    assert found.line == "return self.fc(self.state(output, hidden))"


def test_what_happened_in_a_later_cell_explains_nothing() -> None:
    def program() -> None:
        torch.zeros(3, 5) * torch.ones(4, 5)

    record = new_record()
    for one in (program, lambda: Model(wants=10)(ids(7, 3))):
        with pytest.raises(RuntimeError), Watch(record).looking():
            one()
    first, last = record.ask(Crash)
    one, other = explain(record, first), explain(record, last)
    assert one is not None and one.name == "" and "(4, 5)" in one.happened
    assert other is not None and other.name == "head_twice_as_wide_for_one_direction"


def test_a_saved_record_is_explained_in_the_same_words(tmp_path: Path) -> None:
    found = told(Packing(), ids(3, 7), lengths(7, 3))
    saved = found.record.save(tmp_path / "run.rnnlab")
    assert explain(Record.load(saved)) == found.explanation


def test_a_trace_that_fails_says_what_it_means_under_the_error() -> None:
    with pytest.raises(RuntimeError) as raised:
        trace(Model(wants=10), ids(7, 3))
    (note,) = raised.value.__notes__
    assert note.startswith("rnnlab: head_twice_as_wide_for_one_direction, broken.py:")
    assert "  what it means: in_features=10 = 2*hid: this head expects a bidirectional LSTM" in note
    assert note in "".join(traceback.format_exception(raised.value))
    assert isinstance(raised.value.record.last(Crash), Crash)  # type: ignore[attr-defined]


def test_a_watched_block_that_fails_says_it_once() -> None:
    with pytest.raises(RuntimeError) as raised, watch():
        trace(Model(wants=10), ids(7, 3))
    assert len(raised.value.__notes__) == 1


def test_an_error_of_which_nothing_is_known_gets_no_note() -> None:
    class Own(nn.Module):
        def forward(self, text: Tensor) -> Tensor:
            raise ValueError("not like this")

    with pytest.raises(ValueError, match="not like this") as raised:
        trace(Own(), ids(7, 3))
    assert not hasattr(raised.value, "__notes__")


def test_sizes_are_written_with_their_names() -> None:
    assert sized((64, 3), (Axis("batch"), Axis())) == "(batch=64, 3)"
    assert sized(None) == "of unknown shape" and sized(()) == "()"


def test_expected_and_got_sizes_are_read() -> None:
    assert expected_and_got("Expected hidden[0] size (2, 44, 256), got [2, 64, 256]") == ((2, 44, 256), (2, 64, 256))
    assert expected_and_got("Expected hidden size (1, 3, 5), got [1, 4, 5]") == ((1, 3, 5), (1, 4, 5))
    assert expected_and_got("Expected something else") is None
