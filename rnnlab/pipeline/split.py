"""Stage 3: split the examples into training, validation and test, as the lecture does with torchtext."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torchtext.data import Dataset, Example, Field, LabelField

from rnnlab.pipeline.tokenize import english, without_breaks


class Splits(NamedTuple):
    """The three parts and the two Fields that made their examples."""

    train: Dataset
    valid: Dataset
    test: Dataset
    text: Field
    label: LabelField


def split(
    tokens: Sequence[list[str]],
    labels: Sequence[str],
    seed: int = 123,
    remove_breaks: bool = False,
) -> Splits:
    """Split 80/20 into training and test, then the training part 85/15 into training and validation.

    The seed gives the very splits of the lecture: 34,000 / 6,000 / 10,000 of the 50,000 IMDb reviews.

    Raises:
        ValueError: a label does not occur in the training split.
    """
    text_field = Field(tokenize=_cutter(remove_breaks), include_lengths=True)
    label_field = LabelField(dtype=torch.long)
    fields = [("text", text_field), ("label", label_field)]
    examples = [
        Example.fromlist([cut, label], fields)
        for cut, label in zip(tokens, labels, strict=True)
        if cut
    ]
    dataset: Any = Dataset(examples, fields)

    # The state that random.seed(seed) would set: torchtext shuffles with Python's own generator, not with torch's.
    train_data, test_data = dataset.split(
        [0.8, 0.2], random_state=random.Random(seed).getstate()
    )
    train_data, valid_data = train_data.split(
        [0.85, 0.15], random_state=random.Random(seed).getstate()
    )
    splits = Splits(train_data, valid_data, test_data, text_field, label_field)
    _check_labels(splits)
    return splits


def _check_labels(splits: Splits) -> None:
    known = {example.label for example in splits.train}
    rest = [*splits.valid, *splits.test]
    if rare := sorted({example.label for example in rest} - known):
        raise ValueError(
            f"The label '{rare[0]}' is so rare that no row of it is in the training "
            "split; drop its rows, add more of them, or take another --seed."
        )


def _cutter(remove_breaks: bool) -> Callable[[str], list[str]]:
    """The Field's own tokenizer: a prediction goes through the very same one."""
    return (
        (lambda text: english()(without_breaks(text))) if remove_breaks else english()
    )
