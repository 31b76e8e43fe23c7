"""Splits that look like a mistake and are none, and mistakes in other spellings."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import pytest
from forks import Judged

Judge = Callable[[str], Judged]

HEAD = """
import random
import numpy as np
import pandas as pd
import torch
from sklearn.model_selection import train_test_split
from torch.utils.data import random_split

random.seed(1)
np.random.seed(1)
torch.manual_seed(1)
df = pd.read_csv("reviews.csv")
rows = list(zip(df.text, df.label))
random.shuffle(rows)
n = int(0.8 * len(rows))
"""


def program(body: str) -> str:
    """Return a program that reads rows and splits them."""
    return HEAD + textwrap.dedent(body)


SAME = "same_review_in_two_splits"


@pytest.mark.parametrize(
    "body",
    [
        "train, test = rows[:n], rows[n:]",
        "train = df.sample(frac=0.8, random_state=1)\ntest = df.drop(train.index)",
        "train = df.sample(frac=0.8, random_state=1)\ndf = df.drop(train.index)\ntest = df.sample(frac=0.5, random_state=1)",
        "X_train, X_test = train_test_split(df.text, random_state=1)\n"
        "y_train, y_test = train_test_split(df.label, random_state=1)",
        "X_train, X_test = train_test_split(df, random_state=1)\ny_train, y_test = train_test_split(df, random_state=1)",
        "train, rest = train_test_split(df, random_state=1)\nvalid, test = train_test_split(rest, random_state=1)",
        "train, valid, test = rows[:700], rows[700:850], rows[850:]\nfull_train = rows[:850]",
        "train, test = rows[:-200], rows[-200:]",
        "train_ids = rows[:n]\ntest_ids = rows[n - window:]",
    ],
)
def test_pieces_that_lie_apart(check_text: Judge, body: str) -> None:
    assert check_text(program(body)).lines(SAME) == []


@pytest.mark.parametrize(
    "body",
    [
        "train = rows[:800]\ntest = rows[600:1000]",
        "train = rows[:n]\nvalid = rows[:100]",
        "train = rows[:n]\ntest = rows[n - 300:]",
        "train = random.sample(rows, 800)\ntest = random.sample(rows, 200)",
        "train_idx = np.random.choice(len(rows), 800, replace=False)\n"
        "test_idx = np.random.choice(len(rows), 200, replace=False)",
        "train, test = train_test_split(df, random_state=1)\n"
        "train, valid = train_test_split(df, test_size=0.1, random_state=1)",
        "train_idx = torch.randperm(len(rows))[:800]\ntest_idx = torch.randperm(len(rows))[800:]",
    ],
)
def test_pieces_that_share_rows(check_text: Judge, body: str) -> None:
    text = program(body)
    assert check_text(text).lines(SAME) == [len(text.splitlines())]


ORDER = "three_way_split_read_in_the_wrong_order"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("train, valid, test = random_split(rows, [n_train, n_valid, n_test])", False),
        ("train, test, valid = random_split(rows, [n_train, n_valid, n_test])", True),
        ("train, test, valid = random_split(rows, [n_train, n_test, n_valid])", False),
        ("X_train, X_test, y_train, y_test = train_test_split(df.text, df.label, random_state=1)", False),
        ("X_train, y_train, X_test, y_test = train_test_split(df.text, df.label, random_state=1)", True),
        ("test, train = train_test_split(df, test_size=0.2, random_state=1)", True),
        ("test, train = train_test_split(df, test_size=0.8, random_state=1)", False),
        ("valid, test = train_test_split(df, test_size=0.5, random_state=1)", False),
    ],
)
def test_order_of_the_parts(check_text: Judge, body: str, *, found: bool) -> None:
    text = program(body)
    assert check_text(text).lines(ORDER) == ([len(text.splitlines())] if found else [])


def test_order_of_the_parts_that_a_function_returns(check_text: Judge) -> None:
    body = """
    def parts(rows):
        random.shuffle(rows)
        train, valid, test = rows[:800], rows[800:900], rows[900:]
        return train, valid, test
    {} = parts(rows)
    """
    assert check_text(program(textwrap.dedent(body).format("train, valid, test"))).lines(ORDER) == []
    assert len(check_text(program(textwrap.dedent(body).format("train, test, valid"))).lines(ORDER)) == 1


COPIES = "copies_made_before_the_split"
SPLIT = "\ntrain, test = train_test_split({}, test_size=0.2, random_state=1)"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("rare = rows[:9]\nrows = rows + rare * 4" + SPLIT.format("rows"), True),
        ("rows = rows + [(text[::-1], label) for text, label in rows]" + SPLIT.format("rows"), True),
        ("rows += [(text[::-1], label) for text, label in rows]\ntrain, test = rows[:n], rows[n:]", True),
        ("df = pd.concat([df] + [df[df.label == 1]] * 3)" + SPLIT.format("df"), True),
        ("df = pd.concat([df, pd.read_csv('more.csv')])" + SPLIT.format("df"), False),
        ("df = df.sample(frac=1, random_state=1)" + SPLIT.format("df"), False),
        ("X, y = SMOTE(random_state=1).fit_resample(X, y)" + SPLIT.format("X, y"), True),
        ("X, y = RandomUnderSampler(random_state=1).fit_resample(X, y)" + SPLIT.format("X, y"), False),
        (
            "def more(df):\n    rare = df[df.label == 1]\n    return pd.concat([df, rare, rare])\ndf = more(df)"
            + SPLIT.format("df"),
            True,
        ),
        ("train, test = rows[:n], rows[n:]\ntrain = train + random.choices(train, k=50)", False),
        ("df = pd.concat([df, df]).drop_duplicates()" + SPLIT.format("df"), False),
    ],
)
def test_copies_before_and_after_the_split(check_text: Judge, body: str, *, found: bool) -> None:
    text = program(body)
    assert check_text(text).lines(COPIES) == ([len(text.splitlines())] if found else [])
