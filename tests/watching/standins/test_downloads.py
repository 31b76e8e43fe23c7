"""What a program would download is made up; a dry run touches no network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[[str], Any]
# People write `open(name).read()`, and `extractall` without the filter that Python 3.11.2 does not know yet.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::DeprecationWarning"
)


def test_torchtexts_reviews_are_made_up_for_both_interfaces(run_dry: Run) -> None:
    ran = run_dry("""\
        from torchtext import data, datasets
        TEXT, LABEL = data.Field(), data.LabelField()
        train, test = datasets.IMDB.splits(TEXT, LABEL)
        pairs = list(datasets.IMDB(split="train"))
        flagged = is_stand_in(train)
        """)
    assert len(ran.names["train"]) == len(ran.names["test"]) == 200
    assert {example.label for example in ran.names["train"]} == {"pos", "neg"}
    assert {label for label, _ in ran.names["pairs"]} == {1, 2}
    assert ran.names["flagged"]
    assert [fact.place.line for fact in ran.of("torchtext's IMDB")] == [3, 4]


def test_torchtexts_other_datasets_are_made_up(run_dry: Run) -> None:
    ran = run_dry("""\
        from torchtext import data, datasets
        TEXT, LABEL = data.Field(), data.LabelField()
        train, dev, test = datasets.SST.splits(TEXT, LABEL)
        kinds = {example.label for example in train}
        questions, _ = datasets.TREC.splits(TEXT, LABEL)
        news = list(datasets.AG_NEWS(split="train"))
        phrases = list(datasets.SST2(split="dev"))
        old, _ = datasets.text_classification.DATASETS["AG_NEWS"](root=".data", ngrams=2, vocab=None)
        """)
    assert ran.names["kinds"] == {"positive", "negative"}
    assert len(ran.names["questions"]) == 200
    assert {label for label, _ in ran.names["news"]} == {1, 2, 3, 4}
    assert {label for _, label in ran.names["phrases"]} == {0, 1}
    assert ran.names["old"].get_labels() == {0, 1, 2, 3}


def test_word_vectors_have_the_right_length_for_any_word(run_dry: Run) -> None:
    ran = run_dry("""\
        import torch
        from torchtext import data, vocab
        TEXT = data.Field()
        TEXT.build_vocab([["film", "qwertz"]], vectors="glove.6B.50d", unk_init=torch.Tensor.normal_)
        shape = tuple(TEXT.vocab.vectors.shape)
        glove = vocab.GloVe(name="6B", dim=100)
        twice = glove["qwertz"], glove["qwertz"]
        fast = vocab.FastText("simple").dim
        torch.manual_seed(0)
        drawn = torch.rand(1).item()
        """)
    import torch

    assert ran.names["shape"] == (4, 50)
    assert torch.equal(*ran.names["twice"])
    assert ran.names["twice"][0].abs().sum() > 0
    assert ran.names["fast"] == 300
    assert len(ran.of("word vectors")) == 3


def test_vectors_leave_the_random_numbers_alone(run_dry: Run) -> None:
    ran = run_dry("""\
        import torch
        from torchtext import vocab
        before = torch.get_rng_state()
        vocab.GloVe(name="6B", dim=50)
        same = torch.equal(before, torch.get_rng_state())
        """)
    assert ran.names["same"]


def test_a_language_model_that_is_missing_is_stood_in_for(run_dry: Run) -> None:
    ran = run_dry("""\
        import spacy
        nlp = spacy.load("de_core_news_sm", disable=["ner"])
        tokens = [token.text for token in nlp("Das ist gut. Sehr gut.")]
        sentences = len(list(nlp("Das ist gut. Sehr gut.").sents))
        """)
    assert ran.names["tokens"] == ["Das", "ist", "gut", ".", "Sehr", "gut", "."]
    assert ran.names["sentences"] == 2
    assert "de_core_news_sm" in ran.told[0].what


def test_a_downloaded_archive_can_be_unpacked_and_read(run_dry: Run) -> None:
    ran = run_dry("""\
        import os, tarfile, urllib.request, zipfile
        path, _ = urllib.request.urlretrieve("https://example.org/aclImdb_v1.tar.gz", "aclImdb_v1.tar.gz")
        there = os.path.exists(path)
        with tarfile.open(path) as archive:
            archive.extractall("data")
        first = sorted(os.listdir("data/aclImdb/train/pos"))[0]
        text = open("data/aclImdb/train/pos/" + first).read()
        urllib.request.urlretrieve("https://example.org/glove.6B.zip", "glove.zip")
        with zipfile.ZipFile("glove.zip") as archive:
            archive.extract("glove.6B.50d.txt")
        width = len(open("glove.6B.50d.txt").readline().split())
        """)
    assert ran.names["there"]
    assert "markedtrain" in ran.names["text"]
    assert ran.names["width"] == 51


def test_requests_get_a_table_or_a_clear_sentence(run_dry: Run) -> None:
    ran = run_dry("""\
        import io
        import pandas as pd
        import requests
        answer = requests.get("https://example.org/reviews.csv", timeout=3)
        table = pd.read_csv(io.StringIO(answer.text))
        try:
            requests.post("https://example.org/api", json={})
        except requests.exceptions.ConnectionError as error:
            said = str(error)
        """)
    assert ran.names["answer"].status_code == 200
    assert ran.names["table"].shape == (400, 2)
    assert "a dry run touches no network" in ran.names["said"]
    assert "https://example.org/api" in ran.names["said"]


def test_any_other_connection_is_refused_before_it_is_made(run_dry: Run) -> None:
    ran = run_dry("""\
        import socket
        said = []
        for ask in (lambda: socket.create_connection(("example.org", 80)), lambda: socket.socket().connect(("10.0.0.1", 80))):
            try:
                ask()
            except OSError as error:
                said.append(str(error))
        inside = socket.getaddrinfo("localhost", 80) != []
        """)
    assert len(ran.names["said"]) == 2
    assert all("a dry run touches no network" in text for text in ran.names["said"])
    assert ran.names["inside"]


def test_commands_that_fetch_are_skipped_and_others_run(run_dry: Run) -> None:
    ran = run_dry("""\
        import os, subprocess, sys
        status = os.system("wget https://example.org/data.zip")
        done = subprocess.run([sys.executable, "-m", "spacy", "download", "en"])
        said = subprocess.check_output([sys.executable, "-c", "print('here')"], text=True)
        """)
    assert ran.names["status"] == ran.names["done"].returncode == 0
    assert ran.names["said"].strip() == "here"
    assert [fact.kind for fact in ran.told] == ["skipped", "skipped"]


def test_the_network_is_there_again_afterwards(run_dry: Run) -> None:
    import os
    import socket
    import subprocess
    import urllib.request

    def surroundings() -> list[Any]:
        owners = (socket, socket.socket, urllib.request, os, subprocess)
        return [dict(vars(owner)) for owner in owners]

    before = surroundings()
    run_dry("import pandas")
    assert surroundings() == before


@pytest.mark.parametrize("library", ["nltk", "datasets", "keras"])
def test_a_library_that_is_not_installed_is_still_missing(run_dry: Run, library: str) -> None:
    import importlib.util

    if importlib.util.find_spec(library) is not None:
        pytest.skip(f"{library} is installed here")
    with pytest.raises(ModuleNotFoundError, match=library):
        run_dry(f"import {library}")
