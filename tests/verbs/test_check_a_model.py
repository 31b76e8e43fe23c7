"""`rnnlab.check(model)`: one pass over two texts and the experiments, without a program around the model."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import rnnlab


class Squeezing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(100, 8)
        self.rnn = nn.LSTM(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, text: torch.Tensor) -> torch.Tensor:
        _, (hidden, _) = self.rnn(self.embedding(text))
        return self.fc(hidden.squeeze())


class Pooling(Squeezing):
    def forward(self, text: torch.Tensor) -> torch.Tensor:
        output, _ = self.rnn(self.embedding(text))
        return self.fc(output[:, 0])


def test_a_model_alone_is_tried_and_its_line_is_named() -> None:
    model = Squeezing()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    state = torch.get_rng_state()
    report = rnnlab.check(model)
    (found,) = [(outcome, finding) for outcome, finding in report.found()]
    assert found[0].rule.name == "squeeze_drops_a_batch_of_one"
    assert found[1].place is not None and found[1].place.file.endswith("test_check_a_model.py")
    assert "Tried with one text" in found[1].message
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert torch.equal(state, torch.get_rng_state()) and model.training


def test_a_model_that_squeezes_nothing_has_no_finding_and_rules_that_looked() -> None:
    report = rnnlab.check(Pooling())
    assert not list(report.found())
    assert [outcome for outcome in report.outcomes if outcome.status == "clear"]


def test_a_model_that_nobody_can_call_says_why() -> None:
    class Strange(nn.Module):
        def forward(self, *anything: object) -> object:
            raise RuntimeError("never")

    report = rnnlab.check(Strange())
    assert {outcome.status for outcome in report.outcomes} == {"unseen"}


@pytest.mark.parametrize("thing", [3, None])
def test_something_else_is_refused_by_its_name(thing: object) -> None:
    with pytest.raises(TypeError, match="takes a path, a record or a model"):
        rnnlab.check(thing)
