"""Fewer bits change the numbers a little, and fp32 changes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from rnnlab.training.precision import autocast, scaler, stated
from rnnlab.training.recipes import LECTURE
from rnnlab.training.recurrence import build_model, logits

CPU = torch.device("cpu")


@pytest.mark.parametrize("kind", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("both", [False, True])
def test_bf16_trains_to_nearly_the_same_gradients(kind: str, both: bool) -> None:
    torch.manual_seed(1)
    model = build_model(replace(LECTURE, emb=8, hid=12, rnn=kind, bidirectional=both), 50, 2)
    text, lengths = torch.randint(2, 50, (90, 3)), torch.tensor([90, 40, 7])

    def measured(precision: str) -> tuple[torch.Tensor, torch.Tensor]:
        model.zero_grad()
        with autocast(precision, CPU):  # type: ignore[arg-type]
            scores = logits(model, text, lengths)
        scores.float().square().sum().backward()
        assert model.embedding.weight.grad is not None
        return scores.float(), model.embedding.weight.grad.clone()

    (exact, exact_gradient), (short, short_gradient) = measured("fp32"), measured("bf16")
    assert torch.allclose(exact, short, atol=0.02) and not torch.equal(exact, short)
    assert torch.allclose(exact_gradient, short_gradient, atol=0.1 * float(exact_gradient.abs().max()))


def test_only_fp16_scales_its_loss() -> None:
    assert scaler("fp32", CPU) is None and scaler("bf16", CPU) is None
    assert scaler("fp16", CPU) is not None


def test_the_bits_are_stated() -> None:
    assert stated("fp32", CPU) == "fp32"
    assert "fp32 weights" in stated("bf16", CPU)
    assert "TF32 (10 bits of fraction) in the recurrence" in stated("fp32", torch.device("cuda"))
