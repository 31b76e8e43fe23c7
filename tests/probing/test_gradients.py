"""How much gradient reaches each row, held against what plain torch says."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnnlab.facts import Call, Gap
from rnnlab.probing.gradients import weighted
from rnnlab.record import Record
from rnnlab.verbs.trace import trace
from rnnlab.views.terminal import console
from rnnlab.views.things import trace_view


def rows(record: Record, what: str) -> list[Call]:
    return list(record.ask(Call, what=what))


def gradient(record: Record, what: str) -> float | None:
    (row,) = rows(record, what)
    assert row.gradient_asked
    return row.gradient


def text(seq_len: int = 7, batch: int = 3) -> Tensor:
    return torch.arange(seq_len * batch).view(seq_len, batch) % 11


class Model(nn.Module):
    """Every intermediate result is kept, so that plain torch can be asked for its gradient."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(11, 4)
        self.rnn = nn.LSTM(4, 5)
        self.fc = nn.Linear(5, 3)
        self.kept: dict[str, Tensor] = {}

    def forward(self, text: Tensor) -> Tensor:
        embedded = self.embedding(text)
        output, (hidden, cell) = self.rnn(embedded)
        pooled = output.mean(0)
        state = torch.tanh(hidden.squeeze(0))
        logits = self.fc(state + pooled)
        self.kept = {"embedding": embedded, "output": output, "hidden": hidden, "cell": cell, "mean": pooled}
        self.kept |= {"tanh": state, "linear": logits}
        return logits


def plain_norms(model: Model, loss: Any) -> dict[str, Tensor]:
    result = model(text())
    for tensor in model.kept.values():
        tensor.retain_grad()
    loss(result).backward()
    return {name: tensor.grad for name, tensor in model.kept.items() if tensor.grad is not None}


def cross_entropy(logits: Tensor) -> Tensor:
    return F.cross_entropy(logits, torch.tensor([0, 1, 2]))


@pytest.mark.parametrize("loss", [cross_entropy, None])
def test_the_norms_are_those_of_retain_grad(loss: Any) -> None:
    torch.manual_seed(0)
    model = Model()
    record = trace(model, text(), backward=loss or True)
    assert all(parameter.grad is None for parameter in model.parameters())
    expected = plain_norms(model, loss or weighted)
    for what in ("embedding", "mean", "tanh", "linear"):
        assert gradient(record, what) == pytest.approx(expected[what].norm().item(), rel=1e-4)
    both = torch.cat([expected["output"].flatten(), expected["hidden"].flatten()])
    assert gradient(record, "lstm") == pytest.approx(both.norm().item(), rel=1e-4)


def test_nothing_of_the_learners_changes() -> None:
    torch.manual_seed(0)
    model = Model().eval()
    model.fc.weight.grad = torch.full_like(model.fc.weight, 7)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    trace(model, text(), backward=True)
    assert torch.equal(state, torch.get_rng_state())
    assert bool((model.fc.weight.grad == 7).all()) and model.embedding.weight.grad is None
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert not model.training
    assert all(not tensor._backward_hooks for tensor in model.kept.values())


def test_a_branch_that_was_cut_off_says_that_no_gradient_arrived() -> None:
    class Detached(Model):
        def forward(self, text: Tensor) -> Tensor:
            embedded = self.embedding(text)
            output, (hidden, cell) = self.rnn(embedded.detach())
            return self.fc(hidden[-1])

    record = trace(Detached(), text(), backward=True)
    assert gradient(record, "embedding") is None
    assert (gradient(record, "lstm") or 0) > 0 and (gradient(record, "linear") or 0) > 0
    with (screen := console()).capture() as shown:
        screen.print(trace_view(record))
    assert shown.get().count("no gradient arrived") == 2  # the embedding, and detach itself
    assert shown.get().count("gradient 0.") + shown.get().count("gradient 1.") >= 2


def test_frozen_layers_get_none_and_the_others_theirs() -> None:
    model = Model()
    model.embedding.weight.requires_grad_(False)
    record = trace(model, text(), backward=True)
    assert gradient(record, "embedding") is None and (gradient(record, "lstm") or 0) > 0


def test_a_model_that_is_frozen_altogether_says_so() -> None:
    record = trace(Model().requires_grad_(False), text(), backward=True)
    assert not any(call.gradient_asked for call in record.ask(Call))
    (gap,) = record.ask(Gap, what="gradients")
    assert "frozen" in gap.why


def test_gradients_are_followed_where_the_caller_has_switched_them_off() -> None:
    with torch.no_grad():
        record = trace(Model(), text(), backward=True)
    assert (gradient(record, "embedding") or 0) > 0


def test_packed_in_place_views_and_whole_numbers() -> None:
    class Packed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(11, 4, padding_idx=0)
            self.rnn = nn.GRU(4, 5)
            self.fc = nn.Linear(5, 3)

        def forward(self, text: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
            packed = pack_padded_sequence(self.embedding(text), lengths)
            packed_output, hidden = self.rnn(packed)
            output, seen = pad_packed_sequence(packed_output)
            hidden.squeeze_(0)
            states = hidden.view(-1, 5)
            states.mul_(2)
            logits = F.softmax(self.fc(states), dim=1)
            return logits, logits.argmax(1)

    record = trace(Packed(), text(), torch.tensor([7, 5, 2]), backward=True)
    reached = ("embedding", "pack_padded_sequence", "gru", "squeeze", "arithmetic", "linear", "softmax")
    assert all((gradient(record, what) or 0) > 0 for what in reached)
    assert gradient(record, "pad_packed_sequence") is None
    assert not rows(record, "view")[0].gradient_asked  # torch goes back around a view that was written into
    assert not rows(record, "argmax")[0].gradient_asked
    assert not list(record.ask(Gap))


def test_a_loop_that_folds_shows_its_first_turn() -> None:
    class Cells(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = nn.GRUCell(4, 4)
            self.states: list[Tensor] = []

        def forward(self, vectors: Tensor) -> Tensor:
            h = torch.zeros(vectors.shape[1], 4)
            for step in vectors:
                h = self.cell(step, h)
                self.states.append(h)
            return h

    torch.manual_seed(0)
    model, vectors = Cells(), torch.randn(6, 2, 4)
    record = trace(model, vectors, backward=lambda h: h.pow(2).sum())
    assert rows(record, "gru_cell")[0].times == 6
    model.states.clear()
    result = model(vectors)
    model.states[0].retain_grad()
    result.pow(2).sum().backward()
    assert model.states[0].grad is not None
    assert gradient(record, "gru_cell") == pytest.approx(model.states[0].grad.norm().item(), rel=1e-4)


def test_the_first_words_of_a_padded_text_hardly_count() -> None:
    """The lecture's mystery: the last state of a padded text has seen padding last, and hardly knows of the words."""

    class Padded(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(11, 4)
            self.rnn = nn.LSTM(4, 5)
            self.fc = nn.Linear(5, 2)

        def forward(self, text: Tensor) -> Tensor:
            embedded = self.embedding(text)
            words, padding = embedded[:5].clone(), embedded[5:].clone()
            output, (hidden, cell) = self.rnn(torch.cat((words, padding)))
            return self.fc(hidden[-1])

    torch.manual_seed(0)
    padded = torch.cat((torch.arange(1, 6).view(5, 1), torch.zeros(95, 1, dtype=torch.long)))
    words, padding = (row.gradient or 0 for row in rows(trace(Padded(), padded, backward=True), "to"))
    assert words < padding / 1_000


def test_a_loss_that_raises_leaves_a_gap_and_the_forward_pass() -> None:
    record = trace(Model(), text(), backward=lambda logits: logits)
    (gap,) = record.ask(Gap, what="gradients")
    assert "one number" in gap.why and rows(record, "linear")
