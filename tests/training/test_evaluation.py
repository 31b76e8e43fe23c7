"""Counts are exact, in any order and any share of the reviews."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from rnnlab.training import evaluation
from rnnlab.training.evaluation import confusion
from rnnlab.training.ids import Reviews
from rnnlab.training.recipes import LECTURE
from rnnlab.training.recurrence import build_model, logits

WORDS, CLASSES, SOME = 50, 3, 700


@pytest.fixture
def reviews() -> Reviews:
    random = np.random.default_rng(3)
    offsets = np.concatenate([[0], np.cumsum(random.integers(1, 30, SOME))])
    tokens = random.integers(2, WORDS, int(offsets[-1])).astype(np.uint16)
    return Reviews(tokens, offsets, random.integers(0, CLASSES, SOME))


@pytest.mark.parametrize("kind", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize(
    ("both", "layers", "pooling"),
    [(False, 1, "last"), (True, 2, "last"), (True, 1, "max_mean"), (False, 2, "max_mean")],
)
def test_the_counts_are_those_of_one_review_at_a_time(
    reviews: Reviews, kind: str, both: bool, layers: int, pooling: str
) -> None:
    torch.manual_seed(1)
    settings = replace(LECTURE, rnn=kind, emb=8, hid=12, bidirectional=both, layers=layers, pooling=pooling)
    model = build_model(settings, WORDS, CLASSES).eval()
    wanted = np.zeros((CLASSES, CLASSES), np.int64)
    with torch.no_grad():
        for row, label in enumerate(reviews.labels):
            tokens = reviews.tokens[reviews.offsets[row] : reviews.offsets[row + 1]].astype(np.int64)
            answer = model(torch.from_numpy(tokens).unsqueeze(1), torch.tensor([len(tokens)])).argmax()
            wanted[label, answer] += 1
    assert confusion(model, reviews, "cpu").tolist() == wanted.tolist()


def test_the_counts_of_all_shares_are_those_of_the_whole(reviews: Reviews) -> None:
    torch.manual_seed(1)
    model = build_model(replace(LECTURE, emb=8, hid=12), WORDS, CLASSES).eval()
    shares = [confusion(model, reviews, "cpu", rows=np.arange(rank, len(reviews), 3)) for rank in range(3)]
    assert torch.equal(sum(shares), confusion(model, reviews, "cpu"))  # type: ignore[arg-type]
    assert confusion(model, reviews, "cpu", rows=[]).sum() == 0


def test_very_long_reviews_are_counted_in_small_parts(reviews: Reviews, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(1)
    model = build_model(replace(LECTURE, emb=8, hid=12), WORDS, CLASSES).eval()
    whole = confusion(model, reviews, "cpu")
    shapes = []
    monkeypatch.setattr(evaluation, "_AT_ONCE", {"cpu": (128, 50)})

    def watched(model: nn.Module, text: Tensor, lengths: Tensor) -> Tensor:
        shapes.append(text.shape)
        return logits(model, text, lengths)

    monkeypatch.setattr(evaluation, "logits", watched)
    assert torch.equal(confusion(model, reviews, "cpu"), whole)
    assert max(steps * batch for steps, batch in shapes) <= 50
