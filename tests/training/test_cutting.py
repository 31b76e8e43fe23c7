"""Texts cut piece by piece have spaCy's very tokens, whatever stands in them and whoever cuts them."""

from __future__ import annotations

import os
import subprocess

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnlab.pipeline import tokenize as started_by
from rnnlab.pipeline.load import load
from rnnlab.pipeline.reviews import reviews
from rnnlab.pipeline.tokenize import english_tokenizer, without_breaks
from rnnlab.training import cutting as module
from rnnlab.training.cutting import Cut, Cutter, cutters

# Texts that tell a cutter that goes piece by piece from spaCy: special cases that reach over a space hide others.
ODD = [
    "",
    " ",
    "   ",
    "\t\n ",
    " begins with a space",
    "ends with two  ",
    "two  spaces,   three\nand\n\nlines \n with\u00a0others\u3000",
    "An emoji 😀 and a flag 🇫🇷, naïve café, 5°C. and 10km²",
    "a NUL \0 inside",
    "w" * 2_000,
    "." * 200 + " " + "!" * 200,
    "don't <br /><br />I can't... U.S.A. 5/10 :-) (it's) Mr. Smith's (e.g. 'em) and/or http://a.b/c?d=e, x@y.z",
    "well:-) ) :-) ) :) )) : ) 8) - D 8 - ) :( ( ( :(( ( o.O . O",
    "he 's he's 's that 's it 's a. m. 5a.m. 5 a.m . a. .",
    "(-: ) :( -: (-_-) - _ - ) ¯\\(ツ)/¯ \\(ツ)/¯",
    "שלום 你好 नमस्ते",
]


@pytest.fixture(scope="module")
def spacy_itself():
    """The tokenizer as spaCy makes it, with all that it knows about words."""
    tokenizer = spacy.blank("en").tokenizer
    return lambda text: [token.text for token in tokenizer(text)]


@pytest.fixture(scope="module")
def cutter() -> Cutter:
    """One for many tests, since getting it ready takes longest; what it remembers must do no harm."""
    return Cutter(english_tokenizer())


def spelled(cut: Cut) -> list[list[str]]:
    numbers, ends = cut.tokens(), np.cumsum(cut.lengths)
    return [[cut.words[n] for n in numbers[end - size : end]] for end, size in zip(ends, cut.lengths, strict=True)]


def cut_here(texts: list[str], cutter: Cutter | None = None) -> list[list[str]]:
    cutter = cutter or Cutter(english_tokenizer())
    tokens, lengths = cutter.cut(texts)
    return spelled(Cut([module._narrow(tokens)], lengths, list(cutter.words)))


def test_odd_texts_are_cut_as_spacy_cuts_them(spacy_itself):
    expected = [spacy_itself(text) for text in ODD]
    assert cut_here(ODD) == expected
    cutter = Cutter(english_tokenizer())
    assert [cut_here([text], cutter)[0] for text in ODD] == expected, "one after another"
    assert cut_here(ODD[::-1]) == expected[::-1]


# What spaCy's patterns and special cases are about, in any order.
SIGNS = [
    *" '\"()[]:;-_.,!?/\\<>=*8oODPpsSmd3\n",
    "  ",
    " '",
    "' ",
    ". ",
    " .",
    "’s",
    "…",
    "--",
    "€",
    "\u00a0",
    "<br />",
]
WORDS = [
    "it's",
    "can't",
    "Mr.",
    "a.m.",
    "e.g.",
    ":-)",
    ":)",
    "he",
    "word",
    "Ünï",
    "10",
    "km",
    "U.S.",
    "http://",
    "www.a.com",
    "x@y.org",
]
SCRAPS = st.sampled_from([*SIGNS, *WORDS])


@settings(max_examples=1_000)
@given(st.lists(st.lists(SCRAPS, max_size=14).map("".join), min_size=1, max_size=3))
def test_any_scraps_are_cut_as_spacy_cuts_them(spacy_itself, cutter, texts):
    assert cut_here(texts, cutter) == [spacy_itself(text) for text in texts]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=4))
def test_any_text_is_cut_as_spacy_cuts_it(spacy_itself, cutter, texts):
    assert cut_here(texts, cutter) == [spacy_itself(text) for text in texts]


def test_the_built_in_reviews_are_cut_as_spacy_cuts_them(spacy_itself):
    texts = [text for text, _ in reviews()]
    assert cut_here(texts) == [spacy_itself(text) for text in texts]


@pytest.mark.parametrize("breaks", [True, False])
def test_real_reviews_are_cut_as_spacy_cuts_them(imdb_csv, spacy_itself, breaks):
    texts = [text if breaks else without_breaks(text) for text in load(imdb_csv, limit=1_500)["review"]]
    assert cut_here(texts) == [spacy_itself(text) for text in texts]


@pytest.mark.parametrize("text", ["x:) )", "x:( ((", "x:o )", "x(._. )", "one x:)) ) two"])
def test_a_special_case_that_reaches_over_a_space_hides_one_within_a_piece(spacy_itself, text):
    by_pieces = [token for piece in text.split() for token in spacy_itself(piece)]
    assert by_pieces != spacy_itself(text), "spaCy no longer does this"
    assert cut_here([text]) == cut_here(["before", text, "after"])[1:2] == [spacy_itself(text)]


def test_numbers_too_large_for_16_bits_are_kept():
    numbers = np.array([0, 65_534, 65_535, 65_536, 1, 3_000_000], np.int32)
    parts = [module._narrow(numbers), module._narrow(numbers[::-1])]
    assert Cut(parts, np.array([12], np.int32), []).tokens().tolist() == [*numbers.tolist(), *numbers[::-1].tolist()]


def test_each_piece_is_cut_once(monkeypatch):
    cutter, cut = Cutter(english_tokenizer()), []
    inner = cutter._cut_piece
    monkeypatch.setattr(cutter, "_cut_piece", lambda piece: cut.append(piece) or inner(piece))
    cutter.cut(["good film, good", "film"])
    cutter.cut(["a good film"])
    assert sorted(cut[-4:]) == ["a", "film", "film,", "good"]


def test_where_spacy_takes_other_steps_it_cuts_every_piece_itself(spacy_itself):
    cutter = Cutter(english_tokenizer())
    assert cutter._steps is not None
    cutter._steps.cut = lambda piece: [*piece]
    texts = [text for text, _ in reviews()[:50]]
    assert cut_here(texts, cutter) == [spacy_itself(text) for text in texts]
    assert cutter._steps is None


# --- workers ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def two_workers(monkeypatch) -> list[subprocess.Popen[bytes]]:
    """Two cores and small questions; the workers that were started."""
    monkeypatch.setattr(module, "_TEXTS", 7)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    found: list[subprocess.Popen[bytes]] = []
    start = started_by._started
    monkeypatch.setattr(started_by, "_started", lambda command: found.append(start(command)) or found[-1])
    return found


def test_workers_give_the_tokens_of_one_process_in_order(two_workers, spacy_itself):
    texts, shown = [*ODD, *(text for text, _ in reviews()[:60])], []
    with cutters(many=True) as cutting:
        cut = cutting.cut(texts, lambda *state: shown.append(state))
    assert spelled(cut) == [spacy_itself(text) for text in texts]
    assert len(set(cut.words)) == len(cut.words)
    assert [done for _, done, _ in shown] == [*range(7, len(texts), 7), len(texts)]
    assert {(what, total) for what, _, total in shown} == {("tokenize", len(texts))}
    assert len(two_workers) == 2 and all(worker.returncode is not None for worker in two_workers)


def test_few_texts_or_a_single_core_start_no_worker(two_workers, monkeypatch):
    with cutters(many=False) as cutting:
        assert spelled(cutting.cut(["a b", "c"])) == [["a", "b"], ["c"]]
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    with cutters(many=True) as cutting:
        assert spelled(cutting.cut([])) == []
    assert two_workers == []


def test_a_killed_worker_is_reported_and_the_others_end(two_workers):
    with (
        pytest.raises(ChildProcessError, match="has ended early, perhaps for lack of memory"),
        cutters(True) as cutting,
    ):
        two_workers[0].kill()  # It is the first one to be asked.
        cutting.cut(["some words"] * 400)
    assert all(worker.poll() is not None for worker in two_workers)


def test_ctrl_c_ends_the_workers(two_workers):
    def interrupt(*_) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), cutters(many=True) as cutting:
        cutting.cut(["some words"] * 400, interrupt)
    assert len(two_workers) == 2 and all(worker.poll() is not None for worker in two_workers)


def test_a_worker_imports_no_torch(two_workers, tmp_path, monkeypatch):
    """Neither spaCy's import of it, nor a file of the learner's that has a module's name."""
    for name in ("torch.py", "json.py", "spacy.py"):
        (tmp_path / name).write_text("raise RuntimeError('imported')")
    monkeypatch.chdir(tmp_path)
    with cutters(many=True) as cutting:
        assert spelled(cutting.cut(["a b"] * 20)) == [["a", "b"]] * 20
