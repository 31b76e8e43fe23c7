"""What stands in while a lifted model is built and run: packages that are missing, accelerators, downloads, Lightning."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from rnnlab.probing.lifting.meaning import EMB, VOCAB, Words, matrix
from rnnlab.probing.lifting.settings import Settings
from rnnlab.watching.standins.inert import Anything, InertModule

# Packages that take seconds to import, or that would go to the network: a model needs of them what stands in below.
_HEAVY = {
    "tensorflow", "keras", "transformers", "datasets", "spacy", "pandas", "sklearn", "matplotlib", "seaborn", "nltk", "gensim",
    "pytorch_lightning", "lightning", "torchtext", "tensorflow_hub", "jieba", "wandb", "fastai", "ignite", "allennlp",
}  # fmt: skip


class LightningModule(nn.Module):
    """Lightning's module, without its trainer."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__()

    @property
    def hparams(self) -> Settings:
        """Return what `save_hyperparameters` kept."""
        return self.__dict__.setdefault("_kept", Settings())

    @property
    def device(self) -> torch.device:
        """Return the device."""
        return torch.device("cpu")

    def save_hyperparameters(self, *given: Any, **options: Any) -> None:
        """Keep the arguments of the constructor that calls this."""
        frame = sys._getframe(1)
        code = frame.f_code
        names = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
        values = {name: frame.f_locals[name] for name in names if name in frame.f_locals}
        for value in (*given, *values.values()):
            if isinstance(value, dict):
                self.hparams.update(value)
        self.hparams.update(values)

    def log(self, *given: Any, **options: Any) -> None:
        """Log nothing."""

    log_dict = log


class Pretrained(nn.Module):
    """A language model of somebody else's: one random vector for each token, wherever it would come from."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__()
        self.table = nn.Embedding(VOCAB, 24)
        self.config = Settings({"hidden_size": 24, "vocab_size": VOCAB, "dim": 24, "d_model": 24})

    @classmethod
    def from_pretrained(cls, *given: Any, **options: Any) -> Pretrained:
        """Download nothing."""
        return cls()

    def forward(self, input_ids: Any = None, attention_mask: Any = None, **options: Any) -> Any:
        """Return an output whose first item, and whose `last_hidden_state`, are (batch, seq_len, 24)."""
        vectors = self.table(input_ids)
        return _Output((vectors, vectors[:, 0]))


class _Output(tuple[Any, ...]):
    """What a language model gives: a tuple with names."""

    @property
    def last_hidden_state(self) -> Any:
        """The vectors of all tokens."""
        return self[0]

    @property
    def pooler_output(self) -> Any:
        """The vector of the whole text."""
        return self[1]


class _Transformers(InertModule):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if "Tokenizer" in name:
            return _Tokenizer
        return Pretrained if name.endswith("Model") else Anything()


class _Tokenizer:
    @classmethod
    def from_pretrained(cls, *given: Any, **options: Any) -> Words:
        """Download nothing."""
        return Words()


def imported(name: str) -> ModuleType:
    """Return a module for an import: the real one where that is there and light, else one whose names have no effect."""
    root = name.partition(".")[0]
    if root in {"pytorch_lightning", "lightning"}:
        module = InertModule(name)
        module.LightningModule = LightningModule  # type: ignore[attr-defined]
        return module
    if root == "transformers":
        return _Transformers(name)
    if root not in _HEAVY:
        with contextlib.suppress(Exception):
            return importlib.import_module(name)
    return InertModule(name)


def from_module(module: str, name: str) -> Any:
    """Return a name out of a module, as `imported` would have it."""
    if name == "LightningModule":
        return LightningModule
    if module.partition(".")[0] in {"pytorch_lightning", "lightning"}:
        return imported(f"{module}.{name}")
    found = imported(module)
    try:
        return getattr(found, name)
    except AttributeError:
        try:
            return importlib.import_module(f"{module}.{name}")
        except ImportError:
            return Anything()


# --- accelerators --------------------------------------------------------------------------------------------------


class OnThisProcessor(TorchFunctionMode):
    """Runs everything on the CPU, whatever device a program names."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if "device" in kwargs:
            kwargs["device"] = _here(kwargs["device"])
        name = getattr(func, "__name__", "")
        if name in {"cuda", "mps", "pin_memory"} and args and isinstance(args[0], torch.Tensor):
            return args[0]
        if name == "to":
            args = (args[0], *(_here(a) for a in args[1:]))
        return func(*args, **kwargs)


def _here(value: Any) -> Any:
    """Return the CPU for any device, and other things as they are."""
    is_device = isinstance(value, torch.device | Anything) or (
        isinstance(value, str) and value.partition(":")[0] in {"cuda", "mps", "xpu", "gpu"}
    )
    return torch.device("cpu") if is_device or type(value) is int else value


def _module_to(module: nn.Module, *given: Any, **options: Any) -> nn.Module:
    kinds = [
        value for value in (*given, *options.values()) if isinstance(value, torch.dtype) and value.is_floating_point
    ]
    return module.type(kinds[0]) if kinds else module


def _same(one: Any, *given: Any, **options: Any) -> Any:
    return one


@contextlib.contextmanager
def standing_in() -> Iterator[None]:
    """Build and run a lifted model in here: no accelerator is touched, nothing is loaded, saved or downloaded."""
    swaps: list[tuple[Any, str, Any]] = [
        (nn.Module, "to", _module_to), (nn.Module, "cuda", _same), (torch.cuda, "is_available", lambda: False),
        (torch, "load", lambda *given, **options: Settings()), (torch, "save", _nothing),
        (nn, "DataParallel", _same), (torch.hub, "load", lambda *given, **options: Pretrained()),
        (nn.Module, "load_state_dict", _nothing),
        *((torch.cuda, f"{kind}Tensor", getattr(torch, f"{kind}Tensor")) for kind in ("Float", "Long", "Byte", "Bool", "Int")),
        *_numpy(), *([(torch, "compile", _same)] if hasattr(torch, "compile") else []),
    ]  # fmt: skip
    kept = [(owner, name, getattr(owner, name)) for owner, name, _ in swaps if hasattr(owner, name)]
    for owner, name, value in swaps:
        setattr(owner, name, value)
    try:
        with OnThisProcessor():
            yield
    finally:
        for owner, name, value in kept:
            setattr(owner, name, value)


def _numpy() -> list[tuple[Any, str, Callable[..., Any]]]:
    """Files of numbers are tables of vectors more often than not."""
    import numpy

    def read(*given: Any, **options: Any) -> Any:
        return matrix((VOCAB, EMB), numpy=True)

    return [(numpy, "load", read), (numpy, "loadtxt", read)]


def _nothing(*given: Any, **options: Any) -> None:
    return None
