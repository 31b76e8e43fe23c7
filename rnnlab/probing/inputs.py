"""Tiny inputs for a model, made from those that the learner gave: the same ids and numbers under other sizes.

Which axes may be varied is known before: their names were declared, or an RNN settled them. Everything else stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from rnnlab.probing.sizes import LONGEST, TOKENS, Setting

# Sizes that no layer of the model was built for: constants (emb, hid, classes) cannot move with them.
FIXED = frozenset({"emb", "hid", "classes", "layers", "features", "channels", "proj", "?", "layers*directions"})
Axes = tuple[str, ...]


class Given(NamedTuple):
    """One tensor among the learner's inputs: the axes that are varied ("?" is not), and what its values stand for."""

    tensor: Tensor
    axes: Axes
    kind: str = "values"


class Inputs:
    """The learner's inputs as a recipe for others.

    Args:
        args, kwargs: what the model was called with.
        axes_of: returns the names of a tensor's axes, `?` where nobody knows.
        names: the parameters' names of the model's forward, in order, as far as they are known.
    """

    def __init__(
        self, args: Sequence[Any], kwargs: dict[str, Any], axes_of: Callable[[Tensor], Axes], names: Sequence[str] = ()
    ) -> None:
        self.args, self.kwargs = tuple(args), dict(kwargs)
        self._axes_of = axes_of
        self._words = [*names[: len(args)], *[""] * (len(args) - len(names)), *kwargs]
        self.tensors = _tensors((*args, *kwargs.values()))
        self.sizes: dict[str, int] = {}
        self.clash = ""
        self._pack = next((value for value in (*args, *kwargs.values()) if isinstance(value, PackedSequence)), None)
        if self._pack is not None:
            self.sizes = {"seq_len": len(self._pack.batch_sizes), "batch": int(self._pack.batch_sizes[0])}
        for tensor in self.tensors:
            for name, size in zip(self._roles(tensor), tensor.shape, strict=True):
                if name not in FIXED and self.sizes.setdefault(name, size) != size and not self.clash:
                    self.clash = f"two inputs differ in {name}: {self.sizes[name]} and {size}"
        self.guessed = False

    def _roles(self, tensor: Tensor) -> Axes:
        """Return the axes of an input, leaving out those that a layer's width fixes: the last of numbers that are no ids."""
        axes = tuple("?" if name == TOKENS else name for name in self._axes_of(tensor))
        if _is_whole(tensor) and sorted(axes) in (["?", "batch"], ["?", "seq_len"]):
            # Ids have these two axes: where one is known, the other one is the other.
            missing = "seq_len" if "batch" in axes else "batch"
            return tuple(missing if name == "?" else name for name in axes)
        if tensor.is_floating_point() and tensor.dim() >= 2 and axes[-1] not in {"seq_len", "batch"}:
            return (*axes[:-1], "?")
        return axes

    def guessing(self) -> Inputs:
        """Return the same inputs, where an unnamed axis of the batch's (or the texts') size varies with it as well."""
        other = Inputs(self.args, self.kwargs, self._axes_of)
        other._words, other.guessed = self._words, True
        return other

    def called(self, first: str, second: str) -> Inputs | None:
        """Return the inputs with the first two axes of unnamed ids (or vectors) called so; None where that says nothing."""
        ids = self.tensors[0] if self.tensors else None
        if ids is None or self.sizes or not 2 <= ids.dim() <= 3 or (ids.dim() == 2) != _is_whole(ids):
            return None

        def axes_of(tensor: Tensor) -> Axes:
            alike = tensor.shape[:2] == ids.shape[:2] and tensor.dim() >= 2
            return (first, second, *["?"] * (tensor.dim() - 2)) if alike else ("?",) * tensor.dim()

        other = Inputs(self.args, self.kwargs, axes_of)
        other._words = self._words
        return other

    # --- other sizes ---------------------------------------------------------------------------------------------

    def setting(self) -> dict[str, int]:
        """Return the sizes of the learner's own run, the sum and the largest of the lengths among them."""
        lengths = self._lengths()
        return dict(self.sizes) | ({} if lengths is None else {TOKENS: sum(lengths), LONGEST: max(lengths)})

    def made(self, setting: Setting) -> tuple[tuple[Any, ...], dict[str, Any], dict[str, int]]:
        """Return arguments of these sizes, and the setting with the sum and the largest of their lengths."""
        lengths = self._new_lengths(setting)
        values = [
            self._other(value, word, setting, lengths)
            for value, word in zip((*self.args, *self.kwargs.values()), self._words, strict=True)
        ]
        known = dict(setting) | ({} if lengths is None else {TOKENS: sum(lengths), LONGEST: max(lengths)})
        count = len(self.args)
        return tuple(values[:count]), dict(zip(self.kwargs, values[count:], strict=True)), known

    def _other(self, value: Any, word: str, setting: Setting, lengths: list[int] | None) -> Any:
        if isinstance(value, Tensor):
            if lengths is not None and self._are_lengths(value, word):
                return torch.tensor(lengths, dtype=value.dtype, device=value.device)
            if lengths is not None and value.dim() == 1 and (offsets := self._offsets()) is not None:
                if value is offsets:
                    ends = torch.tensor([0, *lengths[:-1]]).cumsum(0)
                    return ends.to(value.dtype).to(value.device)
                return _taken(value, 0, sum(lengths))
            return self._resized(value, setting)
        if isinstance(value, PackedSequence):
            return _packed(value, setting, lengths or [])
        if isinstance(value, list | tuple) and value and all(type(n) is int for n in value):
            is_lengths = lengths is not None and self._are_lengths(torch.tensor(value), word)
            return type(value)(lengths) if is_lengths and lengths is not None else value
        if type(value) in {list, tuple}:
            return type(value)(self._other(item, word, setting, lengths) for item in value)
        if type(value) is dict:
            return {key: self._other(item, str(key), setting, lengths) for key, item in value.items()}
        return value

    def _resized(self, tensor: Tensor, setting: Setting) -> Tensor:
        """Return a tensor's own values, cut or repeated along each axis that is varied."""
        for dim, name in enumerate(self._varied(tensor)):
            if name in setting:
                tensor = _taken(tensor, dim, setting[name])
        return tensor.detach().clone()

    def _varied(self, tensor: Tensor) -> Axes:
        axes = self._roles(tensor)
        if not self.guessed:
            return axes
        by_size: dict[int, str] = {}
        for name in ("batch", "seq_len"):
            if name in self.sizes:
                by_size.setdefault(self.sizes[name], name)
        found = []
        for name, size in zip(axes, tensor.shape, strict=True):
            guess = by_size.get(size, "?") if name == "?" else name
            found.append(guess if guess not in found else name)
        return tuple(found)

    # --- lengths -------------------------------------------------------------------------------------------------

    def _are_lengths(self, tensor: Tensor, word: str) -> bool:
        """Recognise lengths: one for each text, each at least 1, none longer than the texts, unless it is called otherwise."""
        batch, longest = self.sizes.get("batch"), self.sizes.get("seq_len")
        if tensor.dim() != 1 or not _is_whole(tensor) or batch is None or longest is None or len(tensor) != batch:
            return False
        low, high = int(tensor.min()), int(tensor.max())
        return low >= 1 and high <= longest and (high == longest or "len" in word.lower())

    def _lengths(self) -> list[int] | None:
        if self._pack is not None:
            return [int((self._pack.batch_sizes > i).sum()) for i in range(self.sizes["batch"])]
        for value, word in self._with_words():
            if self._are_lengths(value, word):
                return [int(n) for n in value]
        offsets = self._offsets()
        if offsets is not None:
            ends = [*(int(n) for n in offsets[1:]), len(self.tensors[0])]
            return [end - int(start) for start, end in zip(offsets, ends, strict=True)]
        return None

    def _with_words(self) -> list[tuple[Tensor, str]]:
        found: list[tuple[Tensor, str]] = []
        for value, word in zip((*self.args, *self.kwargs.values()), self._words, strict=True):
            whole = isinstance(value, list | tuple) and bool(value) and all(type(n) is int for n in value)
            found.extend([(torch.tensor(value), word)] if whole else [(t, word) for t in _tensors((value,))])
        return found

    def _offsets(self) -> Tensor | None:
        """Return where each text begins in one long axis of tokens, as an EmbeddingBag takes it."""
        if len(self.tensors) < 2:
            return None
        text, offsets = self.tensors[:2]
        if not (text.dim() == offsets.dim() == 1 and _is_whole(text) and _is_whole(offsets) and len(offsets) > 1):
            return None
        rising = int(offsets[0]) == 0 and bool((offsets.diff() > 0).all()) and int(offsets[-1]) < len(text)
        return offsets if rising else None

    def _new_lengths(self, setting: Setting) -> list[int] | None:
        given = self._lengths()
        if given is None:
            return None
        if self._offsets() is not None:
            return [3 + 2 * (i % 5) for i in range(setting.get("batch", len(given)))]
        seq_len, batch = setting.get("seq_len", self.sizes["seq_len"]), setting.get("batch", len(given))
        found = _descending(seq_len, batch)
        if max(given) < self.sizes["seq_len"]:
            # Texts that all end before the rectangle does: by how much must not look like a function of seq_len.
            shorter = max(1, seq_len - 1 - seq_len % 4)
            found = [min(n, shorter) for n in found]
        return found if given == sorted(given, reverse=True) else [*found[1:], found[0]]


def _descending(seq_len: int, batch: int) -> list[int]:
    """Return lengths from seq_len down to a third of it, as uneven as they can be: their sum is no product."""
    least = max(1, seq_len // 3)
    return [max(least, seq_len - (3 * i) // 2) for i in range(batch)]


def _taken(tensor: Tensor, dim: int, size: int) -> Tensor:
    index = torch.arange(size, device=tensor.device) % max(1, tensor.shape[dim])
    return tensor.index_select(dim, index)


def _packed(packed: PackedSequence, setting: Setting, lengths: list[int]) -> PackedSequence:
    padded = packed.data[:1].detach().expand(setting["seq_len"], setting["batch"], *packed.data.shape[1:])
    return torch.nn.utils.rnn.pack_padded_sequence(padded.clone(), torch.tensor(lengths))


def _is_whole(tensor: Tensor) -> bool:
    return not tensor.is_floating_point() and not tensor.is_complex() and tensor.dtype != torch.bool


def _tensors(values: Sequence[Any]) -> list[Tensor]:
    """Return the tensors among arguments, with tuples, lists and dicts opened."""
    found: list[Tensor] = []
    for value in values:
        if isinstance(value, Tensor):
            found.append(value)
        elif type(value) in {list, tuple}:
            found.extend(_tensors(value))
        elif type(value) is dict:
            found.extend(_tensors(list(value.values())))
    return found
