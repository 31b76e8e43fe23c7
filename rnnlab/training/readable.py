"""The batches as torchtext's BucketIterator makes them: the readable twin of `batches`."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torchtext.data import BucketIterator, Dataset, Example, Field

from rnnlab.training.batches import PAD, Batch
from rnnlab.training.ids import Reviews


class ReadableBatches:
    """Same interface as `Batches`, one process only."""

    def __init__(
        self, reviews: Reviews, batch: int, device: torch.device | str = "cpu", seed: int = 123, bucketed: bool = True
    ) -> None:
        text = Field(use_vocab=False, pad_token=PAD, include_lengths=True)
        number = Field(sequential=False, use_vocab=False)
        fields: Any = [("text", text), ("label", number), ("row", number)]
        ends = zip(reviews.offsets[:-1], reviews.offsets[1:], strict=True)
        examples = [
            Example.fromlist([reviews.tokens[start:end].tolist(), int(reviews.labels[row]), row], fields)
            for row, (start, end) in enumerate(ends)
        ]
        self.seed = seed
        self.iterator = BucketIterator(
            Dataset(examples, fields), batch_size=batch, train=True, sort_within_batch=bucketed,
            sort_key=lambda example: len(example.text), device=torch.device(device),
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.iterator)

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, those before `start` left out."""
        self.iterator.random_shuffler.random_state = random.Random(f"{self.seed} {number}").getstate()
        for count, batch in enumerate(self.iterator):
            if count >= start:
                text, lengths = batch.text
                yield Batch(text, lengths, batch.label, np.asarray(batch.row.cpu(), np.int64), len(lengths))
