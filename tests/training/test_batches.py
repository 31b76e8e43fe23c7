"""Every review comes once an epoch, padded and labelled as it is, in an order that seed and epoch decide."""

from __future__ import annotations

from collections import Counter
from itertools import chain

import numpy as np
import pytest
import torch
from torch import Tensor

from rnnlab.training.batches import PAD, Batch, Batches
from rnnlab.training.ids import Reviews
from rnnlab.training.readable import ReadableBatches


def some_reviews(count: int = 1_000, words: int = 40_000, seed: int = 1) -> Reviews:
    """Reviews of 1 to 60 random ids; those above 32,767 show whether all 16 bits are kept."""
    random = np.random.default_rng(seed)
    lengths = random.integers(1, 60, count)
    dtype = np.uint16 if words <= 65_536 else np.int32
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return Reviews(random.integers(2, words, lengths.sum()).astype(dtype), offsets, random.integers(0, 3, count))


def review(reviews: Reviews, row: int) -> list[int]:
    return reviews.tokens[reviews.offsets[row] : reviews.offsets[row + 1]].tolist()


def pairs(batches: list[Batch]) -> Counter[tuple[tuple[int, ...], int]]:
    """The (text, label) of every review in some batches, and how often each comes."""
    return Counter(
        (tuple(batch.text[:length, column].tolist()), int(batch.label[column]))
        for batch in batches
        for column, length in enumerate(batch.lengths.tolist())
    )


def same(one: Tensor, other: Tensor) -> bool:
    return one.dtype == other.dtype and torch.equal(one, other)


@pytest.mark.parametrize("bucketed", [True, False])
@pytest.mark.parametrize("shuffle", [True, False])
def test_every_review_comes_once_an_epoch(bucketed, shuffle):
    reviews = some_reviews()
    batches = Batches(reviews, 32, bucketed=bucketed, shuffle=shuffle)
    rows = [batch.rows for batch in batches.epoch(1)]
    assert sorted(chain.from_iterable(rows)) == list(range(1_000))
    assert len(rows) == len(batches) == 32
    assert sorted(map(len, rows)) == [8, *[32] * 31]


@pytest.mark.parametrize("words", [100, 60_000, 200_000])
def test_a_batch_holds_its_reviews_padded_at_the_end(words):
    reviews = some_reviews(300, words)
    for batch in Batches(reviews, 32).epoch(1):
        assert batch.text.dtype == batch.lengths.dtype == batch.label.dtype == torch.int64
        assert batch.text.shape == (reviews.lengths[batch.rows].max(), len(batch.rows))
        assert batch.lengths.tolist() == reviews.lengths[batch.rows].tolist()
        assert batch.label.tolist() == reviews.labels[batch.rows].tolist()
        for column, row in enumerate(batch.rows):
            ids = review(reviews, row)
            assert batch.text[:, column].tolist() == ids + [PAD] * (len(batch.text) - len(ids))


def test_the_last_review_of_all_may_be_shorter_than_its_batch():
    reviews = Reviews(np.array([5, 6, 7, 8], np.uint16), np.array([0, 3, 4]), np.array([1, 0]))
    (batch,) = Batches(reviews, 2).epoch(1)
    assert batch.text.tolist() == [[5, 8], [6, PAD], [7, PAD]]


def test_the_longest_review_comes_first_in_each_batch():
    for bucketed in (True, False):
        for batch in Batches(some_reviews(), 32, bucketed=bucketed).epoch(1):
            assert batch.lengths.tolist() == sorted(batch.lengths.tolist(), reverse=True)


def test_bucketed_batches_have_little_padding_and_others_have_much():
    def positions(bucketed: bool) -> float:
        batches = list(Batches(some_reviews(), 32, bucketed=bucketed).epoch(1))
        return sum(batch.text.numel() for batch in batches) / sum(int(batch.lengths.sum()) for batch in batches)

    assert positions(True) < 1.1
    assert positions(False) > 1.6


def test_bucketed_batches_do_not_come_in_the_order_of_their_lengths():
    longest = [int(batch.lengths[0]) for batch in Batches(some_reviews(), 32).epoch(1)]
    assert longest not in (sorted(longest), sorted(longest, reverse=True))


def test_the_reviews_of_more_than_one_pool_are_mixed_anew_each_epoch():
    reviews = some_reviews(2_000)
    batches = Batches(reviews, 5)  # A pool is a quarter of them.
    together = [{frozenset(rows.tolist()) for rows in batches.plan(epoch)} for epoch in (1, 2)]
    assert len(together[0] & together[1]) < 20


def test_the_same_seed_and_epoch_give_the_same_batches():
    reviews = some_reviews()
    for one, other in zip(Batches(reviews, 32).epoch(3), Batches(reviews, 32).epoch(3), strict=True):
        assert same(one.text, other.text) and same(one.label, other.label) and same(one.lengths, other.lengths)


def test_another_epoch_or_another_seed_gives_another_order():
    reviews = some_reviews()
    orders = [
        np.concatenate(Batches(reviews, 32, seed=seed).plan(epoch)).tolist()
        for seed, epoch in ((123, 1), (123, 2), (124, 1), (-1, 1))
    ]
    assert len({tuple(order) for order in orders}) == 4


def test_an_epoch_goes_on_at_any_batch():
    batches = Batches(some_reviews(), 32)
    whole = list(batches.epoch(2))
    for start in (0, 1, 17, 31, 32):
        rest = list(batches.epoch(2, start))
        assert len(rest) == 32 - start
        assert all(same(one.text, other.text) for one, other in zip(rest, whole[start:], strict=True))


def test_nothing_else_random_is_touched():
    torch.manual_seed(1)
    np.random.seed(1)
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()
    list(Batches(some_reviews(), 32).epoch(1))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist() == before[1]


def test_not_shuffled_the_reviews_keep_their_order_or_that_of_their_lengths():
    reviews = some_reviews(100)
    in_order = Batches(reviews, 10, bucketed=False, shuffle=False).plan(1)
    assert [sorted(rows) for rows in in_order] == [list(range(n, n + 10)) for n in range(0, 100, 10)]
    by_length = np.concatenate(Batches(reviews, 10, shuffle=False).plan(1))
    assert (np.diff(reviews.lengths[by_length]) <= 0).all()


@pytest.mark.parametrize("ranks", [2, 3, 7])
def test_the_ranks_slices_together_are_the_batch_of_one_process(ranks):
    reviews = some_reviews()
    alone = Batches(reviews, 32).epoch(1)
    shared = zip(*(Batches(reviews, 32, rank=rank, ranks=ranks).epoch(1) for rank in range(ranks)), strict=True)
    for whole, slices in zip(alone, shared, strict=True):
        assert sorted(chain.from_iterable(part.rows for part in slices)) == sorted(whole.rows)
        assert {part.of for part in slices} == {whole.of} == {len(whole.rows)}
        assert max(len(part.rows) for part in slices) - min(len(part.rows) for part in slices) <= 1
        assert sum((pairs([part]) for part in slices), Counter()) == pairs([whole])


def test_a_rank_may_have_nothing_of_a_small_last_batch():
    reviews = some_reviews(9)
    last = [list(Batches(reviews, 8, rank=rank, ranks=4, shuffle=False).epoch(1))[1] for rank in range(4)]
    assert [len(batch.rows) for batch in last] == [1, 0, 0, 0]
    assert all(batch.of == 1 for batch in last)
    assert last[3].text.shape == (0, 0)


def test_no_reviews_give_no_batches():
    nothing = Reviews(np.empty(0, np.uint16), np.zeros(1, np.int64), np.empty(0, np.int64))
    assert list(Batches(nothing, 32).epoch(1)) == []


def test_the_plan_never_looks_at_the_device(monkeypatch):
    """No tensor is asked for its numbers while an epoch runs: on a GPU that would wait for all that was begun."""
    batches = Batches(some_reviews(), 32)
    for name in ("item", "tolist", "cpu", "numpy", "__bool__", "__int__", "__index__", "nonzero"):
        monkeypatch.setattr(Tensor, name, lambda *_, name=name: pytest.fail(f"Tensor.{name} was called"))
    assert sum(1 for _ in batches.epoch(1)) == 32


# --- torchtext's own -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bucketed", [True, False])
def test_torchtexts_iterator_feeds_the_same_reviews_with_the_same_labels(bucketed):
    reviews = some_reviews()
    fast, readable = Batches(reviews, 32, bucketed=bucketed), ReadableBatches(reviews, 32, bucketed=bucketed)
    assert len(fast) == len(readable)
    for epoch in (1, 2):
        one, other = list(fast.epoch(epoch)), list(readable.epoch(epoch))
        expected = Counter((tuple(review(reviews, row)), int(reviews.labels[row])) for row in range(1_000))
        assert pairs(one) == pairs(other) == expected


def test_torchtexts_batches_say_of_which_reviews_they_are():
    reviews = some_reviews(100)
    for batch in ReadableBatches(reviews, 32).epoch(1):
        assert batch.rows.dtype == np.int64 and batch.of == len(batch.rows)
        assert batch.lengths.device.type == "cpu"
        for column, row in enumerate(batch.rows):
            ids = review(reviews, row)
            assert batch.text[:, column].tolist() == ids + [PAD] * (len(batch.text) - len(ids))
            assert int(batch.label[column]) == reviews.labels[row]


def test_torchtexts_epochs_too_can_be_repeated_and_gone_on_with():
    batches = ReadableBatches(some_reviews(100), 8)
    first, again, second = (list(batches.epoch(number)) for number in (1, 1, 2))
    assert all(same(one.text, other.text) for one, other in zip(first, again, strict=True))
    assert any(not np.array_equal(one.rows, other.rows) for one, other in zip(first, second, strict=True))
    assert [batch.rows.tolist() for batch in batches.epoch(1, 5)] == [batch.rows.tolist() for batch in first[5:]]
