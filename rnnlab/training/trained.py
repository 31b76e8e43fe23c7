"""A trained model ready for use: its weights, its words, its labels and its tokenizer, as `rnnlab train` has kept them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from rnnlab.pipeline.predict import Prediction
from rnnlab.training.checkpoint import Language, load_model
from rnnlab.training.folder import MODEL
from rnnlab.training.ids import cut
from rnnlab.training.recipes import RunSettings
from rnnlab.training.recurrence import build_model, logits

_UNKNOWN = 0


@dataclass(frozen=True)
class Trained:
    """A model that has learnt, in evaluation mode; `valid_accuracy` is that of its epoch.

    `model` maps text (seq_len, batch) and lengths (batch) to logits (batch, classes); column j stands for `language.labels[j]`.
    """

    model: nn.Module
    language: Language
    settings: RunSettings
    epoch: int
    valid_accuracy: float

    def predict(self, text: str) -> Prediction:
        """Return the probability of each label for one text.

        Raises:
            ValueError: the text has no token, or the tokenizer is not installed.
        """
        return self.predict_all([text])[0]

    def predict_all(self, texts: list[str]) -> list[Prediction]:
        """Return the probabilities of many texts, one text after another, so that none depends on its neighbours.

        Raises:
            ValueError: a text has no token.
        """
        index = {word: n for n, word in enumerate(self.language.words)}
        return [self._predicted(text, index) for text in texts]

    def _predicted(self, text: str, index: dict[str, int]) -> Prediction:
        try:
            tokens = cut(text, self.language.tokenizer)
        except RuntimeError as error:
            # Without spaCy there are no tokens.
            raise ValueError(str(error)) from None
        if not any(map(str.strip, tokens)):
            raise ValueError("the text has no token; write at least one word")
        numbers = [index.get(token, _UNKNOWN) for token in tokens]
        device = next(self.model.parameters()).device
        ids = torch.tensor(numbers, dtype=torch.long, device=device).unsqueeze(1)
        with torch.inference_mode():
            scores = logits(self.model, ids, torch.tensor([len(numbers)], device=device))
            shares = torch.softmax(scores.float(), dim=1)[0].tolist()
        unknown = tuple(token for token, number in zip(tokens, numbers, strict=True) if number == _UNKNOWN)
        return Prediction(text, tuple(tokens), unknown, dict(zip(self.language.labels, shares, strict=True)))


def load(path: str | Path, device: str = "cpu") -> Trained:
    """Load what `rnnlab train` has learnt: the folder of a run, or its model.pt.

    Raises:
        CheckpointError: there is no model yet, or it is damaged.
    """
    given = Path(path).expanduser()
    kept = load_model(given / MODEL if given.is_dir() or not given.suffix else given)
    model = build_model(kept.settings, len(kept.language.words), len(kept.language.labels))
    model.load_state_dict(kept.weights)
    return Trained(model.to(device).eval(), kept.language, kept.settings, kept.epoch, kept.valid_accuracy)
