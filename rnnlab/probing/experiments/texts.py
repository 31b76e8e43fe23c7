"""Tiny texts of random words, and the arguments that a form makes of them."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from rnnlab.probing.experiments.form import Argument, Form, Role

Text = Tensor  # ids (seq_len,) or features (seq_len, width)


def texts(form: Form, lengths: Sequence[int], seed: int = 0) -> list[Text]:
    """Return random texts of these lengths, without pads (and, where there are other words, without the first two ids).

    No word stands twice in them, where there are words enough: so each can be told wherever a model moves it.
    """
    draw = torch.Generator().manual_seed(1000 + seed)
    if form.kind == "features":
        return [torch.randn(length, form.width, generator=draw) for length in lengths]
    words = [i for i in range(min(2, form.width - 1), form.width) if i != form.pad] or [0]
    table = torch.tensor(words)
    if len(words) >= sum(lengths):
        drawn = table[torch.randperm(len(words), generator=draw)[: sum(lengths)]]
        return list(drawn.split(list(lengths)))
    return [table[torch.randint(len(words), (length,), generator=draw)] for length in lengths]


def padded(form: Form, batch: Sequence[Text], seq_len: int, side: str = "right") -> Tensor:
    """Return texts as one tensor in the form's order of axes, filled up with pads to `seq_len` on the right or the left."""
    shape = (len(batch), seq_len) + ((form.width,) if form.kind == "features" else ())
    fill = float(0) if form.kind == "features" else form.pad
    filled = torch.full(shape, fill, dtype=batch[0].dtype)
    for row, text in zip(filled, batch, strict=True):
        if side == "right":
            row[: len(text)] = text
        else:
            row[seq_len - len(text) :] = text
    if form.axes == ("seq_len",):
        return filled[0]
    return filled.transpose(0, 1).contiguous() if form.axes[0] == "seq_len" else filled


class Maker:
    """Makes the arguments of one call."""

    def __init__(self, model: nn.Module, form: Form, batch: Sequence[Text], seq_len: int, side: str = "right") -> None:
        self.model, self.form = model, form
        self.text = padded(form, batch, seq_len, side)
        # A second text of the same words, the other way round: two that are alike may cancel out.
        self.other = padded(form, [text.flip(0) for text in batch], seq_len, side)
        self.count = 0
        self.lengths = torch.tensor([len(text) for text in batch])
        self.batch, self.seq_len, self.side = len(batch), seq_len, side
        self.texts = list(batch)

    def arguments(self) -> tuple[list[Any], dict[str, Any]]:
        """Return the positional and the named arguments; what is left out keeps its default."""
        given, named = [], {}
        self.count = 0
        for argument in self.form.arguments:
            if argument.role == "none" and argument.by_name:
                continue
            if argument.by_name:
                named[argument.name] = self._made(argument)
            else:
                given.append(self._made(argument))
        return given, named

    def _made(self, argument: Argument) -> Any:
        if argument.role == "dict":
            return {key: self._one(role, 0) for key, role in argument.keys}
        if argument.role == "object":
            return SimpleNamespace(**{key: self._one(role, 0) for key, role in argument.keys})
        return self._one(argument.role, argument.shape)

    def _one(self, role: Role, shape: int) -> Any:
        makers = {
            "text": self._next,
            "lengths": lambda: self._lengths(shape),
            "mask": lambda: self._mask(shape),
            "hidden": lambda: self._state(shape),
            "cell": self._zeros,
            "batch size": lambda: self.batch,
            "label": lambda: torch.zeros(self.batch, dtype=torch.float if shape else torch.long),
            "features": lambda: torch.randn(self.batch, 1 + shape),
            "text and lengths": lambda: (self._next(), self.lengths),
            "packed": self._packed,
            "texts": lambda: self.texts,
        }
        return makers[role]() if role in makers else None

    def _next(self) -> Tensor:
        """Return the text; the other one where the model wants a second."""
        self.count += 1
        return self.text if self.count % 2 else self.other

    def _packed(self) -> PackedSequence:
        """Sorted, as a collate function packs: what the model does with it may not know of any other order."""
        first = self.form.axes[0] == "batch"
        return pack_padded_sequence(self.text, self.lengths, batch_first=first, enforce_sorted=True)

    def _lengths(self, shape: int) -> Any:
        return [self.lengths, self.lengths.tolist(), self.lengths.unsqueeze(1)][shape]

    def _mask(self, shape: int) -> Tensor:
        """One for a word and zero for a pad, as bool or as float; or the other way round."""
        steps = torch.arange(self.seq_len)
        if self.side == "left":
            steps = steps.flip(0)
        real = steps.unsqueeze(0) < self.lengths.unsqueeze(1)
        if self.form.axes[0] == "seq_len":
            real = real.transpose(0, 1)
        return [real, real.float(), ~real, real.long()][shape]

    def _state(self, shape: int) -> Any:
        """First states as the model makes them itself where it has a method for it, else zeros as its first RNN wants them."""
        for name, method in inspect.getmembers(self.model, inspect.ismethod):
            if name.lower().replace("_", "") in {
                "inithidden",
                "initstate",
                "getinitstate",
                "inithiddenstate",
                "zerostate",
            }:
                wanted = [p for p in inspect.signature(method).parameters.values() if p.default is p.empty]
                return method(*[self.batch] * len(wanted))
        zeros = self._zeros()
        rnn = first_rnn(self.model)
        both = getattr(rnn, "mode", "") == "LSTM" or isinstance(rnn, nn.LSTMCell)
        return (zeros, zeros.clone()) if both != bool(shape) else zeros

    def _zeros(self) -> Tensor:
        rnn = first_rnn(self.model)
        if isinstance(rnn, nn.RNNBase):
            return torch.zeros(rnn.num_layers * (2 if rnn.bidirectional else 1), self.batch, rnn.hidden_size)
        return torch.zeros(self.batch, getattr(rnn, "hidden_size", 1))


_STARTS = {
    "inithidden", "initstate", "getinitstate", "inithiddenstate", "zerostate", "reset", "resethidden", "resetstate", "clear",
    "initializehidden", "initializestate", "initstates", "inithiddens", "clearhidden",
}  # fmt: skip


def starting_methods(model: nn.Module) -> list[str]:
    """Return the methods of a model that make, or put back, its first states."""
    return [n for n, _ in inspect.getmembers(type(model), inspect.isfunction) if n.lower().replace("_", "") in _STARTS]


def called(model: nn.Module, name: str, batch: int) -> Any:
    """Call such a method with as many arguments as it wants: the batch size, and a device where it is called so."""
    method = getattr(model, name)
    wanted = [
        p for p in inspect.signature(method).parameters.values() if p.default is p.empty and p.kind < p.VAR_POSITIONAL
    ]
    return method(*(torch.device("cpu") if "dev" in p.name else batch for p in wanted))


def start(model: nn.Module, form: Form, batch: int) -> None:
    """Do what a program does before it calls its model: make its first states, and keep them in it."""
    if not form.before:
        return
    state = called(model, form.before, batch)
    if state is not None:
        model.hidden = state  # type: ignore[assignment]


def first_rnn(model: nn.Module) -> nn.Module | None:
    """Return the first recurrent layer that a model holds."""
    return next((m for m in model.modules() if isinstance(m, nn.RNNBase | nn.RNNCellBase)), None)
