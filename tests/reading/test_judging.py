"""The rules judge records of source: what they find is there, and a good program has no finding."""

from __future__ import annotations

import re

import pytest

from rnnlab.reading import read_text
from rnnlab.report import Report, judge
from rnnlab.rules.kit import Rule, catalogue


def block(rule: Rule, kind: str) -> str:
    (found,) = re.findall(rf"^```python {kind}\n(.*?)^```", rule.page, re.DOTALL | re.MULTILINE)
    return found


def judged(text: str) -> Report:
    return judge(read_text(text, "program.py"))


@pytest.mark.parametrize("rule", catalogue().values(), ids=catalogue())
def test_no_rule_breaks_or_finds_anything_in_a_good_program(rule: Rule) -> None:
    report = judged(block(rule, "good"))
    assert not report.found()
    assert "broke" not in {outcome.status for outcome in report.outcomes}


BEGINNING = """
from collections import Counter
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.feature_extraction.text import CountVectorizer
from torch.utils.data import Dataset, random_split
from torchtext.vocab import build_vocab_from_iterator
df = pd.read_csv("reviews.csv")
train_df, test_df = train_test_split(df, test_size=0.2, random_state=1)

class Reviews(Dataset):
    def __init__(self, frame):
        self.texts = frame["text"].tolist()
    def __getitem__(self, i):
        return self.texts[i]
    def __len__(self):
        return len(self.texts)

def tokens(texts):
    for text in texts:
        yield text.lower().split()

"""


@pytest.mark.parametrize(
    ("source", "whole"),
    [
        (
            "counts = Counter(w for t in {}.text for w in t.split())\nstoi = {{w: i for i, w in enumerate(counts)}}",
            "df",
        ),
        ("vocab = build_vocab_from_iterator(tokens({}['text']), specials=['<unk>'])", "df"),
        ("vectorizer = CountVectorizer()\nvectorizer.fit({}['text'].str.lower())", "df"),
        ("vectorizer = CountVectorizer()\nvectorizer.fit(pd.concat([{}, {}]).text)", "df"),
        ("vocab = build_vocab_from_iterator(tokens(Reviews({}).texts))", "df"),
    ],
)
def test_a_vocabulary_is_judged_in_whatever_style_it_was_built(source: str, whole: str) -> None:
    name = "vocabulary_saw_the_test_set"
    bad, good = (
        judged(BEGINNING + source.format(whole, whole)),
        judged(BEGINNING + source.format("train_df", "train_df")),
    )
    assert [outcome.rule.name for outcome, _ in bad.found()] == [name]
    assert good.of(name).status == "clear"


def test_a_vocabulary_of_a_frozen_embedding_is_a_habit() -> None:
    frozen = (
        "import torch\nmodel = torch.nn.Sequential(torch.nn.Embedding.from_pretrained(torch.rand(9, 5), freeze=True))\n"
    )
    text = BEGINNING + "vocab = build_vocab_from_iterator(tokens(df['text']))\n"
    levels = [[outcome.level(finding) for outcome, finding in judged(one).found()] for one in (text, text + frozen)]
    assert levels == [["mistake"], ["habit"]]


def test_rows_that_may_be_either_are_not_judged() -> None:
    text = (
        BEGINNING
        + "import random\nrows = df if random.random() > 0.5 else train_df\nvocab = build_vocab_from_iterator(tokens(rows.text))"
    )
    assert judged(text).of("vocabulary_saw_the_test_set").status == "unseen"
