"""Types, ranges and sizes of targets."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from broken import Model, ids, told
from torch import Tensor, nn
from torchtext import data


def loss_of(criterion: Any, labels: Tensor, classes: int = 2, squeeze: bool = False) -> Any:
    """Return a program that compares the predictions of three texts with labels."""

    def program() -> None:
        model = Model(classes=classes)
        predictions = model(ids(7, 3))
        if squeeze:
            predictions = predictions.squeeze(1)
        criterion(predictions, labels)

    return program


CROSS = nn.CrossEntropyLoss()
LOGITS = nn.BCEWithLogitsLoss()


def test_float_labels_with_cross_entropy() -> None:
    found = told(loss_of(CROSS, torch.tensor([0.0, 1.0, 1.0])), error=RuntimeError)
    assert found.name == "class_indices_are_not_long"
    assert "predictions is (batch=3, classes=2) float32, labels is (3) float32" in found.explanation.happened
    assert "0 to 1, as int64" in found.explanation.means
    assert "`data.LabelField(dtype=torch.long)`, or `labels.long()`" in found.explanation.next_step
    assert found.line == "criterion(predictions, labels)"


@pytest.mark.parametrize("criterion", [LOGITS, F.binary_cross_entropy_with_logits], ids=["layer", "function"])
def test_long_labels_with_binary_cross_entropy(criterion: Any) -> None:
    found = told(loss_of(criterion, torch.tensor([0, 1, 1]), 1, squeeze=True), error=RuntimeError)
    assert found.name == "yes_or_no_targets_are_not_float"
    assert "labels is (3) int64" in found.explanation.happened
    assert "`labels.float()`" in found.explanation.next_step


def test_long_labels_with_bce_after_a_sigmoid() -> None:
    def program() -> None:
        F.binary_cross_entropy(torch.tensor([0.2, 0.7]), torch.tensor([0, 1]))

    assert told(program, error=RuntimeError).name == "yes_or_no_targets_are_not_float"


def test_labels_that_start_at_1() -> None:
    found = told(loss_of(CROSS, torch.tensor([1, 2, 1])), error=IndexError)
    assert found.name == "labels_start_at_1"
    assert "the targets run from 1 to 2, the 2 outputs are numbered 0 to 1" in found.explanation.happened
    assert "`labels - 1`" in found.explanation.next_step


@pytest.mark.parametrize("labels", [[0, 2, 1], [1, 3, 1]], ids=["from 0", "two too many"])
def test_a_label_out_of_range_is_not_said_to_start_at_1(labels: list[int]) -> None:
    found = told(loss_of(CROSS, torch.tensor(labels)), error=IndexError)
    assert found.name == "label_out_of_range"
    assert f"there is no class {max(labels)}" in found.explanation.happened
    assert f"nn.Linear(..., {max(labels) + 1})" in found.explanation.next_step


def test_a_plain_field_for_labels_counts_unk_as_a_class() -> None:
    TEXT, LABEL = data.Field(), data.Field(sequential=False)
    fields = [("text", TEXT), ("label", LABEL)]
    rows = [data.Example.fromlist(row, fields) for row in (("a b", "pos"), ("c", "neg"), ("d", "pos"))]

    def program() -> None:
        made = data.Dataset(rows, fields)
        TEXT.build_vocab(made)
        LABEL.build_vocab(made)
        for batch in data.Iterator(made, batch_size=3, device="cpu"):
            F.cross_entropy(torch.zeros(3, 2), batch.label)

    found = told(program, error=IndexError)
    assert found.name == "unk_counts_as_a_class"
    assert (
        "the labels' vocabulary is <unk>, pos, neg: 3 entries, and the head has 2 outputs" in found.explanation.happened
    )
    assert "LabelField" in found.explanation.next_step


def test_a_negative_label() -> None:
    found = told(loss_of(CROSS, torch.tensor([0, -1, 1])), error=IndexError)
    assert found.name == "label_out_of_range" and "ignore_index=-1" in found.explanation.next_step


@pytest.mark.parametrize("squeeze", [False, True])
def test_one_output_with_cross_entropy(squeeze: bool) -> None:
    found = told(loss_of(CROSS, torch.tensor([0, 1, 1]), 1, squeeze))
    assert found.name == "one_output_with_cross_entropy"
    assert "There is one output per text" in found.explanation.means
    assert "BCEWithLogitsLoss" in found.explanation.next_step


@pytest.mark.parametrize(
    "criterion", [LOGITS, lambda p, t: F.binary_cross_entropy(p.sigmoid(), t)], ids=["logits", "bce"]
)
def test_an_axis_of_size_1_against_none(criterion: Any) -> None:
    found = told(loss_of(criterion, torch.tensor([0.0, 1.0, 1.0]), 1), error=ValueError)
    assert found.name == "logits_have_one_axis_too_many"
    assert "(batch=3, classes=1) float32" in found.explanation.happened and "(3) float32" in found.explanation.happened
    assert ".squeeze(1)`" in found.explanation.next_step


def test_targets_as_a_column_against_none() -> None:
    found = told(loss_of(LOGITS, torch.zeros(3, 1), 1, squeeze=True), error=ValueError)
    assert found.name == "logits_have_one_axis_too_many" and "`labels.squeeze(1)`" in found.explanation.next_step


def test_two_outputs_with_binary_cross_entropy() -> None:
    found = told(loss_of(LOGITS, torch.tensor([0.0, 1.0, 1.0])), error=ValueError)
    assert found.name == "two_outputs_with_binary_cross_entropy"
    assert "The head has 2 outputs per text" in found.explanation.means


def test_a_column_of_class_indices() -> None:
    found = told(loss_of(CROSS, torch.tensor([[0], [1], [1]])), error=RuntimeError)
    assert found.name == "targets_have_one_axis_too_many" and "`labels.squeeze(1)`" in found.explanation.next_step


def test_labels_1_and_2_with_binary_cross_entropy() -> None:
    def program() -> None:
        probabilities = torch.tensor([0.2, 0.7, 0.4])
        F.binary_cross_entropy(probabilities, torch.tensor([1.0, 2.0, 1.0]))

    found = told(program, error=RuntimeError)
    assert found.name == "yes_or_no_targets_not_between_0_and_1"
    assert "the targets run from 1 to 2" in found.explanation.happened


def test_logits_where_probabilities_are_wanted() -> None:
    found = told(lambda: nn.BCELoss()(torch.tensor([2.5, -1.0]), torch.tensor([1.0, 0.0])), error=RuntimeError)
    assert found.name == "bce_without_a_sigmoid"
    assert "the prediction runs from -1 to 2.5" in found.explanation.happened


def test_a_prediction_that_is_not_finite_is_no_missing_sigmoid() -> None:
    found = told(lambda: nn.BCELoss()(torch.tensor([float("nan"), 0.5]), torch.tensor([1.0, 0.0])), error=RuntimeError)
    assert "not finite" in found.explanation.happened and "sigmoid" not in found.explanation.means


class Everywhere(Model):
    """Gives the head the output of every step."""

    def state(self, output: Tensor, hidden: Tensor) -> Tensor:
        return output


def test_a_prediction_for_every_word() -> None:
    found = told(lambda: F.cross_entropy(Everywhere()(ids(7, 3)), torch.tensor([0, 1, 1])), error=ValueError)
    assert found.name == "every_time_step_reaches_the_loss"
    assert "There is a prediction for each of the 7 words, and one label for each text" in found.explanation.means


def test_predictions_and_labels_of_two_batches() -> None:
    found = told(loss_of(CROSS, torch.tensor([0, 1, 1, 0])), error=ValueError)
    assert found.name == "predictions_and_targets_of_different_batches"
    assert "3 rows of predictions and 4 labels" in found.explanation.means
