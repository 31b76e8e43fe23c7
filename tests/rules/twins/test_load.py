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
