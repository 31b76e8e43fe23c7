"""Stage 5: put reviews of similar length side by side, (seq_len, batch)."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import torch
from torchtext.data import BucketIterator, Dataset

from rnnlab.pipeline.split import Splits


@dataclass(frozen=True)
class Loaders:
    """One loader per split, a first batch, and the positions computed per real token, bucketed and not."""

    train: BucketIterator
    valid: BucketIterator
    test: BucketIterator
    first: Any
    bucketed: float
    unbucketed: float

    def described(self) -> tuple[str, dict[str, float], dict[str, Any]]:
        """Return the padding as counts of a fact."""
        used = bool(self.train.sort_within_batch)
        return (
            "padding",
            {
                "bucketed": self.bucketed,
                "unbucketed": self.unbucketed,
                "used": float(used),
            },
            {},
        )


def by_length(example: Any) -> int:
    """Sort key of the loaders."""
    return len(example.text)


def batch(
    splits: Splits,
    batch_size: int = 128,
    packed: bool = True,
    device: torch.device | str = "cpu",
    seed: int = 123,
) -> Loaders:
    """Make torchtext's bucket iterators.

    `sort_within_batch` is what makes them bucket at all; the lecture sets it for its packed model, whose batches must be
    sorted, and not for the padded one.
    """
    random.seed(seed)
    train_loader, valid_loader, test_loader = BucketIterator.splits(
        (splits.train, splits.valid, splits.test),
        batch_size=batch_size,
        sort_within_batch=packed,
        sort_key=by_length,
        device=torch.device(device),
    )
    first = next(iter(train_loader))
    bucketed = positions_per_token(splits.train, batch_size, True, seed)
    unbucketed = positions_per_token(splits.train, batch_size, False, seed)
    return Loaders(train_loader, valid_loader, test_loader, first, bucketed, unbucketed)


def positions_per_token(
    dataset: Dataset, batch_size: int, bucketed: bool, seed: int = 123
) -> float:
    """Return how many positions one epoch computes for each real token: 1.0 would be no padding at all."""
    before = random.getstate()
    random.seed(seed)
    loader = BucketIterator(
        dataset,
        batch_size=batch_size,
        train=True,
        sort_within_batch=bucketed,
        sort_key=by_length,
        device=torch.device("cpu"),
    )
    random.setstate(before)
    loader.init_epoch()
    lengths = [
        [len(example.text) for example in minibatch] for minibatch in loader.batches
    ]
    return sum(max(one) * len(one) for one in lengths) / max(1, sum(map(sum, lengths)))
