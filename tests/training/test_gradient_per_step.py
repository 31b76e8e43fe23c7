"""The gradient at each step is the true one, and padding swallows it where it is read."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from rnnlab.training.gradients import StepGradients, gradient_per_step
from rnnlab.training.recipes import LECTURE
from rnnlab.training.recurrence import TrainingModel, build_model


def a_model(packed: bool, **more: object) -> TrainingModel:
    torch.manual_seed(1)
    return build_model(replace(LECTURE, emb=8, hid=12, packed=packed, **more), 50, 2)  # type: ignore[arg-type]


def a_batch(lengths: list[int]) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(7)
    text = torch.randint(2, 50, (max(lengths), len(lengths)))
    for column, length in enumerate(lengths):
        text[length:, column] = 1
    return text, torch.tensor(lengths), torch.randint(2, (len(lengths),))


def measured(packed: bool, lengths: list[int]) -> StepGradients:
    return gradient_per_step(a_model(packed), *a_batch(lengths))


@pytest.mark.parametrize("packed", [True, False])
def test_the_gradient_at_a_step_is_what_moving_that_step_does_to_the_loss(packed: bool) -> None:
    model, (text, lengths, label) = a_model(packed), a_batch([6, 4])
    # A word of its own for one step: the gradient of its embedding is that of the step.
    text[text == 49] = 48
    text[2, 1] = 49
    loss = cross_entropy(model(text, lengths), label, reduction="sum")
    wanted = torch.autograd.grad(loss, model.embedding.weight)[0][49].norm()
    norms = gradient_per_step(model, text, lengths, label).norms
    assert norms.shape == (6, 2) and torch.allclose(norms[2, 1], wanted, rtol=1e-4)


def test_packed_reading_puts_all_of_the_gradient_on_words() -> None:
    found = measured(True, [60, 10, 5])
    assert found.share_on_words == 1 and not found.norms[10:, 1].any()
    assert found.at_last_words > 0 and found.padding == 50


def test_padded_reading_lets_padding_swallow_the_gradient() -> None:
    found = measured(False, [200, 10, 5])
    assert found.at_last_words < 1e-6 * found.at_last_step
    assert found.share_on_words < 0.5
    assert len(found.by_step) == 200


def test_measuring_leaves_the_model_as_it_was() -> None:
    model, batch = a_model(False, dropout=0.5), a_batch([9, 4])
    model.train()
    first, second = gradient_per_step(model, *batch), gradient_per_step(model, *batch)
    assert torch.equal(first.norms, second.norms)
    assert model.training and all(parameter.grad is None for parameter in model.parameters())
    assert not model.embedding._forward_hooks
