"""What the numbers of a training run say about it, in sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rnnlab.pipeline.evaluate import Evaluation
from rnnlab.training.gradients import StepGradients

# What noise leaves around a value: a plateau's loss strays by less, and a loss that falls passes through in one epoch.
_NEAR_GUESSING, _NEAR_FLOOR = 0.01, 0.005
_FAINT = 1e-3


def guessing(loss: float, accuracy: float, classes: int) -> str | None:
    """Say that a loss per review sits where equal shares for all classes put it."""
    expected = math.log(classes)
    if abs(loss - expected) > _NEAR_GUESSING or accuracy > 1 / classes + 0.05:
        return None
    return (
        f"the loss is {loss:.4f}, and ln({classes}) = {expected:.4f} is what guessing costs: the model has learnt nothing from "
        f"the reviews so far (training accuracy {accuracy:.1%})"
    )


def squashed_twice(loss: float, accuracy: float, classes: int) -> str | None:
    """Say that a loss has stopped where a softmax (with two classes also a sigmoid) before cross-entropy holds it up."""
    floor = math.log(1 + (classes - 1) / math.e)
    if abs(loss - floor) > _NEAR_FLOOR or accuracy < 0.98:
        return None
    return (
        f"the loss stands at {loss:.4f} although {accuracy:.1%} are right: {floor:.4f} is the least that remains when softmax "
        "or sigmoid acts twice; give the logits themselves to cross_entropy, which has a softmax inside"
    )


def one_answer(valid: Evaluation) -> str | None:
    """Say that a model gives every review the same answer, so that its accuracy is the share of that class."""
    called = [sum(column) for column in zip(*valid.confusion, strict=True)]
    if not valid.rows or len(valid.names) < 2 or max(called) < valid.rows:
        return None
    which = called.index(max(called))
    share = sum(valid.confusion[which]) / valid.rows
    commonest = ", the commonest class" if share == valid.majority else ""
    return (
        f"all {valid.rows:,} validation reviews are called '{valid.names[which]}'{commonest}: the validation accuracy of "
        f"{valid.accuracy:.1%} is just that class's share"
    )


def too_good(epoch: int, train_accuracy: float, valid: Evaluation) -> str | None:
    """Say that nothing was wrong in the first epoch already."""
    classes = sum(1 for row in valid.confusion if sum(row))
    if epoch == 1 and valid.rows and valid.correct == valid.rows and classes < 2:
        return (
            f"100 % right at the first epoch, and all {valid.rows:,} validation reviews are of one class: look whether the "
            "file holds the other classes at all, or only its first rows were read"
        )
    if epoch == 1 and valid.rows and valid.correct == valid.rows and train_accuracy > 0.9:
        return (
            f"all {valid.rows:,} validation reviews are right at the first epoch, which real reviews never are: look whether "
            "the label stands in the text, or whether the same reviews are in several splits"
        )
    return None


def vanishing(gradients: StepGradients) -> str | None:
    """Say that the gradient dies in the padding before it reaches a word."""
    last, words = gradients.at_last_step, gradients.at_last_words
    if not last or words > _FAINT * last or not gradients.padding:
        return None
    return (
        f"gradients vanish through the padding: {last:.1e} at the last of {len(gradients.norms):,} steps, {words:.1e} at a "
        f"review's own last word, {gradients.padding:,} steps of padding before it (medians); {gradients.share_on_words:.1%} "
        "of the gradient falls on words. Without --padded each review is read to its own end"
    )


def noticed(
    epoch: int,
    loss: float,
    train_accuracy: float,
    valid: Evaluation,
    gradients: StepGradients | None = None,
) -> list[str]:
    """Return what one epoch's numbers say, most telling first; an empty list where all is well.

    Args:
        loss: per review, over the training split.
        gradients: of a batch of this run; they are worth measuring where `guessing` speaks and the model reads padding.
    """
    classes = len(valid.names)
    found: Sequence[str | None] = (
        guessing(loss, train_accuracy, classes),
        vanishing(gradients) if gradients is not None else None,
        one_answer(valid),
        squashed_twice(loss, train_accuracy, classes),
        too_good(epoch, train_accuracy, valid),
    )
    return [sentence for sentence in found if sentence is not None]
