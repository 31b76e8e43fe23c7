import ast
import hashlib
import os
import random
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import spacy
import torch
from torchtext import data

from rnnlab.pipeline import reviews as module
from rnnlab.pipeline.reviews import BREAK, reviews

PINNED = "647544d942ce6d1c5bc3521d5aa66953828532cbb5a381e3eb447638e15c3d61"
DIGEST = """
import hashlib
from rnnlab.pipeline.reviews import reviews
text = "\\n".join(f"{sentiment} {review}" for review, sentiment in reviews())
print(hashlib.sha256(text.encode("utf-8")).hexdigest())
"""


@pytest.fixture(scope="module")
def rows() -> list[tuple[str, str]]:
    return reviews()


@pytest.fixture(scope="module")
def tokens(rows) -> list[list[str]]:
    tokenizer = spacy.blank("en").tokenizer
    return [[token.text for token in tokenizer(review)] for review, _ in rows]


@pytest.fixture(scope="module")
def split(rows, tokens) -> tuple[data.Dataset, data.Dataset]:
    """The training and the test part of the lecture's split."""
    fields = [("words", data.Field()), ("sentiment", data.LabelField())]
    examples = [data.Example.fromlist([" ".join(t), s], fields) for t, (_, s) in zip(tokens, rows, strict=True)]
    train, test = data.Dataset(examples, fields).split(split_ratio=[0.8, 0.2], random_state=random.seed(123))
    train, valid = train.split(split_ratio=[0.85, 0.15], random_state=random.seed(123))
    assert (len(train), len(valid), len(test)) == (1360, 240, 400)
    return train, test


def words_of(review: str) -> tuple[str, ...]:
    return tuple(sorted(re.findall(r"\w+", review.replace(BREAK, " ").casefold())))


def bags(part, columns) -> tuple[torch.Tensor, torch.Tensor]:
    counts = torch.zeros(len(part), len(columns))
    for row, example in enumerate(part):
        for word in example.words:
            if word in columns:
                counts[row, columns[word]] += 1
    return counts, torch.tensor([float(example.sentiment) for example in part])


@pytest.fixture(scope="module")
def bagged(split):
    columns = {word: i for i, word in enumerate(sorted({word for example in split[0] for word in example.words}))}
    return *bags(split[0], columns), *bags(split[1], columns)


def test_the_text_is_the_pinned_one(rows):
    text = "\n".join(f"{sentiment} {review}" for review, sentiment in rows)
    assert hashlib.sha256(text.encode("utf-8")).hexdigest() == PINNED


def test_a_fresh_process_with_another_hash_seed_writes_the_same_text():
    root = str(Path(module.__file__).parents[2])
    env = {**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": root}
    done = subprocess.run([sys.executable, "-c", DIGEST], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == PINNED


def test_another_seed_writes_another_text(rows):
    assert reviews(seed=124) != rows
    assert reviews(50, seed=5) == reviews(50, seed=5)


def test_the_random_state_of_the_caller_is_left_alone():
    random.seed(5)
    before = random.getstate()
    reviews(20)
    assert random.getstate() == before


def test_only_the_standard_library_is_imported():
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported - {"rnnlab.pipeline"} <= sys.stdlib_module_names
    words = (Path(module.__file__).parent / "review_words.py").read_text(encoding="utf-8")
    assert not any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(ast.parse(words)))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 10, 41, 84, 112, 999, 3001])
def test_any_number_of_reviews_can_be_asked_for_and_the_classes_stay_balanced(count):
    got = Counter(sentiment for _, sentiment in reviews(count))
    assert got.total() == count
    assert set(got) <= {"0", "1"}
    assert 0 <= got["1"] - got["0"] <= 3


def test_there_are_two_thousand_of_them_with_one_positive_review_more_than_half(rows):
    assert Counter(sentiment for _, sentiment in rows) == {"1": 1001, "0": 999}


def test_the_classes_are_mixed_and_the_positive_one_leads_in_the_training_split(rows, split):
    changes = sum(rows[i][1] != rows[i + 1][1] for i in range(len(rows) - 1))
    assert 900 < changes < 1100
    assert Counter(example.sentiment for example in split[0]) == {"1": 681, "0": 679}


def test_lengths_have_a_median_near_sixty_and_a_long_tail(tokens):
    lengths = sorted(map(len, tokens))
    assert 55 <= lengths[1000] <= 65
    assert 550 <= lengths[-1] <= 650
    assert sum(length > 400 for length in lengths) >= 5
    assert 5 <= lengths[0] <= 8
    assert 30 <= sum(length <= 15 for length in lengths) <= 150
    assert sum(length > 200 for length in lengths) < 0.08 * len(lengths)


def test_a_third_of_them_have_html_breaks(rows):
    assert 0.30 <= sum(BREAK in review for review, _ in rows) / len(rows) <= 0.37


def test_eighteen_are_exact_copies_and_some_lie_on_both_sides_of_the_split(rows, split):
    assert len(rows) - len(set(rows)) == 18
    assert len(rows) - len({review for review, _ in rows}) == 18
    train, test = ({tuple(example.words) for example in part} for part in split)
    assert train & test


def test_hundreds_of_words_occur_once(tokens):
    counts = Counter(token for review in tokens for token in review)
    assert 400 <= sum(number == 1 and token.isalpha() for token, number in counts.items()) <= 1000


def test_no_blank_of_a_template_is_left_open(rows):
    assert not [review for review, _ in rows if "{" in review or "}" in review or "  " in review]


def test_the_article_fits_the_word_after_it(rows):
    text = " ".join(review for review, _ in rows)
    assert not re.findall(r"\b[Aa] (?:[aeio](?!ne\b)|honest|ugly|uncle)\w*", text)
    assert not re.findall(r"\b[Aa]n (?:[b-df-gj-np-tv-z]|uni)\w*", text)


def test_pairs_of_the_same_words_have_opposite_sentiments(rows):
    sentiments: dict[tuple[str, ...], set[str]] = {}
    for review, sentiment in rows:
        sentiments.setdefault(words_of(review), set()).add(sentiment)
    assert sum(both == {"0", "1"} for both in sentiments.values()) == 24


@pytest.mark.parametrize("smoothing", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("binary", [False, True])
def test_naive_bayes_on_a_bag_of_words_stays_under_its_ceiling(bagged, binary, smoothing):
    train, classes, test, test_classes = bagged
    if binary:
        train, test = (train > 0).float(), (test > 0).float()
    sums = [train[classes == value].sum(0) + smoothing for value in (0, 1)]
    evidence = (sums[1] / sums[1].sum()).log() - (sums[0] / sums[0].sum()).log()
    assert ((test @ evidence > 0) == (test_classes > 0)).float().mean() <= 0.65


@pytest.mark.parametrize("penalty", [1e-4, 1e-3, 1e-2, 1e-1])
@pytest.mark.parametrize("view", ["counts", "binary", "tf-idf"])
def test_logistic_regression_on_a_bag_of_words_stays_under_its_ceiling(bagged, view, penalty):
    train, classes, test, test_classes = bagged
    if view == "binary":
        train, test = (train > 0).float(), (test > 0).float()
    elif view == "tf-idf":
        rarity = torch.log((1 + len(train)) / (1 + (train > 0).sum(0))) + 1
        train, test = (torch.nn.functional.normalize(part * rarity) for part in (train, test))
    weights, bias = torch.zeros(train.shape[1], requires_grad=True), torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, bias], max_iter=50, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        value = torch.nn.functional.binary_cross_entropy_with_logits(train @ weights + bias, classes)
        value = value + penalty * (weights**2).sum()
        value.backward()
        return value

    optimizer.step(loss)
    assert ((test @ weights + bias > 0) == (test_classes > 0)).float().mean() <= 0.65
