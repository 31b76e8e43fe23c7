"""How much of the loss's gradient reaches each time step: what shows whether a model can learn from its words."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from rnnlab.training.recurrence import TrainingModel, padded_logits


@dataclass(frozen=True)
class StepGradients:
    """`norms` (seq_len, batch): the length of the gradient of each review's loss at each embedded step; `lengths` (batch).

    Step t of a review stands before its end where t < length, and in its padding otherwise.
    """

    norms: Tensor
    lengths: Tensor

    @property
    def by_step(self) -> Tensor:
        """The mean over the reviews at each step, (seq_len)."""
        return self.norms.mean(dim=1)

    @property
    def at_last_step(self) -> float:
        """The mean at the last step of the batch, where a padded model reads its state."""
        return float(self.norms[-1].mean())

    @property
    def at_last_words(self) -> float:
        """The median at each review's own last word."""
        last_word = (self.lengths - 1).unsqueeze(0)
        return float(self.norms.gather(0, last_word).median())

    @property
    def padding(self) -> int:
        """The median number of steps from a review's last word to the end of the batch."""
        return int((len(self.norms) - self.lengths).median())

    @property
    def share_on_words(self) -> float:
        """The share of all gradient lengths that lies on words and not on padding, 0 to 1."""
        step = torch.arange(len(self.norms), device=self.norms.device).unsqueeze(1)
        whole = float(self.norms.sum())
        return float((self.norms * (step < self.lengths)).sum()) / whole if whole else 0.0


def gradient_per_step(model: TrainingModel, text: Tensor, lengths: Tensor, label: Tensor) -> StepGradients:
    """Measure the gradient at each step of text (seq_len, batch), read as the model is trained: packed or padded.

    Weights, their gradients and the mode of the model stay as they are; dropout is left out.
    """
    embedded: list[Tensor] = []

    def keep(_module: object, _inputs: object, output: Tensor) -> None:
        embedded.append(output)

    kept = model.embedding.register_forward_hook(keep)
    was_training = model.training
    model.eval()
    try:
        # cuDNN's RNNs have no backward pass in evaluation mode.
        with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
            scores = padded_logits(model, text, lengths) if model.packed else model(text, lengths)
            loss = cross_entropy(scores, label, reduction="sum")
            (gradient,) = torch.autograd.grad(loss, embedded)
    finally:
        kept.remove()
        model.train(was_training)
    return StepGradients(gradient.norm(dim=2).cpu(), lengths.cpu())
