"""Runs a model so that nothing of the learner's notices: on a copy, in silence, with every random state put back."""

from __future__ import annotations

import contextlib
import copy
import io
import random
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from rnnlab.watching.layers import is_wrapper

# Larger models share their weights with the copy; the forward pass of a layer writes into none (but max_norm, see below).
_MOST_NUMBERS = 64_000_000
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


class Remembered:
    """A model as it is now: its copy can be made later, when the model itself has run and changed.

    The weights are shared until then, as a forward pass of a layer writes into none; whatever else a pass may write into
    (attributes, buffers, lists of its own) is kept as it was.
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = _unwrapped(model)
        self._states = {id(module): _state(module) for module in self._model.modules()}

    def copied(self) -> nn.Module:
        """Return a copy of the model as it was remembered; see `copied`."""
        return copied(self._as_it_was(self._model, {}))

    def _as_it_was(self, module: nn.Module, made: dict[int, nn.Module]) -> nn.Module:
        """Return a module with the attributes that it had, and its submodules likewise; one that is used twice stays one."""
        if id(module) not in made and id(module) in self._states:
            twin = made[id(module)] = type(module).__new__(type(module))
            state = self._states[id(module)]
            inner = {n: m if m is None else self._as_it_was(m, made) for n, m in state["_modules"].items()}
            vars(twin).update({**state, "_modules": inner})
        return made.get(id(module), module)


def _state(module: nn.Module) -> dict[str, Any]:
    """Return a module's attributes; what can be written into is taken apart from it, the parameters are not."""
    state = {name: _kept(value) for name, value in vars(module).items()}
    state["_buffers"] = {name: _kept(buffer) for name, buffer in module._buffers.items()}
    return state


def _kept(value: Any) -> Any:
    if isinstance(value, torch.Tensor) and not isinstance(value, nn.Parameter):
        return value.detach().clone()
    return type(value)(value) if isinstance(value, list | dict | set) and type(value) in {list, dict, set} else value


def copied(model: nn.Module, *, share: bool = False) -> nn.Module:
    """Return a copy of a model in eval mode and without hooks: what its forward writes into itself, it writes there.

    Things of other libraries that it holds (a vocabulary, a tokenizer) are shared, tensors that are part of a graph are
    copied without it. Weights are copied as well unless `share` says otherwise, or they are very many.

    Raises:
        Exception: whatever keeps something that the model holds from being copied.
    """
    model = _unwrapped(model)
    memo: dict[int, Any] = {}
    parameters = list(model.parameters())
    shared = share or sum(p.numel() for p in parameters) > _MOST_NUMBERS
    for parameter in parameters if shared else ():
        memo[id(parameter)] = parameter
    for module in model.modules():
        for value in vars(module).values():
            _remember(value, memo, 3)
    twin = copy.deepcopy(model, memo)
    for module in twin.modules():
        module.training = False
        for name in _HOOKS:
            getattr(module, name, {}).clear()
        if shared and getattr(module, "max_norm", None) is not None:
            module.max_norm = None  # type: ignore[assignment]  # it rewrites the rows of the table that it looks up
    return twin


def _unwrapped(model: nn.Module) -> nn.Module:
    """Return what the learner wrote inside a compiled or a parallel model."""
    while is_wrapper(model) and not isinstance(model, nn.Sequential):
        model = getattr(model, "_orig_mod", None) or model.module  # type: ignore[assignment]
    return model


def _remember(value: Any, memo: dict[int, Any], depth: int) -> None:
    """Decide how one thing that a module holds is copied, where deepcopy would fail or take long."""
    if isinstance(value, nn.Module | nn.Parameter):
        return
    if isinstance(value, torch.Tensor):
        if value.grad_fn is not None:
            memo[id(value)] = value.detach().clone()
    elif isinstance(value, dict | list | tuple):
        if depth and len(value) <= 1_000:
            for item in list(value.values() if isinstance(value, dict) else value):
                _remember(item, memo, depth - 1)
    elif type(value).__module__.partition(".")[0] in {"torchtext", "spacy", "pandas", "numpy", "transformers", "nltk"}:
        memo[id(value)] = value


@contextlib.contextmanager
def random_states_kept() -> Iterator[None]:
    """Put the random states of Python, NumPy and torch (on every accelerator in use) back afterwards."""
    numpy = sys.modules.get("numpy")
    plain, array = random.getstate(), numpy.random.get_state() if numpy is not None else None
    here = torch.get_rng_state()
    there = torch.cuda.get_rng_state_all() if torch.cuda.is_available() and torch.cuda.is_initialized() else None
    try:
        yield
    finally:
        random.setstate(plain)
        if numpy is not None:
            numpy.random.set_state(array)
        torch.set_rng_state(here)
        if there is not None:
            torch.cuda.set_rng_state_all(there)


@contextlib.contextmanager
def in_silence() -> Iterator[None]:
    """What the model prints or warns of while it is probed was printed once already, in the learner's own run."""
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
        random_states_kept(),
    ):
        warnings.simplefilter("ignore")
        yield
