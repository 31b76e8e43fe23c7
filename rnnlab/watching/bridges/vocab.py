"""The vocabulary of torchtext 0.10 to 0.18, in pure Python: the original is compiled against PyTorch releases of its time.

Behaviour and error texts follow torchtext's documentation (https://pytorch.org/text/0.18.0/vocab.html).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from torch import nn


class Vocab(nn.Module):
    """Maps tokens to ids; a token that it does not know has the default index, or is an error where none was set.

    Args:
        tokens: the tokens in the order of their ids.
        frequencies: how often each token occurred in what the vocabulary was made of, where that is known; the original
            forgets it, and so no program asks for it.

    Raises:
        RuntimeError: a token stands in `tokens` twice.
    """

    def __init__(self, tokens: Iterable[str], frequencies: Mapping[str, int] | None = None) -> None:
        super().__init__()
        self.frequencies = Counter(frequencies)
        self._tokens = list(tokens)
        self._ids: dict[str, int] = {}
        for i, token in enumerate(self._tokens):
            if token in self._ids:
                raise RuntimeError(f"Duplicate token found in tokens list: {token}")
            self._ids[token] = i
        self._default: int | None = None

    def forward(self, tokens: Sequence[str]) -> list[int]:
        """Return the ids of a list of tokens."""
        return self.lookup_indices(tokens)

    def __len__(self) -> int:
        return len(self._tokens)

    def __contains__(self, token: str) -> bool:
        return token in self._ids

    def __getitem__(self, token: str) -> int:
        found = self._ids.get(token, self._default)
        if found is None:
            raise RuntimeError(f"Token {token} not found and default index is not set")
        return found

    def set_default_index(self, index: int | None) -> None:
        """Give every unknown token this id; None makes unknown tokens an error again."""
        self._default = index

    def get_default_index(self) -> int | None:
        """Return the id of unknown tokens, if one was set."""
        return self._default

    def insert_token(self, token: str, index: int) -> None:
        """Put a new token at an id; the tokens from there on move up by one.

        Raises:
            RuntimeError: the id is not in 0 to len(self), or the token is already there.
        """
        if not 0 <= index <= len(self):
            raise RuntimeError(f"Specified index {index} is out of bounds for vocab of size {len(self)}")
        self._must_be_new(token)
        self._tokens.insert(index, token)
        self._ids = {token: i for i, token in enumerate(self._tokens)}

    def append_token(self, token: str) -> None:
        """Put a new token at the end.

        Raises:
            RuntimeError: the token is already there.
        """
        self._must_be_new(token)
        self._ids[token] = len(self._tokens)
        self._tokens.append(token)

    def _must_be_new(self, token: str) -> None:
        if token in self._ids:
            raise RuntimeError(f"Token {token} already exists in the Vocab with index: {self._ids[token]}")

    def lookup_token(self, index: int) -> str:
        """Return the token of an id.

        Raises:
            RuntimeError: there is no such id.
        """
        if not 0 <= index < len(self):
            raise RuntimeError(f"Specified index {index} is out of bounds for vocab of size {len(self)}")
        return self._tokens[index]

    def lookup_tokens(self, indices: Iterable[int]) -> list[str]:
        """Return the tokens of a list of ids."""
        return [self.lookup_token(index) for index in indices]

    def lookup_indices(self, tokens: Sequence[str]) -> list[int]:
        """Return the ids of a list of tokens.

        Raises:
            TypeError: a text was given; the original takes a list of tokens only, and so does this one.
        """
        if isinstance(tokens, str):
            raise TypeError("lookup_indices(): incompatible function arguments: a list of tokens is needed, not a text")
        return [self[token] for token in tokens]

    def get_stoi(self) -> dict[str, int]:
        """Return a copy of the map from tokens to ids."""
        return dict(self._ids)

    def get_itos(self) -> list[str]:
        """Return a copy of the list of tokens, in the order of their ids."""
        return list(self._tokens)


def vocab(
    ordered_dict: Mapping[str, int],
    min_freq: int = 1,
    specials: Sequence[str] | None = None,
    special_first: bool = True,
) -> Vocab:
    """Make a vocabulary of a mapping from tokens to how often they occur, in the mapping's order."""
    specials = list(specials or ())
    tokens = [token for token, times in ordered_dict.items() if times >= min_freq and token not in specials]
    return Vocab([*specials, *tokens] if special_first else [*tokens, *specials], ordered_dict)


def build_vocab_from_iterator(
    iterator: Iterable[Iterable[str]],
    min_freq: int = 1,
    specials: Sequence[str] | None = None,
    special_first: bool = True,
    max_tokens: int | None = None,
) -> Vocab:
    """Make a vocabulary of lists of tokens: the most frequent first, equally frequent ones in alphabetical order.

    Args:
        max_tokens: how many tokens to keep, special ones included.

    Raises:
        AssertionError: `max_tokens` leaves no room beside the special tokens.
    """
    counter: Counter[str] = Counter()
    for tokens in iterator:
        counter.update(tokens)
    room = None if max_tokens is None else max_tokens - len(specials or ())
    assert room is None or room > 0, "len(specials) >= max_tokens, so the vocab will be entirely special tokens."
    frequent = sorted(counter.items(), key=lambda item: (-item[1], item[0]))[:room]
    made = vocab(dict(frequent), min_freq, specials, special_first)
    made.frequencies = counter
    return made
