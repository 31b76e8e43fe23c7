"""The settings of a full training, and the two recipes: the lecture's own, and one that generalises better."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from rnnlab.pipeline.settings import BUILT_IN, Settings

Pooling = Literal["last", "max_mean"]
Schedule = Literal["constant", "cosine"]
Loader = Literal["flat", "torchtext"]
Precision = Literal["fp32", "bf16", "fp16"]


@dataclass(frozen=True, kw_only=True)
class RunSettings(Settings):
    """Settings of `rnnlab train`; the defaults are the lecture's, packed.

    `bucketed` puts reviews of similar length into one batch. `dropout` acts on the embedded words, between layers and before
    the head. `pooling` says what the head reads: each review's last state, or the maximum and the mean over its states.
    `schedule` moves the learning rate: "cosine" warms up over a twentieth of the run and falls to zero at its end. `clip` is the
    largest length that all gradients together may have. `lower` turns letters small before the words are counted.
    `loader` is "flat" (ids on the device) or "torchtext" (its BucketIterator, to read and compare).
    """

    recipe: str = "lecture"
    bucketed: bool = True
    layers: int = 1
    bidirectional: bool = False
    dropout: float = 0.0
    pooling: Pooling = "last"
    weight_decay: float = 0.0
    schedule: Schedule = "constant"
    clip: float | None = None
    lower: bool = False
    loader: Loader = "flat"
    precision: Precision = "fp32"


LECTURE = RunSettings()
# Narrow, but read from both ends, a third of the lecture's cost. The head sees the maximum and the mean over all words, so that
# gradients need not travel a thousand steps; dropout and a falling rate keep the model from learning reviews by heart.
BETTER = RunSettings(
    recipe="better", emb=64, hid=64, bidirectional=True, pooling="max_mean", dropout=0.4, learning_rate=0.005, weight_decay=0.01,
    schedule="cosine", clip=1.0, lower=True, remove_breaks=True,
)  # fmt: skip
RECIPES = {recipe.recipe: recipe for recipe in (LECTURE, BETTER)}


def chosen(recipe: str, built_in: bool, **wished: Any) -> RunSettings:
    """Return a recipe's settings with the wishes that are not None put in; the built-in reviews take smaller widths.

    Raises:
        ValueError: there is no such recipe.
    """
    if recipe not in RECIPES:
        raise ValueError(f"there is no recipe '{recipe}'; there is {', '.join(RECIPES)}")
    settings = RECIPES[recipe]
    if built_in:
        small = {name: getattr(BUILT_IN, name) for name in ("vocabulary", "batch", "emb", "hid", "epochs")}
        settings = replace(settings, **small)
    return replace(settings, **{name: value for name, value in wished.items() if value is not None})


def as_data(settings: RunSettings) -> dict[str, Any]:
    """Return settings as plain data for a checkpoint or a JSON file."""
    return asdict(settings)


def from_data(kept: dict[str, Any]) -> RunSettings:
    """Return the settings that `as_data` wrote; what an older version did not know keeps its default.

    Raises:
        ValueError: a setting is not known to this version.
    """
    known = {one.name for one in fields(RunSettings)}
    if unknown := sorted(set(kept) - known):
        raise ValueError(f"the setting '{unknown[0]}' is not known to this version of rnnlab; update it")
    return RunSettings(**kept)


def differences(
    kept: RunSettings, wished: RunSettings, free: tuple[str, ...] = ("epochs", "device", "seconds")
) -> list[str]:
    """Return the names of the settings in which two runs differ, but for those that may change when a run goes on."""
    one, other = as_data(kept), as_data(wished)
    return [name for name in one if name not in free and one[name] != other[name]]
