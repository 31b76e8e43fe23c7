"""One plain clause on what each operation did to the axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from rnnlab.facts import Call
from rnnlab.verbs.trace import trace
from rnnlab.views.words import clause

HIDDEN = torch.rand(1, 3, 5)
BOTH = torch.rand(2, 3, 5)
OUTPUT = torch.rand(7, 3, 5)


def said(run: Callable[..., Any], *inputs: Tensor, axes: Any = "seq_len batch hid") -> str:
    """The clause of the last row of a function."""
    return clause(list(trace(run, *inputs, axes=axes).ask(Call))[-1])


@pytest.mark.parametrize(
    ("run", "given", "words"),
    [
        (lambda x: x.squeeze(0), HIDDEN, "squeeze(0): drops the seq_len axis, its size is 1"),
        (lambda x: x.squeeze(0), BOTH, "drops nothing: the axis is longer than 1"),
        (lambda x: x.squeeze(), HIDDEN[:, :1], "drops every axis of size 1: seq_len, batch"),
        (lambda x: x.unsqueeze(1), BOTH, "unsqueeze(1): adds an axis of size 1"),
        (lambda x: x[-1], OUTPUT, "takes number -1 along seq_len: that axis is gone"),
        (lambda x: x[0, 1], OUTPUT, "takes number 0 along seq_len and 1 along batch: those axes are gone"),
        (lambda x: x[1:], OUTPUT, ""),
        (lambda x: x.select(0, 2), OUTPUT, "takes number 2 along seq_len: that axis is gone"),
        (lambda x: x.permute(1, 2, 0), OUTPUT, "moves the axes: (seq_len, batch, hid) becomes (batch, hid, seq_len)"),
        (lambda x: x.transpose(0, 1), OUTPUT, "swaps two axes: (seq_len, batch, hid) becomes (batch, seq_len, hid)"),
        (lambda x: x.mean(dim=0), OUTPUT, "the mean along seq_len: that axis is gone"),
        (lambda x: x.sum((0, 2)), OUTPUT, "the sum along seq_len and hid: those axes are gone"),
        (lambda x: x.amax(0, keepdim=True), OUTPUT, "the largest along seq_len: that axis is of size 1 now"),
        (lambda x: x.sum(), OUTPUT, "the sum of all 105 numbers: one number is left"),
        (lambda x: torch.softmax(x, dim=0), OUTPUT, "turns scores into shares that add up to 1 along seq_len"),
        (lambda x: x.log_softmax(1), OUTPUT, "turns scores into logarithms of shares along batch"),
        (lambda x: torch.stack([x, x]), OUTPUT, "stack: lays 2 tensors side by side along a new axis 0 of size 2"),
        (lambda x: torch.cat((x, x[1:]), 0), OUTPUT, "cat: puts 2 tensors end to end along axis 0: 7 + 6 = 13"),
        (lambda x: x.chunk(2, 2), OUTPUT, "gives 2 tensors, each a piece of the whole"),
        (lambda x: x.unbind(0), OUTPUT, "gives 7 tensors: the axis is taken apart"),
        (lambda x: x.reshape(-1, 5), OUTPUT, "reads (seq_len, batch, hid) as (seq_len*batch, hid): the numbers keep their "
                                             "order in memory, so axes can be merged or cut, never swapped"),
        (lambda x: x.view(7, 3, 5), OUTPUT, "changes nothing: the shape is the same"),
        (lambda x: x.expand(7, 3, 5), HIDDEN, "repeats what is there: (seq_len, batch, hid) becomes (axis 0, batch, hid)"),
        (lambda x: x.sum().item(), torch.ones(1, 2, 3), "takes the number out of the tensor: 6"),
        (lambda x: x.relu(), OUTPUT, "sets what is below 0 to 0"),
    ],
)  # fmt: skip
def test_a_clause_says_what_happened_to_the_axes(run: Callable[..., Any], given: Tensor, words: str) -> None:
    assert said(run, given) == words


def test_two_directions_are_put_side_by_side() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.LSTM(5, 4, bidirectional=True)

        def forward(self, embedded: Tensor) -> Tensor:
            _, (hidden, _) = self.rnn(embedded)
            return torch.cat((hidden[-2], hidden[-1]), dim=1)

    assert said(Model(), OUTPUT) == "cat: 2 × hid along the last axis, one per direction"


def test_the_lectures_squeeze_drops_the_layer_axis() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.LSTM(5, 4)

        def forward(self, embedded: Tensor) -> Tensor:
            _, (hidden, _) = self.rnn(embedded)
            return hidden.squeeze(0)

    assert said(Model(), OUTPUT) == "squeeze(0): drops the layer axis, its size is 1"


def test_dropout_does_nothing_in_eval() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.drop = nn.Dropout(0.5)

        def forward(self, embedded: Tensor) -> Tensor:
            return self.drop(embedded)

    assert said(Model(), OUTPUT).endswith("sets a random part to zero and scales the rest up")
    assert "does nothing in eval()" in said(Model().eval(), OUTPUT)


def test_matrices_say_what_they_add_up_along() -> None:
    axes = ["batch seq_len hid", "batch hid seq_len"]
    words = said(lambda a, b: a.bmm(b), torch.rand(2, 3, 4), torch.rand(2, 4, 3), axes=axes)
    gives = "(batch, seq_len, hid) × (batch, hid, seq_len) gives (batch, seq_len, seq_len)"
    assert words == f"multiplies and adds up along hid: {gives}"


def test_an_axis_without_a_name_is_called_by_its_place() -> None:
    assert said(lambda x: x.squeeze(0), HIDDEN, axes=None) == "squeeze(0): drops axis 0, its size is 1"
