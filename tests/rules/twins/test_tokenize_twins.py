"""Tokens that are made in a way that looks like a mistake and is none, and mistakes in other spellings."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from forks import Judged

Judge = Callable[[str], Judged]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("imdb = open('imdb.txt').read()\nids = imdb.split()[:150]", True),
        ("imdb = open('imdb.txt').read()\nids = imdb.split()[:500]", False),
        ("imdb = open('imdb.txt').read()\nids = imdb.split()[-150:]", False),
        ("imdb = open('imdb.txt').read()\nlines = imdb.split('\\n')[:150]", False),
        ("tweets = open('tweets.txt').read()\nids = tweets.split()[:50]", False),
        ("from torchtext.data import Field\nfrom torchtext.datasets import IMDB\nTEXT = Field(fix_length=100)", True),
    ],
)
def test_reviews_that_are_cut(check_text: Judge, body: str, *, found: bool) -> None:
    assert check_text(body).lines("end_of_the_review_cut_off") == ([len(body.splitlines())] if found else [])


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("import spacy\nnlp = spacy.load('en_core_web_sm')\nt = [w.text for w in nlp('a film')]", True),
        ("import spacy\nnlp = spacy.load('en_core_web_sm')\nt = [[w.text for w in d] for d in nlp.pipe(['a'])]", True),
        ("import spacy\nnlp = spacy.load('en_core_web_sm')\nt = [w.lemma_ for w in nlp('a film')]", False),
        ("import spacy\nnlp = spacy.load('en_core_web_sm')\nt = [w.text for w in nlp.tokenizer('a film')]", False),
        ("import spacy\nnlp = spacy.load('en', disable=['parser', 'ner'])\nt = [w.text for w in nlp('a')]", False),
        ("import spacy\nnlp = spacy.blank('en')\nt = [w.text for w in nlp('a film')]", False),
    ],
)
def test_pipelines_that_cut_into_words(check_text: Judge, body: str, *, found: bool) -> None:
    assert check_text(body).lines("whole_spacy_pipeline_as_tokenizer") == ([3] if found else [])
