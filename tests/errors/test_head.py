"""Widths that do not fit: the head, a layer in between, and the RNN."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from broken import Model, Packing, ids, lengths, told
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence


def test_a_head_twice_as_wide_expects_a_bidirectional_rnn() -> None:
    found = told(Model(wants=10), ids(7, 3))
    assert found.name == "head_twice_as_wide_for_one_direction"
    assert "self.state(output, hidden) is (batch=3, hid=5) float32" in found.explanation.happened
    assert (
        "the layer's weight is (out_features=2, in_features=10): Linear wants 10 numbers in the last axis and got 5"
        in (found.explanation.happened)
    )
    assert found.explanation.means.startswith("in_features=10 = 2*hid: this head expects a bidirectional LSTM")
    assert found.line == "return self.fc(self.state(output, hidden))"


def test_a_head_made_for_one_direction_of_two() -> None:
    class Joined(Model):
        def state(self, output: Tensor, hidden: Tensor) -> Tensor:
            return torch.cat((hidden[-2], hidden[-1]), dim=1)

    found = told(Joined(bidirectional=True), ids(7, 3))
    assert found.name == "head_not_twice_as_wide_for_two_directions"
    assert "(batch=3, 2*hid=10)" in found.explanation.happened and "10 = 2*hid" in found.explanation.means


def test_one_direction_is_taken_of_two() -> None:
    found = told(Model(wants=10, bidirectional=True), ids(7, 3))
    assert found.name == "one_direction_taken_of_two"
    assert "torch.cat((hidden[-2], hidden[-1]), dim=1)" in found.explanation.next_step


@pytest.mark.parametrize("wants", [6, 15])
def test_a_head_of_any_other_width_is_not_called_bidirectional(wants: int) -> None:
    for options in ({}, {"bidirectional": True}):
        found = told(Model(wants=wants, **options), ids(7, 3))
        assert found.name == "layer_made_for_another_width"
        assert f"Linear wants {wants} numbers in the last axis and got 5" in found.explanation.happened
        assert "directional" not in found.explanation.means + found.explanation.next_step


def test_a_width_that_is_twice_the_input_by_chance_is_not_called_bidirectional() -> None:
    found = told(nn.Linear(10, 2), torch.zeros(3, 5))
    assert found.name == "layer_made_for_another_width"


def test_features_on_another_axis_than_the_last() -> None:
    class Turned(Model):
        def state(self, output: Tensor, hidden: Tensor) -> Tensor:
            return output.permute(1, 2, 0)

    found = told(Turned(), ids(7, 3))
    assert found.name == "layer_reads_another_axis"
    assert "the 5 numbers stand on axis 1 (hid)" in found.explanation.means


def test_a_batch_that_is_as_large_as_in_features_is_no_turned_axis() -> None:
    found = told(Model(wants=3), ids(7, 3))
    assert found.name == "layer_made_for_another_width"


def test_a_functional_layer_is_explained_by_its_weight() -> None:
    weight = nn.Parameter(torch.zeros(2, 4))

    def program() -> None:
        hidden = torch.zeros(3, 5)
        F.linear(hidden, weight)

    found = told(program)
    assert found.line == "F.linear(hidden, weight)"
    assert "hidden is (3, 5) float32" in found.explanation.happened
    assert "wants 4 numbers in the last axis and got 5" in found.explanation.happened


class Narrow(nn.Module):
    """An RNN that was made for another embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.rnn = nn.Embedding(11, 6), nn.GRU(4, 5)

    def forward(self, text: Tensor, text_lengths: Any = None) -> Tensor:
        embedded = self.embedding(text)
        if text_lengths is not None:
            embedded = pack_padded_sequence(embedded, text_lengths)
        output, hidden = self.rnn(embedded)
        return hidden


@pytest.mark.parametrize("given", [(ids(7, 3),), (ids(7, 3), lengths(7, 3))], ids=["padded", "packed"])
def test_an_rnn_that_was_made_for_another_embedding(given: Any) -> None:
    found = told(Narrow(), *given)
    assert found.name == "rnn_made_for_another_embedding"
    assert "GRU was made with input_size=4 and got 6 numbers per word" in found.explanation.happened
    assert found.line == "output, hidden = self.rnn(embedded)"
    assert "write `nn.GRU(6, ...)`" in found.explanation.next_step


def test_packing_keeps_the_models_own_explanation() -> None:
    found = told(Packing(wants=10), ids(7, 3), lengths(7, 3))
    assert found.name == "head_twice_as_wide_for_one_direction"
    assert "hidden[-1] is (batch=3, hid=5)" in found.explanation.happened
