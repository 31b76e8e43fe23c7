"""The batches as torchtext's BucketIterator makes them: what `batches` does fast, in the lecture's own words."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import torch
from torchtext.data import BucketIterator, Dataset, Example, Field

from rnnlab.training.batches import PAD, Batch
from rnnlab.training.ids import Reviews


class ReadableBatches:
    """The batches of each epoch, by torchtext, for one process; `epoch` and `len` are those of `Batches`.

    Not bucketed, a batch holds reviews of any length in any order: so it is with the lecture's padded model, which leaves
    `sort_within_batch` out.
    """

    def __init__(
        self, reviews: Reviews, batch: int, device: torch.device | str = "cpu", seed: int = 123, bucketed: bool = True
    ) -> None:
        padding: Any = PAD
        text = Field(use_vocab=False, pad_token=padding, include_lengths=True)
        number = Field(sequential=False, use_vocab=False)
        fields: Any = [("text", text), ("label", number), ("row", number)]
        examples = [
            Example.fromlist([reviews.tokens[start:end].tolist(), int(reviews.labels[row]), row], fields)
            for row, (start, end) in enumerate(zip(reviews.offsets[:-1], reviews.offsets[1:], strict=True))
        ]
        self.seed = seed
        self.iterator: Any = BucketIterator(
            Dataset(examples, fields),
            batch_size=batch,
            train=True,
            sort_within_batch=bucketed,
            sort_key=lambda example: len(example.text),
            device=torch.device(device),
        )

    def __len__(self) -> int:
        return len(self.iterator)

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, those before `start` left out."""
        self.iterator.random_shuffler.random_state = random.Random(f"{self.seed} {number}").getstate()
        for count, batch in enumerate(self.iterator):
            if count >= start:
                text, lengths = batch.text
                rows = batch.row.cpu().numpy()
                yield Batch(text, lengths.cpu(), batch.label, rows, len(rows))
