"""`rnnlab predict`: ask a trained model about a text, and `rnnlab.load`, the same from Python."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.text import Text

from rnnlab.pipeline.predict import Prediction
from rnnlab.training.trained import Trained
from rnnlab.training.trained import load as load_trained
from rnnlab.views import terminal

_BAR = 30


def load(path: str | Path, device: str = "cpu") -> Trained:
    """Load what `rnnlab train` has learnt: `load("runs/imdb").predict("A wonderful film.").label`.

    Raises:
        CheckpointError: there is no model yet, or it is damaged.
    """
    return load_trained(path, device)


def predict_command(path: Path, texts: list[str], console: Console | None = None) -> None:
    """Print the probability of each label for each text.

    Raises:
        CheckpointError: there is no model, or it is damaged.
        ValueError: a text has no token.
    """
    console = console or terminal.console()
    for prediction in load_trained(path).predict_all(texts):
        console.print(_shown(prediction), soft_wrap=True)


def _shown(prediction: Prediction) -> Text:
    shown = Text(f"“{prediction.text}”\n")
    widest = max(map(len, prediction.probabilities))
    for label, share in sorted(prediction.probabilities.items(), key=lambda pair: -pair[1]):
        style = "bold" if label == prediction.label else ""
        shown.append(f"  {label:<{widest}}  {share:7.2%}  {'█' * round(share * _BAR)}\n", style)
    unknown = f", unknown to it: {' '.join(prediction.unknown)}" if prediction.unknown else ""
    return shown.append(f"  {len(prediction.tokens)} tokens were read{unknown}", "dim")
