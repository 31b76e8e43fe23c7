"""Batches of reviews of similar length, assembled on the device where the ids already live."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnlab.training.ids import Reviews

PAD = 1


@dataclass(frozen=True)
class Batch:
    """One batch: text (seq_len, batch) padded with `<pad>`, lengths (batch) and label (batch), on the device.

    `rows` (batch) says which reviews these are, on the host; `of` is the number of reviews in the batch of all ranks together.
    """

    text: Tensor
    lengths: Tensor
    label: Tensor
    rows: NDArray[np.int64]
    of: int


class Batches:
    """The batches of each epoch: every review once, in an order that the seed and the epoch's number decide.

    Args:
        batch: reviews in a batch, those of all ranks together.
        bucketed: put reviews of similar length into one batch.
        shuffle: another order in each epoch; False keeps the reviews' own order, or that of their lengths when bucketed.
        rank, ranks: which of several processes this is; each gets its slice of every batch.
    """

    def __init__(
        self,
        reviews: Reviews,
        batch: int,
        device: torch.device | str = "cpu",
        seed: int = 123,
        bucketed: bool = True,
        shuffle: bool = True,
        rank: int = 0,
        ranks: int = 1,
    ) -> None:
        self.reviews, self.batch, self.seed = reviews, batch, seed
        self.bucketed, self.shuffle, self.rank, self.ranks = bucketed, shuffle, rank, ranks
        self.device = torch.device(device)
        self._labels = torch.from_numpy(np.array(reviews.labels)).to(self.device)

    def __len__(self) -> int:
        return -(-len(self.reviews) // self.batch)

    def plan(self, number: int) -> list[NDArray[np.int64]]:
        """Return the rows of each batch of an epoch, for all ranks together; in a batch the longest review comes first."""
        lengths = self.reviews.lengths
        random = np.random.default_rng([self.seed, number])
        order = random.permutation(len(lengths)) if self.shuffle else np.arange(len(lengths))
        if self.bucketed:
            order = order[np.argsort(-lengths[order], kind="stable")]
        parts = [order[i : i + self.batch] for i in range(0, len(order), self.batch)]
        if self.bucketed and self.shuffle:
            parts = [parts[i] for i in random.permutation(len(parts))]
        return [part[np.argsort(-lengths[part], kind="stable")] for part in parts]

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, from the one with index `start` on."""
        for rows in self.plan(number)[start:]:
            yield self._assembled(rows[self.rank :: self.ranks], len(rows))

    def _assembled(self, rows: NDArray[np.int64], of: int) -> Batch:
        lengths = self.reviews.lengths[rows]
        text = np.full((int(lengths.max(initial=0)), len(rows)), PAD, np.int64)
        for column, row in enumerate(rows):
            text[: lengths[column], column] = self.reviews.tokens[
                self.reviews.offsets[row] : self.reviews.offsets[row + 1]
            ]
        there = torch.from_numpy(rows).to(self.device)
        return Batch(
            torch.from_numpy(text).to(self.device),
            torch.from_numpy(lengths).to(self.device),
            self._labels[there],
            rows,
            of,
        )
