"""Ids that the embedding has no row for, and ids that are no whole numbers."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from broken import Model, ids, told
from torch import Tensor, nn
from torchtext import data


def test_a_table_smaller_than_the_vocabulary() -> None:
    TEXT = data.Field()
    rows = [data.Example.fromlist(["the film was good but the end was bad"], [("text", TEXT)])]
    TEXT.build_vocab(data.Dataset(rows, [("text", TEXT)]), max_size=5)

    def program() -> None:
        embedding = nn.Embedding(5, 4)
        text = TEXT.process([["the", "bad"], ["but", "end"]])
        embedding(text)

    found = told(program, error=IndexError)
    assert found.name == "embedding_smaller_than_the_vocabulary"
    assert found.line == "embedding(text)"
    bad, token = found.crash.values["bad"], found.crash.values["token"]
    assert bad >= 5 and token == TEXT.vocab.itos[bad]
    assert f"text is (2, 2) int64 and holds the id {bad} ('{token}') at " in found.explanation.happened
    assert "Embedding has 5 rows, 0 to 4" in found.explanation.happened
    assert "TEXT.vocab has 7 entries, num_embeddings is 5: the two more are <unk> and <pad>" in found.explanation.means
    assert "nn.Embedding(len(TEXT.vocab), ...)" in found.explanation.next_step


def test_a_dictionary_of_words_is_a_vocabulary_too() -> None:
    word_to_index = {f"word{i}": i for i in range(20)}

    def program() -> None:
        table = nn.Parameter(torch.zeros(12, 3))
        F.embedding(torch.tensor([[1, 2], [3, 17]]), table)

    found = told(with_words(word_to_index, program), error=IndexError)
    assert found.name == "embedding_smaller_than_the_vocabulary"
    assert "the id 17 ('word17') at [1, 1]; the table has 12 rows" in found.explanation.happened
    assert "8 of its entries have no row" in found.explanation.means


def with_words(words: dict[str, int], program: Any) -> Any:
    """Return a program that calls another one while it holds a vocabulary."""

    def outer() -> None:
        word_to_index = words
        program()
        del word_to_index

    return outer


def test_an_id_too_large_without_a_vocabulary_in_sight() -> None:
    def program(wrong: Tensor) -> None:
        Model()(wrong)

    found = told(program, torch.tensor([[1, 2], [11, 3]]), error=IndexError)
    assert found.name == "id_without_a_row_in_the_embedding"
    assert (
        "text is (2, 2) int64 and holds the id 11 at [1, 0]; Embedding has 11 rows, 0 to 10"
        in found.explanation.happened
    )
    assert "here at least 12 rows" in found.explanation.next_step
    assert found.line == "embedded = self.embedding(text)"


def test_two_vocabularies_that_both_know_the_id_prove_nothing() -> None:
    def program() -> None:
        english = {f"e{i}": i for i in range(20)}
        german = {f"g{i}": i for i in range(30)}
        nn.Embedding(12, 3)(torch.tensor([17]))
        assert english and german

    found = told(program, error=IndexError)
    assert found.name == "id_without_a_row_in_the_embedding" and "token" not in found.crash.values


def test_a_negative_id_is_no_question_of_the_vocabulary() -> None:
    found = told(nn.Embedding(5, 2), torch.tensor([1, -1, 4]), error=IndexError)
    assert found.name == "id_without_a_row_in_the_embedding"
    assert "the id -1 at [1]" in found.explanation.happened and "no id may be negative" in found.explanation.means


def test_ids_that_are_floating_point_numbers() -> None:
    found = told(Model(), ids(7, 3).float(), error=RuntimeError)
    assert found.name == "ids_are_not_whole_numbers"
    assert "text is (7, 3) float32, and a table is read by int64 ids" in found.explanation.happened
    assert "`text.long()`" in found.explanation.next_step


def test_what_was_embedded_already_is_no_matter_of_types() -> None:
    def program() -> None:
        embedding = nn.Embedding(11, 4)
        text = embedding(ids(7, 3))
        embedding(text)

    found = told(program, error=RuntimeError)
    assert found.name == "ids_are_not_whole_numbers"
    assert "text comes out of an embedding already" in found.explanation.means
    assert "long()" not in found.explanation.next_step
