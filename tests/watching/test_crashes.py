"""What is noted of an exception: where, what the operation was given, and what led to it."""

from __future__ import annotations

import contextlib
import gc
import importlib
import linecache
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from small_models import Plain, text
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from rnnlab import sources
from rnnlab.facts import Call, Crash, Gap, Loop, Named, TensorNote, ValueNote
from rnnlab.record import Record
from rnnlab.watching import causes
from rnnlab.watching.watch import Watch, new_record


def crashed(program: Callable[[], Any], record: Record | None = None) -> tuple[Crash, Record, BaseException]:
    record = new_record() if record is None else record
    with pytest.raises(Exception) as raised, Watch(record).looking():
        program()
    crash = record.last(Crash)
    assert crash is not None
    return crash, record, raised.value


def source(record: Record, crash: Crash) -> str:
    assert crash.place is not None
    return sources.cut(record.text_of(crash.place), crash.place)


def shapes(items: tuple[Named, ...]) -> dict[str, str]:
    """Return `{"hidden": "batch=3 hid=5"}` of the tensors among named notes."""
    return {
        item.name: " ".join(
            f"{axis.name}={size}" for axis, size in zip(item.note.axes, item.note.shape or (), strict=True)
        )
        for item in items
        if isinstance(item.note, TensorNote)
    }


class Wrong(Plain):
    def forward(self, text: Tensor) -> Tensor:
        size = text.size(1)
        output, (hidden, cell) = self.rnn(self.embedding(text))
        return self.fc(torch.cat((hidden[-1], hidden[-1]), dim=1)).view(size, -1)


# --- where ---------------------------------------------------------------------------------------------------------------


def test_the_place_is_the_exact_span_and_the_way_to_it_is_kept() -> None:
    def train() -> None:
        model = Wrong()
        model(text(6, 3))

    crash, record, _ = crashed(train)
    assert source(record, crash) == "self.fc(torch.cat((hidden[-1], hidden[-1]), dim=1))"
    way = [sources.cut(record.text_of(place), place) for place in crash.through]
    assert way == ["program()", "model(text(6, 3))"]


def test_a_place_after_letters_that_take_several_bytes_counts_characters() -> None:
    crash, record, _ = crashed(lambda: ("größer", nn.Linear(2, 2)(torch.zeros(1, 3))))
    assert source(record, crash) == "nn.Linear(2, 2)(torch.zeros(1, 3))"


def test_a_plain_error_of_the_program_has_a_place() -> None:
    def program() -> None:
        words: list[str] = []
        print(words[0] + "!")

    crash, record, _ = crashed(program)
    assert (crash.error, source(record, crash), crash.what) == ("IndexError", "words[0]", "")


def test_the_place_is_where_the_error_left_not_where_the_clean_up_ended() -> None:
    def program() -> None:
        try:
            int("x")
        finally:
            print("later")

    crash, record, _ = crashed(program)
    assert source(record, crash) == 'int("x")'


def test_of_a_loop_only_the_head_is_the_place() -> None:
    def program() -> None:
        for number in map(int, "12x"):
            print(number)
            print("a second line")

    crash, record, _ = crashed(program)
    assert source(record, crash) == 'for number in map(int, "12x")'


def test_of_a_failed_unpacking_the_whole_assignment_is_the_place() -> None:
    def program() -> None:
        first, second = [1, 2, 3]

    crash, record, _ = crashed(program)
    assert source(record, crash) == "first, second = [1, 2, 3]"


def test_a_file_that_python_cannot_read_has_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "unreadable_part.py").write_text("x = 1\ndef f(:\n    pass\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    crash, record, _ = crashed(lambda: importlib.import_module("unreadable_part"))
    assert crash.error == "SyntaxError" and crash.place is not None
    assert (Path(crash.place.file).name, crash.place.line, crash.place.column) == ("unreadable_part.py", 2, 6)
    assert record.line(crash.place) == "def f(:"
    assert "unreadable_part" not in sys.modules


def test_a_cell_of_a_notebook_is_named() -> None:
    file, code = "lesson.ipynb#3", "x = 1\ny = [x][1]\n"
    linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
    try:
        crash, record, _ = crashed(lambda: exec(compile(code, file, "exec"), {}))
    finally:
        del linecache.cache[file]
    assert crash.place is not None
    assert (crash.place.file, crash.place.cell, crash.place.line) == ("lesson.ipynb", 3, 2)
    assert source(record, crash) == "[x][1]"


def test_a_deep_recursion_keeps_its_two_ends() -> None:
    def deeper(n: int) -> int:
        return deeper(n + 1)

    crash, record, _ = crashed(lambda: deeper(0))
    assert crash.error == "RecursionError" and len(crash.through) == 20
    assert sources.cut(record.text_of(crash.through[1]), crash.through[1]) == "deeper(0)"


# --- what ----------------------------------------------------------------------------------------------------------------


def test_operands_weights_and_variables_are_noted_with_their_axes() -> None:
    model, given = Wrong(), text(6, 3)
    crash, _, _ = crashed(lambda: model(given))
    assert (crash.what, crash.stage) == ("linear", "head")
    assert crash.layer == "Linear(in_features=5, out_features=2, bias=True)"
    assert list(shapes(crash.inputs).values()) == ["batch=3 2*hid=10"]
    assert crash.inputs[0].name.startswith("torch.cat((hidden[-1], hidden[-1])")
    assert shapes(crash.parameters) == {"weight": "out_features=2 in_features=5", "bias": "out_features=2"}
    held = shapes(crash.variables)
    assert held["hidden"] == "layers=1 batch=3 hid=5" and held["text"] == "seq_len=6 batch=3"
    assert Named("size", ValueNote("int", "3")) in crash.variables


def test_what_an_operation_was_given_is_noted_before_it_ran() -> None:
    def program() -> None:
        hidden = torch.zeros(1, 3, 5)
        nn.Linear(4, 2)(hidden.squeeze_(0))

    crash, _, _ = crashed(program)
    assert list(shapes(crash.inputs).values()) == ["?=3 ?=5"]


def test_an_error_that_was_caught_is_not_mixed_up_with_a_later_one() -> None:
    def program() -> None:
        for step in (lambda: nn.Linear(4, 2)(torch.zeros(3, 5)), lambda: {}["key"]):
            try:
                step()
            except RuntimeError:
                continue

    crash, _, _ = crashed(program)
    assert (crash.error, crash.what, crash.inputs, crash.parameters) == ("KeyError", "", (), ())


def test_an_operation_is_found_behind_the_error_that_was_raised_from_it() -> None:
    def program() -> None:
        try:
            nn.Linear(4, 2)(torch.zeros(3, 5))
        except RuntimeError as error:
            raise ValueError("the model does not fit") from error

    crash, record, _ = crashed(program)
    assert (crash.error, crash.message, crash.what) == ("ValueError", "the model does not fit", "linear")
    (cause,) = crash.values["causes"]
    assert cause["error"] == "RuntimeError" and "shapes cannot be multiplied" in cause["message"]
    assert source(record, crash).startswith("raise ValueError")


def test_an_exception_that_cannot_say_itself_is_noted_all_the_same() -> None:
    class Silent(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    def program() -> None:
        raise Silent

    crash, _, _ = crashed(program)
    assert (crash.error, crash.message) == ("Silent", "")


def test_nothing_alive_is_kept_and_nothing_left_on_the_error() -> None:
    kept: list[weakref.ref[Tensor]] = []

    def program() -> None:
        hidden = torch.zeros(3, 5)
        kept.append(weakref.ref(hidden))
        nn.Linear(4, 2)(hidden)

    _, record, error = crashed(program)
    assert vars(error) == {}
    del error
    gc.collect()
    assert kept[0]() is None and len(record) > 0


def test_what_a_caught_error_was_given_lives_no_longer_than_the_error() -> None:
    kept: list[weakref.ref[Tensor]] = []

    def program() -> None:
        def attempt() -> None:
            hidden = torch.zeros(3, 5)
            kept.append(weakref.ref(hidden))
            nn.Linear(4, 2)(hidden)

        with contextlib.suppress(RuntimeError):
            attempt()
        gc.collect()
        assert kept[0]() is None

    with Watch(new_record()).looking():
        program()


def test_a_failure_of_our_own_leaves_the_learners_error_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> dict[str, Any]:
        raise RuntimeError("ours")

    monkeypatch.delenv("RNNLAB_STRICT")
    monkeypatch.setattr(causes, "measured_of", broken)
    crash, record, error = crashed(lambda: nn.Linear(4, 2)(torch.zeros(3, 5)))
    assert "shapes cannot be multiplied" in str(error)
    assert crash.error == "RuntimeError" and crash.place is not None
    gap = record.first(Gap)
    assert gap is not None and "ours" in gap.why


def test_measuring_draws_no_random_number_and_changes_no_tensor() -> None:
    torch.manual_seed(3)
    labels = torch.tensor([0, 5, 1])
    logits = torch.zeros(3, 2)
    before = torch.get_rng_state()
    crashed(lambda: F.cross_entropy(logits, labels))
    assert torch.equal(torch.get_rng_state(), before) and labels.tolist() == [0, 5, 1]


def test_the_last_turn_of_a_loop_is_told_before_the_crash() -> None:
    loader = DataLoader(TensorDataset(torch.arange(20).view(10, 2) % 7), batch_size=4)

    def program() -> None:
        table = nn.Embedding(11, 3)
        for (words,) in loader:
            embedded = table(words)
            embedded.view(4, 6)

    _, record, _ = crashed(program)
    embedded = list(record.ask(Call, what="embedding"))
    assert [call.output.shape for call in embedded if isinstance(call.output, TensorNote)] == [(4, 2, 3), (2, 2, 3)]
    ended = [loop for loop in record.ask(Loop) if loop.executed is not None]
    assert [loop.executed for loop in ended] == [3]
    assert isinstance(list(record)[-1], Crash)


def test_a_crash_comes_back_from_its_file(tmp_path: Path) -> None:
    record = new_record(tmp_path / "run.rnnlab")
    crash, _, _ = crashed(lambda: nn.Embedding(5, 2)(torch.tensor([[1, 9]])), record)
    record.close()
    assert Record.load(tmp_path / "run.rnnlab").last(Crash) == crash
    assert crash.values["bad"] == 9 and crash.values["bad_at"] == [0, 1]
