"""Stage 13: ask the model about a new review, with the Fields that the training used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn


@dataclass(frozen=True)
class Prediction:
    """One probability per class, each under the label's own name, and the tokens that were read."""

    text: str
    tokens: tuple[str, ...]
    unknown: tuple[str, ...]
    probabilities: dict[str, float]

    @property
    def label(self) -> str:
        """The most probable label."""
        return max(self.probabilities, key=lambda name: self.probabilities[name])

    def described(self) -> tuple[str, dict[str, float], dict[str, Any]]:
        """Return this prediction as counts and samples of a fact."""
        samples = {
            "text": self.text,
            "tokens": self.tokens,
            "unknown": self.unknown,
            "probabilities": self.probabilities,
        }
        return (
            "prediction",
            {"tokens": float(len(self.tokens)), "unknown": float(len(self.unknown))},
            samples,
        )


def predict(
    model: nn.Module, sentence: str, text_field: Any, label_field: Any
) -> Prediction:
    """Return the probability of each class for one sentence.

    Raises:
        ValueError: the sentence has no token.
    """
    tokens = text_field.preprocess(sentence)
    if not any(map(str.strip, tokens)):
        raise ValueError("the sentence has no token; write at least one word")
    device = next(model.parameters()).device
    text, lengths = text_field.process([tokens], device=device)
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            logits = model(text, lengths)
            probabilities = torch.softmax(logits, dim=1)
    finally:
        model.train(was_training)
    names = label_field.vocab.itos
    # torchtext adds every word that it looks up to stoi, the unknown ones under <unk>.
    words = text_field.vocab
    indices = [words.stoi.get(token, words.unk_index) for token in tokens]
    return Prediction(
        sentence,
        tuple(tokens),
        tuple(t for t, i in zip(tokens, indices, strict=True) if i == words.unk_index),
        {name: probabilities[0, i].item() for i, name in enumerate(names)},
    )
