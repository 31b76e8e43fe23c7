"""The text transforms of torchtext 0.12 to 0.18, served as `torchtext.transforms` and `torchtext.functional`.

See https://pytorch.org/text/0.18.0/transforms.html; those that download a tokenizer's model are not among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from rnnlab.watching.bridges.vocab import Vocab

__all__ = [
    "AddToken",
    "LabelToIndex",
    "PadTransform",
    "Sequential",
    "StrToIntTransform",
    "ToTensor",
    "Truncate",
    "VocabTransform",
    "add_token",
    "str_to_int",
    "to_tensor",
    "truncate",
]


def _is_batch(given: Any) -> bool:
    return isinstance(given, list) and bool(given) and isinstance(given[0], list)


def _checked(given: Any) -> Any:
    if not isinstance(given, list):
        raise TypeError("Input type not supported")
    return given


def to_tensor(input: Any, padding_value: int | None = None, dtype: torch.dtype = torch.long) -> Tensor:  # noqa: A002
    """Turn ids into a tensor: (seq_len) from a list, (batch, seq_len) from a list of lists, padded where asked.

    Raises:
        TypeError: something else than a list was given.
    """
    if not _is_batch(_checked(input)):
        return torch.tensor(input, dtype=torch.long)
    if padding_value is None:
        return torch.tensor(input, dtype=dtype)
    rows = [torch.tensor(ids, dtype=dtype) for ids in input]
    return pad_sequence(rows, batch_first=True, padding_value=float(padding_value))


def truncate(input: Any, max_seq_len: int) -> Any:  # noqa: A002
    """Cut a list, or each list of a batch, after `max_seq_len` items."""
    if _is_batch(_checked(input)):
        return [ids[:max_seq_len] for ids in input]
    return input[:max_seq_len]


def add_token(input: Any, token_id: Any, begin: bool = True) -> Any:  # noqa: A002
    """Put a token (or its id) at the beginning or the end of a list, or of each list of a batch."""
    if _is_batch(_checked(input)):
        return [add_token(ids, token_id, begin) for ids in input]
    return [token_id, *input] if begin else [*input, token_id]


def str_to_int(input: Any) -> Any:  # noqa: A002
    """Turn texts such as "12" into integers, in a list or in each list of a batch."""
    if _is_batch(_checked(input)):
        return [str_to_int(texts) for texts in input]
    return [int(text) for text in input]


class Sequential(nn.Sequential):
    """Transforms one after the other."""

    def forward(self, input: Any) -> Any:  # noqa: A002
        """Return what the last transform makes of it."""
        for transform in self:
            input = transform(input)  # noqa: A001
        return input


class VocabTransform(nn.Module):
    """Turns tokens into ids.

    Raises:
        AssertionError: `vocab` was not made by `torchtext.vocab.vocab` or `build_vocab_from_iterator`.
    """

    def __init__(self, vocab: Vocab) -> None:
        super().__init__()
        assert isinstance(vocab, Vocab)
        self.vocab = vocab

    def forward(self, input: Any) -> Any:  # noqa: A002
        """Return the ids of a list of tokens, or of each list of a batch."""
        if _is_batch(_checked(input)):
            return [self.vocab.lookup_indices(tokens) for tokens in input]
        return self.vocab.lookup_indices(input)


class ToTensor(nn.Module):
    """Turns ids into a tensor; see `to_tensor`."""

    def __init__(self, padding_value: int | None = None, dtype: torch.dtype = torch.long) -> None:
        super().__init__()
        self.padding_value, self.dtype = padding_value, dtype

    def forward(self, input: Any) -> Tensor:  # noqa: A002
        """Return a tensor (seq_len), or (batch, seq_len) from a batch."""
        return to_tensor(input, self.padding_value, self.dtype)


class LabelToIndex(nn.Module):
    """Turns label names into their numbers.

    Args:
        label_names: the names in the order of their numbers; or `label_path`, a text file with one name per line.
    """

    def __init__(
        self, label_names: Sequence[str] | None = None, label_path: str | None = None, sort_names: bool = False
    ) -> None:
        super().__init__()
        if label_path is not None:
            with open(label_path, encoding="utf-8") as file:  # noqa: PTH123
                label_names = [line.strip() for line in file if line.strip()]
        assert label_names is not None, "label_names or label_path is required"
        self._label_vocab = Vocab(sorted(label_names) if sort_names else label_names)

    def forward(self, input: Any) -> Any:  # noqa: A002
        """Return the number of a label, or of each of a list."""
        return self._label_vocab[input] if isinstance(input, str) else self._label_vocab.lookup_indices(input)

    @property
    def label_names(self) -> list[str]:
        """The names in the order of their numbers."""
        return self._label_vocab.get_itos()


class Truncate(nn.Module):
    """Cuts reviews after `max_seq_len` tokens."""

    def __init__(self, max_seq_len: int) -> None:
        super().__init__()
        self.max_seq_len = max_seq_len

    def forward(self, input: Any) -> Any:  # noqa: A002
        """Return the list, or each list of a batch, cut."""
        return truncate(input, self.max_seq_len)


class AddToken(nn.Module):
    """Puts a token at the beginning or the end."""

    def __init__(self, token: int | str, begin: bool = True) -> None:
        super().__init__()
        self.token, self.begin = token, begin

    def forward(self, input: Any) -> Any:  # noqa: A002
        """Return the list, or each list of a batch, with the token added."""
        return add_token(input, self.token, self.begin)


class PadTransform(nn.Module):
    """Pads a tensor's last axis up to a length; a longer one stays as it is."""

    def __init__(self, max_length: int, pad_value: int) -> None:
        super().__init__()
        self.max_length, self.pad_value = max_length, float(pad_value)

    def forward(self, x: Tensor) -> Tensor:
        """Return (..., max_length) from (..., seq_len)."""
        missing = self.max_length - x.size(-1)
        return nn.functional.pad(x, (0, missing), value=self.pad_value) if missing > 0 else x


class StrToIntTransform(nn.Module):
    """Turns texts such as "12" into integers."""

    def forward(self, input: Any) -> Any:  # noqa: A002
        """Return the integers of a list, or of each list of a batch."""
        return str_to_int(input)
