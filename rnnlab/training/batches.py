"""Batches of reviews of similar length, put together on the device where the ids already live."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnlab.training.ids import Reviews

PAD = 1
# As torchtext's BucketIterator: reviews are shuffled, sorted by length within so many batches, and cut into batches.
_POOL = 100


@dataclass(frozen=True)
class Batch:
    """One batch: text (seq_len, batch) padded with `<pad>` and label (batch) on the device, lengths (batch) on the host.

    `rows` (batch) says which reviews these are, on the host; `of` is the number of reviews in the batch of all ranks together.
    """

    text: Tensor
    lengths: Tensor
    label: Tensor
    rows: NDArray[np.int64]
    of: int


class Batches:
    """The batches of each epoch: every review once, in an order that the seed and the epoch's number alone decide.

    Ids, lengths and labels are on the device from the start, and what a batch holds is planned on the host, so that within an
    epoch neither waits for the other.

    Args:
        batch: reviews in a batch, those of all ranks together.
        bucketed: put reviews of similar length into one batch.
        shuffle: another order in each epoch; False keeps the reviews' own order, or the longest first when bucketed.
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
        # torch can do little with uint16: the same 16 bits are kept as int16, and made whole again in each batch.
        self._mask = 0xFFFF if reviews.tokens.dtype == np.uint16 else -1
        tokens = reviews.tokens.view(np.int16) if self._mask > 0 else reviews.tokens
        self._tokens, self._first, self._lengths, self._labels = (
            torch.from_numpy(array).to(self.device)
            for array in (tokens, reviews.offsets[:-1], reviews.lengths, reviews.labels)
        )
        self._steps = torch.arange(reviews.lengths.max(initial=0), device=self.device).unsqueeze(1)

    def __len__(self) -> int:
        return math.ceil(len(self.reviews) / self.batch)

    def plan(self, number: int) -> list[NDArray[np.int64]]:
        """Return the rows of each batch of an epoch, for all ranks together; in a batch the longest review comes first."""
        lengths, count = self.reviews.lengths, len(self.reviews)
        random = np.random.default_rng([self.seed % 2**64, number])
        order = random.permutation(count) if self.shuffle else np.arange(count)
        if self.bucketed:
            pool = self.batch * (_POOL if self.shuffle else len(self))
            order = np.concatenate([order[:0], *(_longest_first(part, lengths) for part in _parts(order, pool))])
        batches = _parts(order, self.batch)
        if self.bucketed and self.shuffle:
            batches = [batches[n] for n in random.permutation(len(batches))]
        return [_longest_first(rows, lengths) for rows in batches]

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, from the one with index `start` on."""
        plan = self.plan(number)[start:]
        if not plan:
            return
        rows_there = torch.from_numpy(np.concatenate(plan)).to(self.device).split([len(rows) for rows in plan])
        for rows, there in zip(plan, rows_there, strict=True):
            yield self._assembled(rows[self.rank :: self.ranks], there[self.rank :: self.ranks], len(rows))

    def _assembled(self, rows: NDArray[np.int64], there: Tensor, of: int) -> Batch:
        """Take the ids of some reviews out of the flat ones; `there` is `rows` on the device."""
        lengths = self.reviews.lengths[rows]
        steps = self._steps[: int(lengths.max(initial=0))]
        places = (self._first[there] + steps).clamp_(max=len(self._tokens) - 1)
        text = torch.take(self._tokens, places).long().bitwise_and_(self._mask)
        text.masked_fill_(steps >= self._lengths[there], PAD)
        return Batch(text, torch.from_numpy(lengths), self._labels[there], rows, of)


def _parts(order: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    return [order[i : i + size] for i in range(0, len(order), size)]


def _longest_first(rows: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    return rows[np.argsort(-lengths[rows], kind="stable")]
