"""The numbers of a sick run are named, and those of a healthy one are not."""

from __future__ import annotations

import math

import pytest
import torch

from rnnlab.pipeline.evaluate import Evaluation
from rnnlab.training.gradients import StepGradients
from rnnlab.training.symptoms import guessing, noticed, one_answer, squashed_twice, too_good, vanishing

NAMES = ("pos", "neg")
HEALTHY = Evaluation(NAMES, ((45, 5), (6, 44)))


def gradients(at_words: float) -> StepGradients:
    """A batch of one review of 3 words in 6 steps."""
    return StepGradients(torch.tensor([0.0, 0.0, at_words, 0.1, 0.2, 1.0]).unsqueeze(1), torch.tensor([3]))


def test_a_healthy_epoch_says_nothing() -> None:
    assert noticed(2, 0.30, 0.88, HEALTHY, gradients(0.5)) == []


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_a_loss_at_the_logarithm_of_the_classes_is_guessing(classes: int) -> None:
    said = guessing(math.log(classes) + 0.001, 1 / classes, classes)
    assert said is not None and f"ln({classes}) = {math.log(classes):.4f}" in said
    assert guessing(math.log(classes) - 0.05, 1 / classes, classes) is None


def test_a_loss_that_passes_through_is_not_guessing() -> None:
    assert guessing(0.6931, 0.60, 2) is None


def test_the_loss_of_softmax_twice_is_known_by_its_floor() -> None:
    certain = torch.softmax(torch.tensor([[50.0, 0.0]] * 4), dim=1)
    loss = float(torch.nn.functional.cross_entropy(certain, torch.zeros(4, dtype=torch.long)))
    said = squashed_twice(loss, 1.0, 2)
    assert said is not None and "0.3133" in said
    assert squashed_twice(loss, 0.90, 2) is None and squashed_twice(0.25, 1.0, 2) is None


def test_one_answer_for_all_is_the_share_of_a_class() -> None:
    said = one_answer(Evaluation(NAMES, ((0, 40), (0, 60))))
    assert said is not None and "'neg', the commonest class" in said and "60.0%" in said
    rare = one_answer(Evaluation(NAMES, ((40, 0), (60, 0))))
    assert rare is not None and "commonest" not in rare and "40.0%" in rare
    assert one_answer(HEALTHY) is None


def test_nothing_wrong_at_once_is_too_good() -> None:
    one_class = too_good(1, 1.0, Evaluation(NAMES, ((50, 0), (0, 0))))
    assert one_class is not None and "one class" in one_class
    leaked = too_good(1, 0.95, Evaluation(NAMES, ((50, 0), (0, 50))))
    assert leaked is not None and "label stands in the text" in leaked
    assert too_good(9, 1.0, Evaluation(NAMES, ((50, 0), (0, 50)))) is None
    assert too_good(1, 0.95, HEALTHY) is None


def test_vanishing_gradients_are_shown_with_what_was_measured() -> None:
    said = vanishing(gradients(1e-7))
    assert said is not None and "1.0e+00 at the last of 6 steps, 1.0e-07 at a review's own last word" in said
    assert vanishing(gradients(0.5)) is None


def test_a_plateau_is_told_with_its_cause() -> None:
    said = noticed(1, 0.6935, 0.501, Evaluation(NAMES, ((0, 50), (0, 50))), gradients(0.0))
    assert [sentence.split()[0] for sentence in said] == ["the", "gradients", "all"]
