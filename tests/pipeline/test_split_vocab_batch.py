"""Stages 3 to 5: the lecture's splits, a vocabulary of the training split alone, and batches of (seq_len, batch)."""

from __future__ import annotations

import random
from collections import Counter

import pytest
import torch
from torchtext.data import Dataset, Example, Field, LabelField

from rnnlab.pipeline.batch import batch, positions_per_token
from rnnlab.pipeline.split import split
from rnnlab.pipeline.vocab import vocab


def made_up(count: int, classes: int = 2, seed: int = 0) -> tuple[list[list[str]], list[str]]:
    """Token lists of different lengths, each with a token of its own first; class i is more frequent than class i + 1."""
    drawn = random.Random(seed)
    tokens = [[f"own{i}", *(f"w{drawn.randrange(30)}" for _ in range(drawn.randrange(1, 40)))] for i in range(count)]
    labels = [f"class {min(drawn.randrange(classes), drawn.randrange(classes))}" for _ in range(count)]
    return tokens, labels


def owns(dataset) -> list[str]:
    return [example.text[0] for example in dataset]


@pytest.fixture(scope="module")
def splits():
    made = split(*made_up(500))
    vocab(made.train, made.text, made.label, 50)
    return made


# --- split ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "sizes"), [(500, (340, 60, 100)), (2000, (1360, 240, 400)), (20, (14, 2, 4))])
def test_80_20_and_then_85_15(count, sizes):
    made = split(*made_up(count))
    assert (len(made.train), len(made.valid), len(made.test)) == sizes


def test_every_review_is_in_exactly_one_split(splits):
    assert sorted(owns(splits.train) + owns(splits.valid) + owns(splits.test)) == sorted(f"own{i}" for i in range(500))


def test_a_review_keeps_its_label(splits):
    tokens, labels = made_up(500)
    by_own = {cut[0]: (cut, label) for cut, label in zip(tokens, labels, strict=True)}
    for part in splits[:3]:
        for example in part:
            assert (example.text, example.label) == by_own[example.text[0]]


def test_the_same_seed_splits_the_same_way_and_another_does_not(splits):
    assert owns(split(*made_up(500), seed=123).train) == owns(splits.train)
    assert owns(split(*made_up(500), seed=124).train) != owns(splits.train)


def test_the_splits_are_the_very_ones_of_the_lectures_way(splits):
    tokens, labels = made_up(500)
    fields = [("text", Field()), ("label", LabelField())]
    whole = Dataset([Example.fromlist(row, fields) for row in zip(tokens, labels, strict=True)], fields)
    before = random.getstate()
    random.seed(123)
    train, test = whole.split(split_ratio=[0.8, 0.2], random_state=random.getstate())
    random.seed(123)
    train, valid = train.split(split_ratio=[0.85, 0.15], random_state=random.getstate())
    random.setstate(before)
    for mine, lectures in zip(splits[:3], (train, valid, test), strict=True):
        assert owns(mine) == owns(lectures)


def test_splitting_leaves_the_random_state_as_it_was():
    random.seed(7)
    torch.manual_seed(7)
    before = random.getstate(), torch.get_rng_state()
    split(*made_up(100))
    assert random.getstate() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])


def test_a_review_without_a_token_is_left_out():
    tokens, labels = made_up(100)
    made = split([[], *tokens], ["class 0", *labels])
    assert len(made.train) + len(made.valid) + len(made.test) == 100


def test_a_label_that_training_would_never_see_is_refused():
    tokens, labels = made_up(99)
    rare = [*labels, "neutral"]
    seeds = range(40)
    refused = 0
    for seed in seeds:
        try:
            made = split([*tokens, ["meh"]], rare, seed)
        except ValueError as error:
            assert "'neutral' is so rare" in str(error) and "--seed" in str(error)
            refused += 1
        else:
            assert "neutral" in {example.label for example in made.train}
    assert 0 < refused < len(seeds)


def test_as_many_labels_as_reviews_are_needed():
    with pytest.raises(ValueError):
        split([["a"], ["b"]], ["1"])


def test_the_fields_own_tokenizer_is_the_one_of_the_reviews():
    assert split(*made_up(50)).text.preprocess("don't stop") == ["do", "n't", "stop"]
    assert split(*made_up(50), remove_breaks=True).text.preprocess("a<br />b") == ["a", "b"]


# --- vocab ---------------------------------------------------------------------------------------------------------


def test_the_vocabulary_counts_the_training_split_alone(splits):
    counted = Counter(token for example in splits.train for token in example.text)
    assert splits.text.vocab.freqs == counted


def test_a_word_that_only_the_test_split_has_is_unknown(splits):
    made = split(*made_up(500))
    vocab(made.train, made.text, made.label)
    known = made.text.vocab.stoi
    assert all(own in known for own in owns(made.train))
    assert not any(own in known for own in owns(made.test) + owns(made.valid))
    index, _ = made.text.process([[owns(made.test)[0]]])
    assert index.item() == made.text.vocab.unk_index == 0


def test_the_size_counts_words_without_the_two_specials(splits):
    assert len(splits.text.vocab) == 52
    assert splits.text.vocab.itos[:2] == ["<unk>", "<pad>"]
    assert set(splits.text.vocab.itos[2:32]) == {f"w{i}" for i in range(30)}, "the most frequent come first"


def test_the_more_frequent_label_gets_number_0():
    tokens, _ = made_up(100)
    made = split(tokens, ["1"] * 70 + ["0"] * 30)
    vocab(made.train, made.text, made.label)
    assert dict(made.label.vocab.stoi) == {"1": 0, "0": 1}
    assert made.label.vocab.itos == ["1", "0"], "a label map has no <unk>"


def test_three_classes_are_numbered_by_frequency():
    made = split(*made_up(600, classes=3))
    vocab(made.train, made.text, made.label)
    assert made.label.vocab.itos == ["class 0", "class 1", "class 2"]


# --- batch ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("packed", [True, False])
def test_a_batch_is_seq_len_by_batch_with_lengths_and_labels(splits, packed):
    loaders = batch(splits, 32, packed)
    text, lengths = loaders.first.text
    assert text.shape == (int(lengths.max()), 32)
    assert lengths.shape == loaders.first.label.shape == (32,)
    assert text.dtype == lengths.dtype == loaders.first.label.dtype == torch.long


def test_packed_batches_are_sorted_from_long_to_short(splits):
    loaders = batch(splits, 32, packed=True)
    for loader in (loaders.train, loaders.valid, loaders.test):
        for one in loader:
            lengths = one.text[1].tolist()
            assert lengths == sorted(lengths, reverse=True)


def test_padded_batches_are_the_lectures_and_not_sorted(splits):
    lengths = [one.text[1].tolist() for one in batch(splits, 32, packed=False).train]
    assert any(one != sorted(one, reverse=True) for one in lengths)


@pytest.mark.parametrize("packed", [True, False])
def test_padding_fills_what_is_left_and_nothing_else(splits, packed):
    vocabulary = splits.text.vocab
    for one in batch(splits, 32, packed).train:
        text, lengths = one.text
        for column, length in enumerate(lengths.tolist()):
            assert (text[length:, column] == vocabulary.stoi["<pad>"]).all()
            assert (text[:length, column] != vocabulary.stoi["<pad>"]).all()


@pytest.mark.parametrize("packed", [True, False])
def test_every_training_review_is_read_exactly_once_an_epoch(packed):
    made = split(*made_up(300))
    vocab(made.train, made.text, made.label)
    loader = batch(made, 32, packed).train
    for _ in range(2):
        seen = [made.text.vocab.itos[int(index)] for one in loader for index in one.text[0][0]]
        assert sorted(seen) == sorted(owns(made.train))


def test_a_columns_words_and_label_belong_together():
    made = split(*made_up(300))
    vocab(made.train, made.text, made.label)
    by_own = {example.text[0]: example for example in made.train}
    for one in batch(made, 32).train:
        for column in range(len(one)):
            length = int(one.text[1][column])
            words = [made.text.vocab.itos[int(i)] for i in one.text[0][:length, column]]
            example = by_own[words[0]]
            assert words == example.text
            assert made.label.vocab.itos[int(one.label[column])] == example.label


def test_the_batches_are_dealt_the_same_way_for_a_seed(splits):
    def dealt(seed):
        return [one.text[0] for one in batch(splits, 32, seed=seed).train]

    first, again, other = dealt(5), dealt(5), dealt(6)
    assert all(map(torch.equal, first, again))
    assert not all(a.shape == b.shape and torch.equal(a, b) for a, b in zip(first, other, strict=True))


def of_lengths(*lengths: int) -> Dataset:
    fields = [("text", Field(include_lengths=True)), ("label", LabelField())]
    return Dataset([Example.fromlist([["w"] * n, "1"], fields) for n in lengths], fields)


def test_positions_per_token_by_hand():
    # In buckets of two: (1, 2), (3, 4) and (9, 10) make 2*2 + 2*4 + 2*10 = 32 positions for 29 tokens.
    assert positions_per_token(of_lengths(10, 1, 3, 9, 2, 4), 2, bucketed=True) == pytest.approx(32 / 29)
    # One batch of all: 6 * 10 positions, bucketed or not.
    for bucketed in (True, False):
        assert positions_per_token(of_lengths(10, 1, 3, 9, 2, 4), 6, bucketed) == pytest.approx(60 / 29)
    # Reviews of one length need no padding.
    assert positions_per_token(of_lengths(7, 7, 7, 7, 7), 2, bucketed=False) == 1.0


def test_positions_per_token_are_those_of_the_batches_themselves(splits):
    for packed in (True, False):
        loaders = batch(splits, 32, packed)
        positions = tokens = 0
        for one in loaders.train:
            positions += one.text[0].numel()
            tokens += int(one.text[1].sum())
        counted = loaders.bucketed if packed else loaders.unbucketed
        assert counted == pytest.approx(positions / tokens, rel=0.05)
    assert 1.0 <= loaders.bucketed < loaders.unbucketed


def test_counting_positions_leaves_the_random_state_as_it_was(splits):
    random.seed(7)
    before = random.getstate()
    positions_per_token(splits.train, 32, bucketed=True)
    positions_per_token(splits.train, 32, bucketed=False)
    assert random.getstate() == before


def test_what_random_did_before_changes_no_batch(splits):
    random.seed(1)
    first = batch(splits, 32).first.text[0]
    random.seed(2)
    assert torch.equal(batch(splits, 32).first.text[0], first)


def test_a_batch_may_be_larger_than_the_split(splits):
    loaders = batch(splits, 10_000)
    assert len(loaders.train) == 1 and loaders.first.text[0].shape[1] == 340


def test_a_batch_may_hold_one_review(splits):
    assert batch(splits, 1).first.text[0].shape[1] == 1


def test_the_padding_is_described_with_the_kind_that_is_used(splits):
    what, counts, _ = batch(splits, 32, packed=True).described()
    assert what == "padding" and counts["used"] == 1.0 and counts["bucketed"] < counts["unbucketed"]
    assert batch(splits, 32, packed=False).described()[1]["used"] == 0.0
