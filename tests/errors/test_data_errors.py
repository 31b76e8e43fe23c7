"""Loading, tokenizing and vocabularies: the errors of torchtext, spaCy, pandas and plain dictionaries."""

from __future__ import annotations

import csv
import pickle
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from broken import told
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence
from torchtext import data


@pytest.fixture
def rows_csv(tmp_path: Path) -> Path:
    """A file of four reviews."""
    path = tmp_path / "reviews.csv"
    rows = [("text", "label"), ("a b c", "pos"), ("a", "neg"), ("b c", "pos"), ("c d e f", "neg")]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


def field_pair(**options: Any) -> tuple[data.Field, data.LabelField, list[tuple[str, data.Field]]]:
    TEXT, LABEL = data.Field(**options), data.LabelField(dtype=torch.long)
    return TEXT, LABEL, [("text", TEXT), ("label", LABEL)]


# --- load ------------------------------------------------------------------------------------------------------------------


def test_field_is_gone_from_torchtext(monkeypatch: pytest.MonkeyPatch) -> None:
    # Taking the name away makes Python say what it says with torchtext 0.12 and later, where it is gone.
    import torchtext

    monkeypatch.delattr(torchtext.data, "Field")
    found = told(lambda: torchtext.data.Field(lower=True), error=AttributeError)
    assert str(found.error) == "module 'torchtext.data' has no attribute 'Field'"
    assert found.name == "torchtext_field_is_gone"
    assert "for `Field`" in found.explanation.happened


def test_the_legacy_module_is_gone() -> None:
    def program() -> None:
        from torchtext.legacy import data  # type: ignore[import-not-found]

        print(data)

    found = told(program, error=ImportError)
    assert found.name == "torchtext_field_is_gone"
    assert "asks torchtext 0.6.0 for `torchtext.legacy`" in found.explanation.happened
    assert "`from torchtext import data`" in found.explanation.next_step
    assert found.line.startswith("from torchtext.legacy import data")


def test_a_newer_function_is_asked_of_an_old_torchtext() -> None:
    def program() -> None:
        from torchtext.data.functional import to_map_style_dataset  # type: ignore[attr-defined]

        print(to_map_style_dataset)

    found = told(program, error=ImportError)
    assert found.name == "newer_torchtext_is_asked_for"
    assert "asks torchtext 0.6.0 for `to_map_style_dataset`" in found.explanation.happened


def test_a_misspelt_name_is_not_called_gone() -> None:
    import torchtext

    assert told(lambda: torchtext.data.Feild, error=AttributeError).name == ""


def test_splits_with_one_file(rows_csv: Path) -> None:
    TEXT, LABEL, fields = field_pair()

    def program() -> None:
        train = data.TabularDataset.splits(path=str(rows_csv.parent), train="reviews.csv", format="csv", fields=fields)
        train.fields

    found = told(program, error=AttributeError)
    assert found.name == "splits_with_one_file_is_a_tuple"
    assert "train is a tuple that holds one TabularDataset" in found.explanation.happened
    assert "`train, = ...splits(...)`" in found.explanation.next_step

    def building() -> None:
        train = data.TabularDataset.splits(path=str(rows_csv.parent), train="reviews.csv", format="csv", fields=fields)
        TEXT.build_vocab(train)

    found = told(building, error=TypeError)
    assert found.name == "splits_with_one_file_is_a_tuple" and found.line == "TEXT.build_vocab(train)"


def test_any_other_tuple_is_no_split() -> None:
    pair = (1, 2)
    assert told(lambda: pair.fields, error=AttributeError).name == ""  # type: ignore[attr-defined]


def test_a_file_that_is_not_there(rows_csv: Path) -> None:
    found = told(lambda: pd.read_csv(rows_csv.parent / "review.csv"), error=FileNotFoundError)
    assert found.name == "data_file_not_found"
    assert f"there is no review.csv in {rows_csv.parent}" in found.explanation.happened
    assert found.explanation.next_step == "write 'reviews.csv'"
    found = told(lambda: pd.read_csv(rows_csv.parent / "nowhere" / "review.csv"), error=FileNotFoundError)
    assert "The folder itself is not there" in found.explanation.means


@pytest.mark.parametrize("by_attribute", [True, False])
def test_a_column_that_is_not_there(rows_csv: Path, by_attribute: bool) -> None:
    def program() -> None:
        table = pd.read_csv(rows_csv)
        table.texts if by_attribute else table["texts"]

    found = told(program)
    assert found.name == "column_not_in_the_table"
    assert "asks for the column 'texts'; the table has 'text', 'label'" in found.explanation.happened
    assert found.explanation.next_step == "write 'text'"


# --- tokenize --------------------------------------------------------------------------------------------------------------


def test_the_shortcut_of_spacy_is_gone() -> None:
    found = told(lambda: data.Field(tokenize="spacy"), error=OSError)
    assert found.name == "spacy_shortcut_is_gone"
    assert "torchtext's tokenize='spacy' asks spaCy for a model called 'en'" in found.explanation.happened
    assert "tokenizer_language='en_core_web_sm'" in found.explanation.next_step


def test_a_model_of_spacy_that_is_not_installed() -> None:
    import spacy

    found = told(lambda: spacy.load("xx_no_such_model"), error=OSError)
    assert found.name == "spacy_model_is_not_installed"
    assert "python -m spacy download xx_no_such_model" in found.explanation.next_step


def test_a_text_without_a_token() -> None:
    TEXT = data.Field(include_lengths=True)
    TEXT.build_vocab([["a", "b"]])

    def program() -> None:
        text, text_lengths = TEXT.process([["a", "b"], ["b"], []])
        pack_padded_sequence(nn.Embedding(11, 4)(text), text_lengths)

    found = told(program, error=RuntimeError)
    assert found.name == "text_without_a_token"
    assert "1 of the 3 lengths is 0, the first at position 2 of the batch" in found.explanation.happened
    assert "filter_pred" in found.explanation.next_step


def test_lengths_that_are_all_there_are_not_called_empty() -> None:
    found = told(lambda: pack_padded_sequence(torch.zeros(3, 2, 4), torch.tensor([3, 3, 1])), error=RuntimeError)
    assert found.name != "text_without_a_token"


# --- vocab -----------------------------------------------------------------------------------------------------------------


def test_a_word_that_a_dictionary_does_not_know() -> None:
    def program() -> None:
        word_to_index = {"<unk>": 0, "good": 1, "bad": 2}
        torch.tensor([word_to_index[word] for word in ["good", "splendid"]])

    found = told(program, error=KeyError)
    assert found.name == "unknown_word_has_no_index"
    assert "the word 'splendid' is not among the 3 words of word_to_index" in found.explanation.happened
    assert "`word_to_index.get(word, word_to_index['<unk>'])`" in found.explanation.next_step


def test_a_word_that_a_field_without_unk_does_not_know() -> None:
    TEXT = data.Field(unk_token=None)
    TEXT.build_vocab([["a", "b"]])

    def program() -> None:
        REVIEW = TEXT
        REVIEW.process([["splendid"]])

    found = told(program, error=KeyError)
    assert found.name == "unknown_word_has_no_index"
    assert "of REVIEW.vocab, and REVIEW has no unk_token" in found.explanation.happened


def test_a_label_that_was_not_there_before() -> None:
    LABEL = data.LabelField()
    LABEL.build_vocab([["pos"], ["neg"]])
    found = told(lambda: LABEL.process(["maybe"]), error=KeyError)
    assert found.name == "unknown_label"
    assert "has no label 'maybe'; it has '" in found.explanation.happened


def test_a_key_that_is_no_word_is_not_explained() -> None:
    def program() -> None:
        options = {"name": "a", "size": "b"}
        options["colour"]

    assert told(program, error=KeyError).name == ""


@pytest.mark.parametrize("which", ["text", "label"])
def test_numbers_before_the_vocabulary(rows_csv: Path, which: str) -> None:
    TEXT, LABEL, fields = field_pair()

    def program() -> None:
        train = data.TabularDataset(str(rows_csv), "csv", fields, skip_header=True)
        if which == "label":
            TEXT.build_vocab(train)
        for batch in data.Iterator(train, batch_size=2, device="cpu"):
            print(batch, LABEL)

    found = told(program, error=AttributeError)
    assert found.name == "numericalised_before_build_vocab"
    name = "TEXT is a Field" if which == "text" else "LABEL is a LabelField"
    assert f"{name} without a vocabulary, and a batch is made of it" in found.explanation.happened
    assert f"`{name.partition(' ')[0]}.build_vocab(train)`" in found.explanation.next_step


def test_the_size_of_a_vocabulary_that_is_not_built() -> None:
    def program() -> None:
        TEXT = data.Field()
        len(TEXT.vocab)

    found = told(program, error=AttributeError)
    assert found.name == "numericalised_before_build_vocab" and found.line == "len(TEXT.vocab)"


@pytest.mark.parametrize("save", [torch.save, pickle.dump], ids=["torch", "pickle"])
def test_a_field_that_cannot_be_pickled(tmp_path: Path, save: Any) -> None:
    def program() -> None:
        TEXT = data.Field(tokenize=lambda text: text.split())
        with (tmp_path / "field.pt").open("wb") as file:
            save(TEXT, file)

    found = told(program)
    assert found.name == "what_was_saved_cannot_be_pickled"
    assert "holds a lambda" in found.explanation.happened
    assert "TEXT" in found.explanation.happened
    assert "def tokenize(text)" in found.explanation.next_step


def test_a_function_inside_a_function_is_named(tmp_path: Path) -> None:
    def program() -> None:
        def words_of(text: str) -> list[str]:
            return text.split()

        TEXT = data.Field(tokenize=words_of)
        torch.save(TEXT, tmp_path / "field.pt")

    found = told(program)
    assert found.name == "what_was_saved_cannot_be_pickled"
    assert "TEXT (a Field) holds `words_of`, which is defined inside a function" in found.explanation.happened
    assert "torch.save(TEXT.vocab.itos, path)" in found.explanation.next_step


def test_words_where_numbers_are_wanted() -> None:
    LABEL = data.Field(sequential=False, use_vocab=False)
    found = told(lambda: LABEL.process(["1", "pos"]), error=ValueError)
    assert found.name == "label_words_are_read_as_numbers"
    assert "wants numbers and got 'pos'" in found.explanation.happened
    assert told(lambda: int("pos"), error=ValueError).name == ""
