"""Reviews as numbers, made once: flat token ids with offsets, in files that every later run maps into memory."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.pipeline.settings import Settings

Show = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Reviews:
    """Many reviews in three arrays.

    `tokens` (all tokens, one review after another) are indices into the vocabulary, uint16 where it has at most 65,536 words
    and int32 otherwise. Review i is `tokens[offsets[i]:offsets[i + 1]]`, so `offsets` is (reviews + 1), and `labels` (reviews).
    """

    tokens: NDArray[Any]
    offsets: NDArray[np.int64]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each review, (reviews)."""
        return np.diff(self.offsets)


@dataclass(frozen=True)
class Prepared:
    """The three splits, and what their numbers mean: words[i] is the token with index i, labels[j] the name of class j.

    `tokenizer` says how texts were cut (name, version, options); `key` names these very reviews, cut this way.
    """

    train: Reviews
    valid: Reviews
    test: Reviews
    words: list[str]
    labels: list[str]
    tokenizer: dict[str, Any]
    key: str


def prepare(
    csv: str | Path | None,
    text: str = "review",
    label: str = "sentiment",
    limit: int | None = None,
    settings: Settings | None = None,
    show: Show = lambda *_: None,
) -> Prepared:
    """Return the reviews of a file as ids."""
    from rnnlab.pipeline.load import load
    from rnnlab.pipeline.tokenize import tokenize

    settings = settings or Settings()
    lower = bool(getattr(settings, "lower", False))
    table = load(csv, text, label, limit)
    cut_texts = tokenize(table["review"], settings.remove_breaks, show)
    pairs = [(tokens, name) for tokens, name in zip(cut_texts, table["sentiment"], strict=True) if tokens]
    if lower:
        pairs = [([token.lower() for token in tokens], name) for tokens, name in pairs]
    whole, test = _parted(range(len(pairs)), 0.8, settings.seed)
    train, valid = _parted(whole, 0.85, settings.seed)
    words = _by_frequency(
        Counter(token for row in train for token in pairs[row][0]), settings.vocabulary, ["<unk>", "<pad>"]
    )
    labels = _by_frequency(Counter(pairs[row][1] for row in train), None, [])
    numbers, classes = ({name: n for n, name in enumerate(names)} for names in (words, labels))
    dtype = np.uint16 if len(words) <= 65_536 else np.int32

    def reviews(rows: list[int]) -> Reviews:
        lengths = [len(pairs[row][0]) for row in rows]
        tokens = np.fromiter((numbers.get(token, 0) for row in rows for token in pairs[row][0]), dtype, sum(lengths))
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        return Reviews(tokens, offsets, np.array([classes[pairs[row][1]] for row in rows], np.int64))

    tokenizer = {"name": "spacy english", "version": "", "remove_breaks": settings.remove_breaks, "lower": lower}
    return Prepared(reviews(train), reviews(valid), reviews(test), words, labels, tokenizer, "0")


def cut(text: str, tokenizer: dict[str, Any]) -> list[str]:
    """Return the tokens of one text, cut as `Prepared.tokenizer` says."""
    from rnnlab.pipeline.tokenize import english, without_breaks

    text = text.rstrip("\n")
    tokens = english()(without_breaks(text) if tokenizer["remove_breaks"] else text)
    return [token.lower() for token in tokens] if tokenizer["lower"] else tokens


def _parted(rows: Any, share: float, seed: int) -> tuple[list[int], list[int]]:
    """Split as torchtext's Dataset.split does."""
    shuffled = random.Random(seed).sample(range(len(rows)), len(rows))
    first = round(share * len(rows))
    return [rows[n] for n in shuffled[:first]], [rows[n] for n in shuffled[first:]]


def _by_frequency(counts: Counter[str], most: int | None, specials: list[str]) -> list[str]:
    """Order names as torchtext's Vocab does: the most frequent first, equally frequent ones by their spelling."""
    ordered = sorted((name for name in counts if name not in specials), key=lambda name: (-counts[name], name))
    return specials + ordered[:most]
