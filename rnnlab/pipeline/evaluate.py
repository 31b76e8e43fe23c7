"""Stage 12: count right answers on reviews that the model has never seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn


@dataclass(frozen=True)
class Evaluation:
    """Exact counts: `confusion[i][j]` is the number of reviews of class i that were called class j."""

    names: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]

    @property
    def rows(self) -> int:
        """Reviews in all."""
        return sum(map(sum, self.confusion))

    @property
    def correct(self) -> int:
        """Reviews called what they are."""
        return sum(row[i] for i, row in enumerate(self.confusion))

    @property
    def accuracy(self) -> float:
        """Right answers per review, 0 to 1."""
        return self.correct / max(1, self.rows)

    @property
    def majority(self) -> float:
        """What always answering the commonest class would reach, 0 to 1."""
        return max((sum(row) for row in self.confusion), default=0) / max(1, self.rows)

    def described(self) -> tuple[str, dict[str, float], dict[str, Any]]:
        """Return this evaluation as counts and samples of a fact."""
        counts = {
            "rows": self.rows,
            "correct": self.correct,
            "accuracy": self.accuracy,
            "majority": self.majority,
        }
        return (
            "evaluation",
            {k: float(v) for k, v in counts.items()},
            {"names": self.names, "confusion": self.confusion},
        )


def evaluate(model: nn.Module, loader: Any) -> Evaluation:
    """Run every batch of a loader through the model in `eval()` without gradients, and count."""
    names = tuple(loader.dataset.fields["label"].vocab.itos)
    confusion = torch.zeros(len(names), len(names), dtype=torch.long)
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            for batch in loader:
                text, lengths = batch.text
                logits = model(text, lengths)
                answers = logits.argmax(dim=1)
                pairs = torch.stack([batch.label, answers]).cpu()
                confusion.index_put_(
                    (pairs[0], pairs[1]), torch.tensor(1), accumulate=True
                )
    finally:
        model.train(was_training)
    return Evaluation(names, tuple(tuple(row) for row in confusion.tolist()))
