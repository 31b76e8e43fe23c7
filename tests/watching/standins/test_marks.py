"""The words that mark made-up reviews prove what a vocabulary was built from, in whatever style."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from rnnlab.facts import Data
from rnnlab.jail import Jail
from rnnlab.record import Record
from rnnlab.report import judge
from rnnlab.rules.kit import catalogue
from rnnlab.verbs.check import check_program, dry_run, warm_jail

READ = """
    from collections import Counter, defaultdict
    import pandas as pd
    train = pd.read_csv("train.csv")
    test = pd.read_csv("test.csv")
    def words_of(table):
        return [word for text in table["text"] for word in text.lower().split()]
    labels = train["label"] == "pos"
"""
STYLES = {
    "counter": "counts = Counter(words)\nvocab = {word: i for i, (word, _) in enumerate(counts.most_common(), 2)}",
    "growing": "vocab = {'<pad>': 0}\nfor word in words:\n    vocab.setdefault(word, len(vocab))",
    "list": "vocab = ['<pad>'] + sorted(set(words))",
    "object": (
        "class Words:\n    def __init__(self, words):\n        self.index = {w: i for i, w in enumerate(sorted(set(words)))}\n"
        "vocab = Words(words)"
    ),
    "inside a function": (
        "def main(words):\n    vocab = {w: i for i, w in enumerate(sorted(set(words)))}\n    print(len(vocab))\nmain(words)"
    ),
    "twice at least": (
        "counts = Counter(words)\nvocab = {w: i for i, w in enumerate(w for w, count in counts.items() if count >= 2)}"
    ),
}
RULE = "vocabulary_saw_the_test_set"


@pytest.fixture(scope="module")
def jail() -> Iterator[Jail]:
    with warm_jail() as warm:
        yield warm


def ran(tmp_path: Path, jail: Jail, words: str, style: str) -> Record:
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(READ) + f"words = {words}\n" + STYLES[style] + "\n", encoding="utf-8")
    record, trouble = dry_run(program, jail)
    assert record is not None and not trouble
    return record


@pytest.mark.parametrize("style", STYLES)
def test_a_vocabulary_that_knows_words_of_test_reviews_alone_has_seen_them(
    tmp_path: Path, jail: Jail, style: str
) -> None:
    record = ran(tmp_path, jail, "words_of(train) + words_of(test)", style)
    marked = list(record.ask(Data, what="marked words"))
    assert marked and {group: known for group, known, _ in marked[0].samples["files"]} == {"train": 400, "test": 400}
    outcome = judge(record, [catalogue()[RULE]]).of(RULE)
    assert outcome.status == "found" and "400 of the 400 made-up reviews" in outcome.findings[0].message


@pytest.mark.parametrize("style", STYLES)
def test_a_vocabulary_of_training_reviews_is_clear(tmp_path: Path, jail: Jail, style: str) -> None:
    record = ran(tmp_path, jail, "words_of(train)", style)
    assert judge(record, [catalogue()[RULE]]).of(RULE).status == "clear"


def test_words_that_were_only_asked_for_are_not_known(tmp_path: Path, jail: Jail) -> None:
    program = tmp_path / "program.py"
    ask = "vocab = defaultdict(lambda: 1, {w: i for i, w in enumerate(sorted(set(words)), 2)})\n"
    text = textwrap.dedent(READ) + f"words = words_of(train)\n{ask}ids = [vocab[word] for word in words_of(test)]\n"
    program.write_text(text, encoding="utf-8")
    record, _ = dry_run(program, jail)
    assert record is not None
    (marked,) = record.ask(Data, what="marked words")
    assert {group: known for group, known, _ in marked.samples["files"]} == {"train": 400, "test": 0}


def test_counts_of_words_are_no_vocabulary(tmp_path: Path, jail: Jail) -> None:
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(READ) + "counts = Counter(words_of(train) + words_of(test))\n", encoding="utf-8")
    record, _ = dry_run(program, jail)
    assert record is not None and not list(record.ask(Data, what="marked words"))


def test_what_was_read_and_what_was_seen_are_one_finding(tmp_path: Path, jail: Jail) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent("""
            import pandas as pd
            from sklearn.feature_extraction.text import CountVectorizer
            from sklearn.model_selection import train_test_split

            df = pd.read_csv("reviews.csv")
            vectorizer = CountVectorizer()
            vectorizer.fit(df["text"])
            train, test = train_test_split(df, test_size=0.2)
            x_train, x_test = vectorizer.transform(train["text"]), vectorizer.transform(test["text"])
        """),
        encoding="utf-8",
    )
    checked = check_program(program, [catalogue()[RULE]], jail)
    assert len(checked.report.of(RULE).findings) == 1
