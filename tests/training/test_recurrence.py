"""The fast reading gives the numbers of the packed one, and the lecture's model is the simplest of all."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from rnnlab.pipeline.model import ReviewClassifier
from rnnlab.training.recipes import LECTURE, RunSettings
from rnnlab.training.recurrence import TrainingModel, _stretches, build_model, logits

WORDS, CLASSES = 50, 3
SMALL = replace(LECTURE, emb=8, hid=12)
KINDS = list(itertools.product(("lstm", "gru", "rnn"), (1, 2), (False, True), ("last", "max_mean")))


def a_batch(lengths: list[int], padding: int = 1) -> tuple[Tensor, Tensor, Tensor]:
    """Return text (seq_len, batch), lengths (batch) and label (batch)."""
    torch.manual_seed(7)
    text = torch.randint(2, WORDS, (max(lengths), len(lengths)))
    for column, length in enumerate(lengths):
        text[length:, column] = padding
    return text, torch.tensor(lengths), torch.randint(CLASSES, (len(lengths),))


def a_model(settings: RunSettings) -> TrainingModel:
    torch.manual_seed(1)
    return build_model(settings, WORDS, CLASSES)


def gradients(model: TrainingModel, scores: Tensor, label: Tensor) -> dict[str, Tensor]:
    names, parameters = zip(*model.named_parameters(), strict=True)
    return dict(zip(names, torch.autograd.grad(cross_entropy(scores, label), parameters), strict=True))


@pytest.mark.parametrize(("kind", "layers", "both", "pooling"), KINDS)
def test_the_fast_reading_equals_the_packed_reference(kind: str, layers: int, both: bool, pooling: str) -> None:
    model = a_model(replace(SMALL, rnn=kind, layers=layers, bidirectional=both, pooling=pooling))
    text, lengths, label = a_batch([17, 9, 17, 1, 3, 5])
    packed, fast = model(text, lengths), logits(model, text, lengths)
    assert torch.allclose(packed, fast, rtol=0, atol=1e-5)
    wanted, got = gradients(model, packed, label), gradients(model, fast, label)
    for name in wanted:
        assert torch.allclose(wanted[name], got[name], rtol=0, atol=1e-5), name


@pytest.mark.parametrize("kind", ["lstm", "gru", "rnn"])
def test_the_lectures_classifier_is_the_simplest_training_model(kind: str) -> None:
    torch.manual_seed(1)
    lecture = ReviewClassifier(WORDS, 8, 12, CLASSES, kind)  # type: ignore[arg-type]
    model = a_model(replace(SMALL, rnn=kind))
    for (name, wanted), (other, got) in zip(lecture.state_dict().items(), model.state_dict().items(), strict=True):
        assert name == other and torch.equal(wanted, got)
    text, lengths, _ = a_batch([9, 4, 2])
    assert torch.equal(lecture(text, lengths), model(text, lengths))


def test_padding_changes_nothing_in_the_fast_reading_and_something_in_the_padded_one() -> None:
    one, other = (a_batch([12, 5], padding)[:2] for padding in (1, 2))
    model = a_model(SMALL)
    assert torch.equal(logits(model, *one), logits(model, *other))
    model.packed = False
    assert not torch.allclose(logits(model, *one), logits(model, *other))


def test_the_padded_reading_is_the_lectures_padded_model() -> None:
    torch.manual_seed(1)
    lecture = ReviewClassifier(WORDS, 8, 12, CLASSES, packed=False)
    text, lengths, _ = a_batch([12, 5])
    assert torch.equal(lecture(text, lengths), logits(a_model(replace(SMALL, packed=False)), text, lengths))


def test_dropout_acts_in_training_only_and_in_every_place() -> None:
    model = a_model(replace(SMALL, dropout=0.5, layers=2, bidirectional=True))
    text, lengths, _ = a_batch([12, 5])
    assert not torch.equal(logits(model, text, lengths), logits(model, text, lengths))
    model.eval()
    assert torch.equal(logits(model, text, lengths), logits(model, text, lengths))
    assert torch.allclose(model(text, lengths), logits(model, text, lengths), atol=1e-5)


@pytest.mark.parametrize(("kind", "layers", "both", "pooling"), KINDS)
def test_reviews_that_have_ended_are_left_out_without_a_trace(kind: str, layers: int, both: bool, pooling: str) -> None:
    model = a_model(replace(SMALL, rnn=kind, layers=layers, bidirectional=both, pooling=pooling))
    text, lengths, label = a_batch([150, 149, 90, 90, 60, 33, 32, 1])
    packed, fast = model(text, lengths), logits(model, text, lengths)
    assert torch.allclose(packed, fast, rtol=0, atol=1e-5)
    wanted, got = gradients(model, packed, label), gradients(model, fast, label)
    for name in wanted:
        assert torch.allclose(wanted[name], got[name], rtol=0, atol=1e-5), name


@pytest.mark.parametrize(
    "lengths", [[5], [40, 40, 40], [150, 149, 90, 90, 60, 33, 32, 1], list(range(1_000, 0, -8)), [200, 1, 1, 1]]
)
def test_stretches_cover_every_token_and_little_else(lengths: list[int]) -> None:
    found = _stretches(lengths)
    assert sum(steps for steps, _ in found) == lengths[0]
    assert all(sum(length > began for length in lengths) <= reviews for began, reviews in starts(found))
    assert sum(steps * reviews for steps, reviews in found) <= 1.25 * sum(lengths) + 32 * len(lengths)


def starts(stretches: list[tuple[int, int]]) -> list[tuple[int, int]]:
    began = itertools.accumulate((steps for steps, _ in stretches), initial=0)
    return [(start, reviews) for start, (_, reviews) in zip(began, stretches, strict=False)]


def test_reviews_in_any_order_are_one_stretch() -> None:
    assert _stretches([3, 90, 5]) == [(90, 3)]
