"""The vocabulary behaves as torchtext 0.18's documentation says, errors included."""

from __future__ import annotations

import copy
import pickle

import pytest
from torch import nn

from rnnlab.watching.bridges.vocab import Vocab, vocab


@pytest.fixture
def letters() -> Vocab:
    return vocab({"a": 3, "b": 2}, specials=["<unk>"])


def test_it_is_a_module_that_is_called_with_tokens(letters: Vocab) -> None:
    assert isinstance(letters, nn.Module)
    assert letters(["a", "<unk>", "b"]) == [1, 0, 2]
    assert letters["b"] == 2
    assert "b" in letters
    assert "c" not in letters
    assert len(letters) == 3


def test_an_unknown_token_is_an_error_until_there_is_a_default(letters: Vocab) -> None:
    with pytest.raises(RuntimeError, match=r"^Token c not found and default index is not set$"):
        letters["c"]
    assert letters.get_default_index() is None
    letters.set_default_index(letters["<unk>"])
    assert letters(["c", "a"]) == [0, 1]
    assert letters.get_default_index() == 0


def test_tokens_are_looked_up_by_number(letters: Vocab) -> None:
    assert letters.lookup_token(2) == "b"
    assert letters.lookup_tokens([1, 0]) == ["a", "<unk>"]
    with pytest.raises(RuntimeError, match="Specified index 3 is out of bounds for vocab of size 3"):
        letters.lookup_token(3)


def test_a_text_is_no_list_of_tokens(letters: Vocab) -> None:
    with pytest.raises(TypeError, match="list of tokens"):
        letters("ab")


def test_an_inserted_token_moves_the_others_up(letters: Vocab) -> None:
    letters.insert_token("c", 1)
    assert letters.get_itos() == ["<unk>", "c", "a", "b"]
    assert letters["b"] == 3
    letters.append_token("d")
    assert letters["d"] == 4
    with pytest.raises(RuntimeError, match="Token d already exists in the Vocab with index: 4"):
        letters.append_token("d")
    with pytest.raises(RuntimeError, match="out of bounds for vocab of size 5"):
        letters.insert_token("e", 9)


def test_a_token_given_twice_is_refused() -> None:
    with pytest.raises(RuntimeError, match="Duplicate token found in tokens list: a"):
        Vocab(["a", "b", "a"])


def test_what_it_gives_away_is_a_copy(letters: Vocab) -> None:
    letters.get_itos().clear()
    letters.get_stoi().clear()
    assert len(letters) == 3


def test_it_can_be_pickled_and_copied(letters: Vocab) -> None:
    letters.set_default_index(0)
    for other in (pickle.loads(pickle.dumps(letters)), copy.deepcopy(letters)):
        assert other.get_itos() == letters.get_itos()
        assert other["z"] == 0
