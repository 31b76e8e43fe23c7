"""Files that are read in a way that looks like a mistake and is none, and mistakes in other spellings."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import pytest
from forks import Judged

Judge = Callable[[str], Judged]

HEAD = """
import csv
import pandas as pd
import torch
from torch.utils.data import Dataset, Subset
from torchtext.datasets import IMDB

torch.manual_seed(1)


class Reviews(Dataset):
    def __init__(self, path):
        self.rows = pd.read_csv(path)

"""


def program(body: str) -> str:
    """Return a program that reads reviews."""
    return HEAD + textwrap.dedent(body)


AGAIN = "training_file_read_again_as_test"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("train = Reviews('train.csv')\ntest = Reviews('test.csv')", False),
        ("train_set = Reviews('all.csv')\ntest_set = Reviews('all.csv')\n"
         "train_set = Subset(train_set, range(800))\ntest_set = Subset(test_set, range(800, 1000))", False),
        ("train_loss = dict(a=1)\ntest_loss = dict(a=1)\ndf = pd.read_csv('a.csv')\ndg = pd.read_csv('a.csv')", False),
        ("train_iter = IMDB(split='train')\ntest_iter = IMDB(split='test')", False),
        ("train_iter = IMDB(split='train')\ntest_iter = IMDB(split='train')", True),
        ("train = pd.read_csv('data/train.csv')\nvalid = pd.read_csv('data/train.csv')", True),
    ],
)  # fmt: skip
def test_files_read_twice(check_text: Judge, body: str, *, found: bool) -> None:
    text = program(body)
    assert check_text(text).lines(AGAIN) == ([len(text.splitlines())] if found else [])


ONE_VALUE = "labels_mapped_to_one_value"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("df = pd.read_csv('a.csv')\ny = (df['label'] == '1').astype(int)", True),
        ("df = pd.read_csv('a.csv', dtype=str)\ny = (df['label'] == '1').astype(int)", False),
        ("df = pd.read_csv('a.csv')\ny = (df['label'] == 1).astype(int)", False),
        ("df = pd.read_csv('a.csv')\ny = (df['label'] == 'pos').astype(int)", False),
        ("df = pd.read_csv('a.csv')\ny = df['label'].map({'0': 0, '1': 1})", True),
        ("df = pd.read_csv('a.csv')\ny = df['label'].map({'ham': 0, 'spam': 1})", False),
        ("y = [1 if line == 'positive' else 0 for line in open('labels.txt')]", True),
        ("y = [1 if line.strip() == 'positive' else 0 for line in open('labels.txt')]", False),
        ("y = [1 if line.lower() == 'Positive' else 0 for line in open('labels.txt')]", True),
        ("y = [int(row[0] == 4) for row in csv.reader(open('a.csv'))]", True),
        ("y = [int(int(row[0]) == 4) for row in csv.reader(open('a.csv'))]", False),
    ],
)
def test_labels_that_are_compared(check_text: Judge, body: str, *, found: bool) -> None:
    text = program(body)
    assert check_text(text).lines(ONE_VALUE) == ([len(text.splitlines())] if found else [])


INCOMPLETE = "data_set_incomplete"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("from datasets import load_dataset\ntrain = load_dataset('imdb', split='train[:2000]')", True),
        ("from datasets import load_dataset\ntrain = load_dataset('imdb', split='train[:1000]+train[-1000:]')", False),
        ("from datasets import load_dataset\ntrain = load_dataset('ag_news', split='train[:2000]')", False),
        ("from datasets import load_dataset\ntrain = load_dataset('imdb', split='train')", False),
        ("df = pd.read_csv('reviews.csv', nrows=1000)", False),
        ("df = pd.read_csv('reviews_sorted.csv', nrows=1000)", True),
    ],
)
def test_data_that_are_read_in_part(check_text: Judge, body: str, *, found: bool) -> None:
    text = program(body)
    assert check_text(text).lines(INCOMPLETE) == ([len(text.splitlines())] if found else [])
