"""The numbers of a training run: the lecture's, and smaller ones for the built-in reviews."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RnnKind = Literal["lstm", "gru", "rnn"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of the reference pipeline; the defaults are those of the lecture (STAT 453, L15.7).

    `vocabulary` counts words without `<unk>` and `<pad>`, `emb` and `hid` are widths, `seed` serves the splits, the
    shuffling and the weights. `packed` takes the padding out before the RNN reads. `seconds` is a time budget for training.
    """

    vocabulary: int = 20_000
    learning_rate: float = 0.005
    batch: int = 128
    emb: int = 128
    hid: int = 256
    epochs: int = 4
    seed: int = 123
    rnn: RnnKind = "lstm"
    packed: bool = True
    device: str = "auto"
    remove_breaks: bool = False
    seconds: float | None = None


LECTURE = Settings()
# The built-in reviews are few and short: these widths learn them in some ten seconds on two cores.
BUILT_IN = Settings(vocabulary=1_500, batch=32, emb=32, hid=32, epochs=8)
