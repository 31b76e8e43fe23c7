"""Exact counts of right and wrong answers, fast: reviews of one length side by side, without gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rnnlab.training.batches import PAD
from rnnlab.training.ids import Reviews
from rnnlab.training.precision import autocast
from rnnlab.training.recipes import Precision
from rnnlab.training.recurrence import logits

_REVIEWS_AT_ONCE = 256


def confusion(
    model: nn.Module,
    reviews: Reviews,
    device: torch.device | str,
    precision: Precision = "fp32",
    rows: Sequence[int] | np.ndarray[Any, Any] | None = None,
) -> Tensor:
    """Count answers: [i][j] (classes, classes) int64 on the host is the number of reviews of class i called class j.

    Args:
        model: in evaluation mode.
        rows: the reviews to count; all where it is None.
    """
    device = torch.device(device)
    mine = np.arange(len(reviews)) if rows is None else np.asarray(rows, np.int64)
    order = mine[np.argsort(-reviews.lengths[mine], kind="stable")]
    answers = np.empty(len(order), np.int64)
    with torch.inference_mode(), autocast(precision, device):
        for first in range(0, len(order), _REVIEWS_AT_ONCE):
            part = order[first : first + _REVIEWS_AT_ONCE]
            lengths = reviews.lengths[part]
            text = np.full((int(lengths.max()), len(part)), PAD, np.int64)
            for column, row in enumerate(part):
                text[: lengths[column], column] = reviews.tokens[reviews.offsets[row] : reviews.offsets[row + 1]]
            scores = logits(model, torch.from_numpy(text).to(device), torch.from_numpy(lengths))
            answers[first : first + len(part)] = scores.argmax(dim=1).cpu().numpy()
    classes = int(model.head.out_features)  # type: ignore[union-attr, arg-type]
    pairs = np.bincount(reviews.labels[order] * classes + answers, minlength=classes * classes)
    return torch.from_numpy(pairs.reshape(classes, classes))
