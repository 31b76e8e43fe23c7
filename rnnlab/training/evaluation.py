"""Exact counts of right and wrong answers, fast: reviews of one length side by side, without gradients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rnnlab.training.batches import PAD
from rnnlab.training.ids import Reviews
from rnnlab.training.precision import autocast
from rnnlab.training.recipes import Precision
from rnnlab.training.recurrence import logits

# Reviews and positions at once: a CPU is fastest while a step's states stay in its cache, a GPU with many reviews. The
# positions bound the memory where a review is very long.
_AT_ONCE = {"cpu": (128, 2**17), "cuda": (2_048, 2**20)}


def confusion(
    model: nn.Module,
    reviews: Reviews,
    device: torch.device | str,
    precision: Precision = "fp32",
    rows: Sequence[int] | NDArray[Any] | None = None,
) -> Tensor:
    """Count answers: [i][j] (classes, classes) int64 on the host is the number of reviews of class i called class j.

    Args:
        model: in evaluation mode.
        rows: the reviews to count; all where it is None.
    """
    device = torch.device(device)
    mine = np.arange(len(reviews)) if rows is None else np.asarray(rows, np.int64)
    order = mine[np.argsort(-reviews.lengths[mine], kind="stable")]
    answers = [torch.zeros(0, dtype=torch.int64, device=device)]
    with torch.inference_mode(), autocast(precision, device):
        for part in _parts(order, reviews, device):
            text, lengths = _side_by_side(reviews, part)
            answers.append(logits(model, text.to(device), lengths).argmax(dim=1))
    classes = int(model.head.out_features)  # type: ignore[union-attr, arg-type]
    pairs = reviews.labels[order] * classes + torch.cat(answers).cpu().numpy()
    return torch.from_numpy(np.bincount(pairs, minlength=classes**2).reshape(classes, classes))


def _parts(order: NDArray[np.int64], reviews: Reviews, device: torch.device) -> Iterator[NDArray[np.int64]]:
    """Yield the rows of each batch, of reviews that come longest first."""
    most, positions = _AT_ONCE.get(device.type, _AT_ONCE["cpu"])
    first = 0
    while first < len(order):
        size = min(most, max(1, positions // int(reviews.lengths[order[first]])))
        yield order[first : first + size]
        first += size


def _side_by_side(reviews: Reviews, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    """Return text (seq_len, batch) and lengths (batch)."""
    lengths = reviews.lengths[rows]
    text = np.full((len(rows), int(lengths.max())), PAD, np.int64)
    for line, row, length in zip(text, rows, lengths, strict=True):
        start = reviews.offsets[row]
        line[:length] = reviews.tokens[start : start + length]
    return torch.from_numpy(text).t().contiguous(), torch.from_numpy(lengths)
