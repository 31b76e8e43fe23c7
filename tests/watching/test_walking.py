"""A loop that gives a cell one step after the other says which axis is seq_len, without a probe and whatever the sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
import torch
from small_models import calls
from torch import Tensor, nn

from rnnlab.facts import Crash, TensorNote
from rnnlab.record import Record
from rnnlab.verbs.trace import trace

Steps = Callable[[Tensor], Iterable[Tensor]]


class Walking(nn.Module):
    """A classifier that steps through its words by hand."""

    def __init__(self, steps: Steps, cell: type[nn.Module] = nn.GRUCell, emb: int = 5, hid: int = 5) -> None:
        super().__init__()
        self.embedding = nn.Embedding(11, emb)
        self.cell = cell(emb, hid)
        self.fc = nn.Linear(hid, 2)
        self.steps, self.hid, self.cell_class = steps, hid, cell

    def forward(self, text: Tensor) -> Tensor:
        embedded = self.embedding(text)
        pieces = list(self.steps(embedded))
        hidden = torch.zeros(pieces[0].shape[0], self.hid)
        state = (hidden, hidden) if self.cell_class is nn.LSTMCell else hidden
        for piece in pieces:
            state = self.cell(piece, state)
        return self.fc(state[0] if isinstance(state, tuple) else state)


def names(record: Record, what: str) -> str:
    """Return the axes that the first call of an operation gave."""
    note = calls(record, what)[0].output
    assert isinstance(note, TensorNote)
    return " ".join(axis.name for axis in note.axes)


TIME_FIRST: dict[str, Steps] = {
    "by index": lambda x: [x[t] for t in range(x.shape[0])],
    "backwards": lambda x: [x[t] for t in reversed(range(x.shape[0]))],
    "by index and slice": lambda x: [x[t, :, :] for t in range(x.shape[0])],
    "select": lambda x: [x.select(0, t) for t in range(x.shape[0])],
    "unbind": lambda x: x.unbind(0),
    "iteration": lambda x: x,
}
BATCH_FIRST: dict[str, Steps] = {
    "by index": lambda x: [x[:, t] for t in range(x.shape[1])],
    "select": lambda x: [x.select(1, t) for t in range(x.shape[1])],
    "unbind": lambda x: torch.unbind(x, dim=1),
    "transposed": lambda x: x.transpose(0, 1),
}


@pytest.mark.parametrize("cell", [nn.GRUCell, nn.LSTMCell, nn.RNNCell])
@pytest.mark.parametrize("way", TIME_FIRST)
def test_steps_along_the_first_axis(way: str, cell: type[nn.Module]) -> None:
    record = trace(Walking(TIME_FIRST[way], cell), torch.ones(5, 5, dtype=torch.long), probe=False)
    assert names(record, "embedding") == "seq_len batch emb"
    assert names(record, "linear") == "batch classes"
    assert names(record, "tensor") == "batch hid"  # the zeros that the loop began with


@pytest.mark.parametrize("way", BATCH_FIRST)
def test_steps_along_the_second_axis(way: str) -> None:
    record = trace(Walking(BATCH_FIRST[way]), torch.ones(5, 5, dtype=torch.long), probe=False)
    assert names(record, "embedding") == "batch seq_len emb"
    assert names(record, "linear") == "batch classes"


def test_one_step_alone_is_no_walk() -> None:
    record = trace(Walking(lambda x: [x[0]]), torch.ones(5, 5, dtype=torch.long), probe=False)
    assert names(record, "embedding") == "? ? emb"


def test_what_was_declared_stays() -> None:
    ids = torch.ones(5, 5, dtype=torch.long)
    record = trace(Walking(TIME_FIRST["by index"]), ids, probe=False, axes="words reviews")
    assert names(record, "embedding") == "words reviews emb"


def test_a_step_that_fails_in_a_later_turn_is_told_with_what_it_was_given() -> None:
    class Breaking(Walking):
        def forward(self, text: Tensor) -> Tensor:
            embedded, hidden = self.embedding(text), torch.zeros(5, 5)
            for t in range(5):
                hidden = self.cell(embedded[t], hidden)
                hidden = hidden.view(5, 5 if t < 3 else 4)
            return hidden

    with pytest.raises(RuntimeError) as caught:
        trace(Breaking(TIME_FIRST["by index"]), torch.ones(5, 5, dtype=torch.long), probe=False)
    record = caught.value.record  # type: ignore[attr-defined]
    (crash,) = record.ask(Crash)
    (given,) = crash.inputs
    assert crash.what == "view" and given.name == "hidden"
    assert isinstance(given.note, TensorNote) and given.note.shape == (5, 5)
    assert calls(record, "gru_cell")[0].times == 4
