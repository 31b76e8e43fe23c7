"""On the real 50,000 reviews the pipeline comes to the lecture's own numbers (STAT 453, L15.7); skipped without them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from rnnlab.pipeline.batch import positions_per_token
from rnnlab.pipeline.load import load
from rnnlab.pipeline.settings import LECTURE
from rnnlab.pipeline.split import Splits, split
from rnnlab.pipeline.tokenize import tokenize
from rnnlab.pipeline.vocab import vocab

# As the lecture prints them; spaCy 3.0.5 cut its reviews, and newer rules move some counts by some hundredths of a percent.
COMMONEST = [
    ("the", 391539), (",", 370979), (".", 319263), ("and", 210725), ("a", 210397),
    ("of", 194700), ("to", 180225), ("is", 145689), ("in", 118828), ("I", 105650),
]  # fmt: skip


@pytest.fixture(scope="module")
def real(imdb_csv: Path) -> Splits:
    """The splits of the real file with the vocabulary built; tokenized once for all tests here."""
    table = load(imdb_csv)
    assert len(table) == 50_000 and table.attrs["dropped"] == {}
    texts = list(table["review"])
    started = time.perf_counter()
    tokens = tokenize(texts)
    cut = time.perf_counter()
    again = tokenize(texts)
    read = time.perf_counter()
    assert again == tokens
    print(f"\ntokenizing 50,000 reviews: {cut - started:.1f} s; from the cache: {read - cut:.1f} s")
    splits = split(tokens, list(table["sentiment"]), LECTURE.seed)
    vocab(splits.train, splits.text, splits.label, LECTURE.vocabulary)
    return splits


def test_the_splits_have_the_lectures_sizes(real):
    assert (len(real.train), len(real.valid), len(real.test)) == (34_000, 6_000, 10_000)


def test_the_first_training_example_is_the_lectures(real):
    assert real.train[0].text[:8] == ["For", "some", "unknown", "reason", ",", "7", "years", "ago"]


def test_the_vocabulary_has_20_000_words_and_two_specials(real):
    assert len(real.text.vocab) == 20_002
    assert real.text.vocab.itos[:2] == ["<unk>", "<pad>"]


def test_the_more_frequent_label_comes_first(real):
    assert dict(real.label.vocab.freqs) == {"1": 17_019, "0": 16_981}
    assert dict(real.label.vocab.stoi) == {"1": 0, "0": 1}


def test_the_commonest_tokens_are_the_lectures_in_its_order(real):
    found = real.text.vocab.freqs.most_common(len(COMMONEST))
    assert [token for token, _ in found] == [token for token, _ in COMMONEST]
    for (token, count), (_, expected) in zip(found, COMMONEST, strict=True):
        assert count == pytest.approx(expected, rel=0.0005), token


def test_buckets_leave_little_padding(real):
    assert 1.05 < positions_per_token(real.train, LECTURE.batch, bucketed=True) < 1.09
    assert 4.15 < positions_per_token(real.train, LECTURE.batch, bucketed=False) < 4.35
