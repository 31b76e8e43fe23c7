"""The ids are torchtext's, number by number; the cache gives them back, or notices that it cannot."""

from __future__ import annotations

import csv
import gzip
import itertools
import mmap
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnlab.pipeline.load import LoadError
from rnnlab.pipeline.reviews import reviews
from rnnlab.pipeline.settings import Settings
from rnnlab.training import ids as module
from rnnlab.training.ids import Prepared, Reviews, cut, prepare
from rnnlab.training.recipes import RunSettings


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """A cache of its own for every test."""
    monkeypatch.setenv("RNNLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "ids"


@pytest.fixture
def nothing_cut(monkeypatch):
    """From here on a file that is cut again is a failure."""

    def forbid() -> None:
        monkeypatch.setattr(module, "_cut_file", lambda *_: pytest.fail("the reviews were cut again"))

    return forbid


def entries(cache: Path) -> list[Path]:
    return sorted(cache.iterdir()) if cache.is_dir() else []


def same(one: Prepared, other: Prepared) -> bool:
    parts = [(getattr(one, name), getattr(other, name)) for name in ("train", "valid", "test")]
    equal = (
        np.array_equal(getattr(a, name), getattr(b, name)) for a, b in parts for name in ("tokens", "offsets", "labels")
    )
    rest = [(p.words, p.labels, p.tokenizer, p.key) for p in (one, other)]
    return all(equal) and rest[0] == rest[1]


# --- torchtext's numbers ---------------------------------------------------------------------------------------------


def by_torchtext(path: Path, limit: int, settings: RunSettings) -> tuple[dict[str, list[Any]], list[str], list[str]]:
    """What the reference pipeline makes of a file: (ids, label) of each review of each split, the words and the labels."""
    import random

    from torchtext.data import Dataset, Example, Field, LabelField

    from rnnlab.pipeline.load import load
    from rnnlab.pipeline.tokenize import english, without_breaks

    tokenize = (lambda text: english()(without_breaks(text))) if settings.remove_breaks else english()
    text, label = Field(tokenize=tokenize, lower=settings.lower), LabelField()
    fields: Any = [("text", text), ("label", label)]
    table = load(path, limit=limit)
    rows = zip(table["review"], table["sentiment"], strict=True)
    whole: Any = Dataset([Example.fromlist(list(row), fields) for row in rows], fields)
    train, test = whole.split([0.8, 0.2], random_state=random.Random(settings.seed).getstate())
    train, valid = train.split([0.85, 0.15], random_state=random.Random(settings.seed).getstate())
    text.build_vocab(train, max_size=settings.vocabulary)
    label.build_vocab(train)
    number = {word: n for n, word in enumerate(text.vocab.itos)}
    splits = {
        name: [([number.get(token, 0) for token in one.text], label.vocab.stoi[one.label]) for one in part]
        for name, part in (("train", train), ("valid", valid), ("test", test))
    }
    return splits, text.vocab.itos, label.vocab.itos


def listed(part: Reviews) -> list[tuple[list[int], int]]:
    ends = zip(part.offsets[:-1], part.offsets[1:], part.labels, strict=True)
    return [(part.tokens[start:end].tolist(), int(label)) for start, end, label in ends]


SETTINGS = [
    RunSettings(),
    RunSettings(vocabulary=300, seed=7),
    RunSettings(remove_breaks=True, lower=True),
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_ids_words_labels_and_splits_are_torchtexts(small_csv, settings):
    check_against_torchtext(small_csv, 400, settings)


@pytest.mark.parametrize("settings", SETTINGS)
def test_those_of_real_reviews_too(imdb_csv, settings):
    check_against_torchtext(imdb_csv, 1_200, settings)


def check_against_torchtext(path: Path, limit: int, settings: RunSettings) -> None:
    splits, words, labels = by_torchtext(path, limit, settings)
    for turn in ("cold", "warm"):
        found = prepare(path, limit=limit, settings=settings)
        assert found.words == words and found.labels == labels
        for name, expected in splits.items():
            assert listed(getattr(found, name)) == expected, f"{turn}, {name}"


def test_words_that_are_as_frequent_stand_in_the_order_of_their_spelling(tmp_path):
    rows = [("b a C c <unk> <pad>", "x"), ("a b zz", "y")] * 20
    path = written(tmp_path / "few.csv", rows)
    splits, words, labels = by_torchtext(path, 40, RunSettings())
    found = prepare(path)
    assert found.words == words and found.labels == labels and listed(found.train) == splits["train"]


def test_ids_are_16_bits_wide_where_they_fit_and_32_where_not(tmp_path):
    words = [
        "".join(letters) for letters in itertools.islice(itertools.product("abcdefghijklmnopqr", repeat=4), 100_000)
    ]
    rows = [(" ".join(words[n::40]), "xy"[n % 2]) for n in range(40)]
    path = written(tmp_path / "many.csv", rows)
    narrow, wide = (prepare(path, settings=Settings(vocabulary=count)) for count in (65_534, 65_535))
    assert narrow.train.tokens.dtype == np.uint16 and len(narrow.words) == 65_536
    assert wide.train.tokens.dtype == np.int32 and len(wide.words) == 65_537
    # The last word by spelling is the only one that one of them does not know.
    assert (narrow.train.tokens != wide.train.tokens).sum() == 1


def test_without_a_file_the_built_in_reviews_are_prepared(nothing_cut):
    found = prepare()
    assert sum(map(len, (found.train, found.valid, found.test))) == len(reviews())
    nothing_cut()
    assert same(prepare(), found)


def test_lengths_are_those_of_the_reviews(small_csv):
    train = prepare(small_csv).train
    assert len(train) == len(train.lengths) == 272
    assert train.lengths.sum() == len(train.tokens) and train.lengths.min() > 0


def test_progress_is_shown_up_to_the_last_review(small_csv):
    cold, warm = [], []
    for shown in (cold, warm):
        prepare(small_csv, show=lambda *state, shown=shown: shown.append(state))
    assert cold[-1] == warm[-1] == ("tokenize", 400, 400)


def test_workers_give_the_same_ids(small_csv, monkeypatch):
    here = prepare(small_csv, limit=399)
    monkeypatch.setattr(module, "_WORTH_WORKERS_BYTES", 0)
    monkeypatch.setattr(module, "_WORTH_WORKERS_ROWS", 0)
    monkeypatch.setattr(module, "_read", lambda path: None)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert same(prepare(small_csv, limit=399), here)


def test_what_cannot_be_read_is_told_as_load_tells_it(tmp_path, cache):
    with pytest.raises(LoadError, match="There is no file"):
        prepare(tmp_path / "nothing.csv")
    with pytest.raises(LoadError, match="is a folder"):
        prepare(tmp_path)
    assert entries(cache) == []


def test_a_label_that_training_never_sees_is_named(tmp_path):
    path = written(tmp_path / "rare.csv", [("a text", "xy"[n % 2]) for n in range(30)] + [("one", "rare")])
    seeds = iter(range(100))
    with pytest.raises(ValueError, match="The label 'rare' is so rare that no row of it is in the training split"):
        for seed in seeds:
            prepare(path, settings=Settings(seed=seed))


def written(path: Path, rows: list[tuple[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("review", "sentiment"), *rows])
    return path


# --- the cache -------------------------------------------------------------------------------------------------------


def test_the_same_file_is_never_cut_twice(small_csv, nothing_cut, cache):
    first = prepare(small_csv)
    nothing_cut()
    assert same(prepare(small_csv), first)
    assert len(entries(cache)) == 1


def test_ids_are_mapped_into_memory_and_writing_to_them_changes_no_file(small_csv):
    first = prepare(small_csv)
    again = prepare(small_csv)
    origin: Any = again.train.tokens
    while isinstance(origin, np.ndarray):
        origin = origin.base
    assert isinstance(origin, mmap.mmap)
    again.train.tokens[:] = 7
    assert same(prepare(small_csv), first)


def test_other_options_or_another_file_have_another_entry(small_csv, cache, tmp_path):
    other = written(tmp_path / "other.csv", [(text.upper(), label) for text, label in reviews()[:400]])
    calls: list[tuple[Path, dict[str, Any]]] = [
        (small_csv, {}),
        (small_csv, {"limit": 300}),
        (small_csv, {"settings": Settings(seed=1)}),
        (small_csv, {"settings": Settings(vocabulary=100)}),
        (small_csv, {"settings": Settings(remove_breaks=True)}),
        (small_csv, {"settings": RunSettings(lower=True)}),
        (other, {}),
    ]
    keys = {prepare(path, **options).key for path, options in calls}
    assert len(entries(cache)) == len(keys) == len(calls)


def test_settings_that_do_not_touch_the_ids_share_an_entry(small_csv, nothing_cut):
    prepare(small_csv)
    nothing_cut()
    prepare(small_csv, settings=RunSettings(epochs=9, batch=7, emb=3, packed=False))


def test_the_key_is_that_of_the_numbers_and_not_of_the_file(small_csv, tmp_path):
    packed = tmp_path / "reviews.csv.gz"
    with gzip.open(packed, "wb") as file:
        file.write(small_csv.read_bytes())
    assert prepare(packed).key == prepare(small_csv).key


def test_another_version_of_spacy_cuts_anew(small_csv, cache, monkeypatch):
    prepare(small_csv)
    monkeypatch.setattr(module, "_spacy_version", lambda: "9.9.9")
    assert prepare(small_csv).tokenizer["version"] == "9.9.9"
    assert len(entries(cache)) == 2


def test_where_spacy_is_not_installed_the_cache_is_enough(small_csv, monkeypatch, nothing_cut):
    first = prepare(small_csv)

    def not_there(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", not_there)
    with pytest.raises(RuntimeError, match="spaCy is not installed, and these reviews have never been cut"):
        prepare(small_csv, limit=300)
    nothing_cut()
    assert same(prepare(small_csv), first)


NO_SPACY = """
import sys
for name in ("spacy", "torch", "torchtext", "pandas"):
    sys.modules[name] = None
from rnnlab.training.ids import prepare
print(prepare(sys.argv[1]).key)
"""


def test_the_cache_is_read_without_spacy_torch_torchtext_and_pandas(small_csv):
    key = prepare(small_csv).key
    done = subprocess.run(
        [sys.executable, "-c", NO_SPACY, str(small_csv)], check=False, capture_output=True, text=True, timeout=120
    )
    assert (done.stdout.strip(), done.stderr) == (key, "")


def spoil_missing(path: Path) -> None:
    path.unlink()


def spoil_empty(path: Path) -> None:
    path.write_bytes(b"")


def spoil_half_written(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def spoil_last_byte_missing(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def spoil_foreign(path: Path) -> None:
    path.write_bytes(b"no ids at all" * 1_000)


def spoil_word(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"the"', b'"thy"'))


def spoil_label(path: Path) -> None:
    flip(path, -1)


def spoil_token(path: Path) -> None:
    flip(path, path.stat().st_size // 2)


def spoil_digest(path: Path) -> None:
    flip(path, 130)


def spoil_size_of_the_splits(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"splits": [272', b'"splits": [271'))


def spoil_pickle(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.array([{"a": 1}], dtype=object), allow_pickle=True)


def spoil_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


SPOILS = [spoil for name, spoil in list(globals().items()) if name.startswith("spoil_")]


@pytest.mark.parametrize("spoil", SPOILS)
def test_a_damaged_entry_is_noticed_and_made_again(small_csv, cache, nothing_cut, spoil):
    right = prepare(small_csv)
    (path,) = entries(cache)
    before = path.read_bytes()
    spoil(path)
    assert not path.is_file() or path.read_bytes() != before, "nothing was spoiled"
    assert same(prepare(small_csv), right)
    if spoil is spoil_folder:
        return
    assert path.read_bytes() == before
    nothing_cut()
    assert same(prepare(small_csv), right)
    assert entries(cache) == [path]


def test_an_unfinished_entry_of_a_killed_run_is_no_entry(small_csv, cache):
    right = prepare(small_csv)
    (path,) = entries(cache)
    path.rename(path.with_name(f".unfinished-1234abcd-{path.name}"))
    assert same(prepare(small_csv), right)
    assert path in entries(cache)


def test_a_full_disk_costs_only_the_cache(small_csv, cache, monkeypatch):
    right = prepare(small_csv)
    shutil.rmtree(cache)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    assert same(prepare(small_csv), right)
    assert entries(cache) == []


def test_a_cache_that_cannot_be_written_costs_only_the_cache(small_csv, tmp_path, monkeypatch):
    blocked = tmp_path / "a file, no folder"
    blocked.write_text("")
    monkeypatch.setenv("RNNLAB_CACHE", str(blocked))
    assert same(prepare(small_csv), prepare(small_csv))


# --- one text --------------------------------------------------------------------------------------------------------


def test_one_text_is_cut_as_the_reviews_were():
    text = "A GOOD one.<br />Mr. X liked it\n"
    options = {"name": "spacy en", "version": "", "remove_breaks": True, "lower": True}
    assert cut(text, options) == ["a", "good", "one", ".", "mr.", "x", "liked", "it"]
    kept = cut(text, options | {"remove_breaks": False, "lower": False})
    assert "GOOD" in kept and any("br" in token for token in kept) and "\n" not in kept


def test_where_spacy_is_not_installed_a_text_is_not_cut(monkeypatch):
    from rnnlab.pipeline import tokenize

    tokenize.english.cache_clear()
    tokenize.english_tokenizer.cache_clear()
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(RuntimeError, match="spaCy is not installed"):
        cut("a text", {"remove_breaks": False, "lower": False})
