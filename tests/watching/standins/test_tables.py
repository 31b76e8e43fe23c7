"""A data file that is not there is made up as the program wants it, and nothing is written into the learner's folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[[str], Any]
# People write `open(name).read()`.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


def test_a_missing_table_has_the_columns_and_labels_that_are_read(run_dry: Run) -> None:
    ran = run_dry("""\
        import pandas as pd
        df = pd.read_csv("movie_data.csv")
        labels = (df["sentiment"] == "positive").astype(int)
        lengths = df["review"].str.split().str.len()
        flagged = is_stand_in(df), has_made_up()
        """)
    assert set(ran.names["df"].columns) == {"review", "sentiment"}
    assert ran.names["labels"].mean() == 0.5
    assert len(ran.names["lengths"]) == 400
    assert ran.names["flagged"] == (True, True)
    (told,) = ran.told
    assert told.kind == "stand-in"
    assert told.place.line == 2
    assert "movie_data.csv, which is not there" in told.what
    assert "sentiment is 'negative' or 'positive'" in told.done


def test_a_table_that_is_there_is_the_real_one(run_dry: Run) -> None:
    Path("real.csv").write_text("text,label\nmine,1\n")
    ran = run_dry("""\
        import pandas as pd
        df = pd.read_csv("real.csv")
        flagged = is_stand_in(df)
        """)
    assert ran.names["df"]["text"].tolist() == ["mine"]
    assert ran.names["flagged"] is False
    assert not ran.told


@pytest.mark.parametrize(
    ("call", "shape"),
    [
        ("pd.read_csv('a.csv', names=['target', 'ids', 'text'], encoding='latin-1')", (400, 3)),
        ("pd.read_csv('a.csv', header=None)", (400, 2)),
        ("pd.read_csv('a.tsv', sep='\\t', usecols=[0, 3])", (400, 2)),
        ("pd.read_csv('a.csv', index_col=0, nrows=7)", (7, 2)),
        ("pd.read_csv('a.csv.gz', compression='gzip')", (400, 2)),
        ("pd.read_table('a.txt')", (400, 2)),
        ("pd.read_json('a.json', lines=True)", (400, 2)),
        ("pd.read_excel('a.xlsx')", (400, 2)),
        ("pd.read_csv('https://example.org/a.csv')", (400, 2)),
    ],
)
def test_every_way_of_reading_a_table_is_stood_in_for(run_dry: Run, call: str, shape: tuple[int, int]) -> None:
    ran = run_dry(f"import pandas as pd\ndf = {call}")
    assert ran.names["df"].shape == shape
    assert len(ran.told) == 1


def test_a_table_dataset_is_filled_by_its_fields(run_dry: Run) -> None:
    ran = run_dry("""\
        from torchtext import data
        TEXT, LABEL = data.Field(), data.LabelField()
        NUMBER = data.Field(sequential=False, use_vocab=False)
        fields = [("id", None), ("words", TEXT), ("y", LABEL)]
        train, test = data.TabularDataset.splits(
            path="data", train="train.csv", test="test.csv", format="csv", skip_header=True, fields=fields)
        by_name = data.TabularDataset("all.tsv", "tsv", {"Phrase": ("text", TEXT), "Sentiment": ("n", NUMBER)})
        lines = data.TabularDataset("all.json", "json", {"Phrase": ("text", TEXT)})
        TEXT.build_vocab(train, min_freq=2)
        LABEL.build_vocab(train)
        flagged = is_stand_in(train)
        """)
    vocabulary = set(ran.names["TEXT"].vocab.itos)
    assert len(ran.names["LABEL"].vocab) == 2
    assert ran.names["flagged"]
    assert ran.names["by_name"][0].n in ("0", "1")
    assert len(ran.names["lines"][0].text) > 5
    # A rule can tell which rows a vocabulary saw.
    assert "markedtrain" in vocabulary
    assert "markedtest" not in vocabulary
    assert {f"markedtrainx{letters}" for letters in ("aaa", "aab")} < vocabulary


def test_files_that_the_program_opens_itself_are_made_up(run_dry: Run) -> None:
    ran = run_dry("""\
        import csv, json
        from pathlib import Path
        with open("data/train.csv") as file:
            rows = [(int(row[0]), row[1]) for row in csv.reader(file)]
        reviews = open("reviews.txt").read().splitlines()
        labels = Path("labels.txt").read_text().splitlines()
        positive = open("positive.txt").read().splitlines()
        """)
    assert {label for label, _ in ran.names["rows"]} == {0, 1}
    assert len(ran.names["reviews"]) == len(ran.names["labels"]) == 400
    assert set(ran.names["labels"]) == {"0", "1"}
    assert not any("terrible" in line for line in ran.names["positive"])
    assert len(ran.told) == 4


def test_rows_that_are_read_by_number_are_long_enough(run_dry: Run) -> None:
    ran = run_dry("""\
        import csv
        texts = []
        with open("train.csv") as file:
            for row in csv.reader(file):
                texts.append(row[1] + " " + row[2])
                label = int(row[0])
        """)
    assert len(ran.names["texts"]) == 400


def test_vectors_in_a_file_have_the_length_that_its_name_says(run_dry: Run) -> None:
    ran = run_dry("""\
        vectors = {}
        for line in open("glove.6B.50d.txt", encoding="utf-8"):
            word, *numbers = line.split()
            vectors[word] = [float(number) for number in numbers]
        """)
    assert {len(numbers) for numbers in ran.names["vectors"].values()} == {50}
    assert "movie" in ran.names["vectors"]
    assert "random word vectors" in ran.told[0].done


def test_a_folder_of_reviews_can_be_walked(run_dry: Run) -> None:
    ran = run_dry("""\
        import glob, os
        names = glob.glob("aclImdb/train/pos/*.txt")
        texts = [open(name, encoding="utf-8").read() for name in names]
        splits = sorted(os.listdir("aclImdb")), os.path.isdir("aclImdb/test/neg"), os.path.exists("aclImdb/nothing")
        """)
    assert len(ran.names["texts"]) == 100
    assert ran.names["splits"] == (["test", "train"], True, False)
    assert len(ran.of("aclImdb")) == 1


def test_what_is_no_data_file_stays_missing(run_dry: Run) -> None:
    ran = run_dry("""\
        missing = []
        for name in ("model.pt", "settings.yaml", "settings.json", "picture.png"):
            try:
                open(name, "rb")
            except FileNotFoundError:
                missing.append(name)
        """)
    assert ran.names["missing"] == ["model.pt", "settings.yaml", "settings.json", "picture.png"]
    assert not ran.told


def test_what_libraries_open_for_themselves_stays_missing(run_dry: Run) -> None:
    ran = run_dry("""\
        import sys
        def ask(module):
            source = "try:\\n    open('their.csv')\\n    found = True\\nexcept FileNotFoundError:\\n    found = False"
            space = {"__name__": module}
            exec(compile(source, "<a library>", "exec"), space)
            return space["found"]
        found = ask("somelibrary.settings")
        """)
    assert ran.names["found"] is False


def test_what_a_dry_run_writes_can_be_read_again_but_is_kept_apart(run_dry: Run) -> None:
    Path("mine.txt").write_text("real\n")
    ran = run_dry("""\
        import os
        import pandas as pd
        import torch
        df = pd.read_csv("movie_data.csv")
        df.columns = ["TEXT", "LABEL"]
        df.to_csv("movie_data.csv", index=None)
        again = pd.read_csv("movie_data.csv")
        flagged = is_stand_in(again)
        with open("mine.txt", "a") as file:
            file.write("more")
        text = open("mine.txt").read()
        torch.save({"w": torch.ones(1)}, "best.pt")
        w = torch.load("best.pt")["w"]
        there = os.path.exists("best.pt")
        os.remove("best.pt")
        gone = os.path.exists("best.pt")
        """)
    assert list(ran.names["again"].columns) == ["TEXT", "LABEL"]
    assert ran.names["flagged"]
    assert ran.names["text"] == "real\nmore"
    assert Path("mine.txt").read_text() == "real\n"
    assert ran.names["w"].item() == 1.0
    assert (ran.names["there"], ran.names["gone"]) == (True, False)
    assert len(ran.of("writing")) == 3


def test_nothing_is_stood_in_for_afterwards(run_dry: Run) -> None:
    import builtins
    import io
    import os

    before = builtins.open, io.open, os.stat, os.listdir
    ran = run_dry("""\
        import pandas as pd
        df = pd.read_csv("movie_data.csv")
        paths = is_stand_in(df)
        """)
    assert (builtins.open, io.open, os.stat, os.listdir) == before
    with pytest.raises(FileNotFoundError):
        open("movie_data.csv")  # noqa: PTH123, SIM115
    from rnnlab.watching.standins import has_made_up, is_stand_in

    assert not has_made_up()
    assert not is_stand_in(ran.names["df"])
