"""Watches what a program saves and loads: weights, whole models, vocabularies."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from rnnlab.watching.data.patches import Patches, Seen
from rnnlab.watching.data.things import describe, is_module
from rnnlab.watching.describing import Describer


class Checkpoints:
    """The witness of saving and loading; torch has been imported when it is made."""

    def __init__(self, patches: Patches, describer: Describer) -> None:
        self.patches, self.describer = patches, describer
        self._saved: dict[str, int] = {}
        import json
        import pickle

        import torch

        patches.functions(torch, {"save": self._torch_saved, "load": self._loaded})
        patches.method(torch.nn.Module, "load_state_dict", self._filled)
        patches.functions(pickle, {"dump": self._saved_to_file, "load": self._loaded})
        patches.functions(json, {"dump": self._saved_to_file})
        patches.after_import("joblib", self._watch_joblib)

    def _watch_joblib(self, module: ModuleType) -> None:
        self.patches.functions(module, {"dump": self._saved_to_file, "load": self._loaded})

    def _torch_saved(self, seen: Seen) -> None:
        self._tell_saved(seen, seen.argument(0, "obj"), seen.argument(1, "f"))

    def _saved_to_file(self, seen: Seen) -> None:
        given = next(iter(seen.args[:1]), seen.kwargs.get("obj", seen.kwargs.get("value")))
        target = (
            seen.args[1] if len(seen.args) > 1 else next((seen.kwargs[k] for k in _FILES if k in seen.kwargs), None)
        )
        if contents(given)[0] or self.describer.identities.known(given) is not None:
            self._tell_saved(seen, given, target)

    def _tell_saved(self, seen: Seen, given: Any, target: Any) -> None:
        path = _path_of(target)
        holds, counts, keys = contents(given)
        number = self.describer.recorder.new_id()
        origin = self.describer.identities.known(given)
        self._saved[_absolute(path)] = number
        samples = {"path": path, "deed": "saved", "holds": holds or type(given).__name__, "keys": keys}
        self._tell(seen, "checkpoint", number, [origin] if origin is not None else [], counts, samples)

    def _loaded(self, seen: Seen) -> None:
        path = _path_of(next(iter([*seen.args[:1], *(seen.kwargs[k] for k in _FILES if k in seen.kwargs)]), None))
        holds, counts, keys = contents(seen.result)
        if not holds and seen.result is not None and _absolute(path) not in self._saved:
            return
        saved = self._saved.get(_absolute(path)) if path else None
        number = self.describer.recorder.new_id()
        self.describer.identities.call(seen.result, number)
        for part in seen.result.values() if isinstance(seen.result, dict) else ():
            if isinstance(part, Mapping) and not is_module(part):
                self.describer.identities.call(part, number)
        samples = {"path": path, "deed": "loaded", "holds": holds or type(seen.result).__name__, "keys": keys}
        self._tell(seen, "checkpoint", number, [saved] if saved is not None else [], counts, samples)

    def _filled(self, seen: Seen) -> None:
        """A model got the weights of a state dict: what was missing in it and what was too much, where it is not strict."""
        module, given = seen.args[0], seen.argument(1, "state_dict")
        _, counts, _ = contents(given)
        counts |= {
            "missing": float(len(getattr(seen.result, "missing_keys", ()))),
            "unexpected": float(len(getattr(seen.result, "unexpected_keys", ()))),
        }
        origin = self.describer.identities.origin(given)
        samples = {"into": type(module).__name__, "strict": bool(seen.argument(2, "strict", True))}
        number = self.describer.recorder.new_id()
        self._tell(seen, "weights", number, [origin] if origin is not None else [], counts, samples)

    def _tell(
        self,
        seen: Seen,
        what: str,
        number: int,
        made_from: list[int],
        counts: dict[str, float],
        samples: dict[str, Any],
    ) -> None:
        place, name = self.patches.place(seen.frame), self.patches.name(seen.frame)
        self.describer.tell_data(place, what, number, name, made_from, counts, samples)


_FILES = ("f", "file", "fp", "filename")


def contents(given: Any) -> tuple[str, dict[str, float], list[str]]:
    """Return in words what is saved, with its counts and the first of its keys; no words for what is nothing of ours."""
    torch: Any = sys.modules["torch"]
    if is_module(given):
        weights = list(given.parameters())
        counts = {"tensors": float(len(weights)), "parameters": float(sum(p.numel() for p in weights))}
        what, more, _ = describe(given)
        return (what, more, []) if what == "vocabulary" else (f"the whole module {type(given).__name__}", counts, [])
    if isinstance(given, torch.Tensor):
        return "a tensor", {"parameters": float(given.numel())}, []
    if isinstance(given, Mapping) and given:
        return _contents_of_mapping(torch, given)
    what, counts, _ = describe(given)
    if what in ("vocabulary", "label map", "field"):
        return what, counts, []
    return "", {}, []


def _contents_of_mapping(torch: Any, given: Mapping[Any, Any]) -> tuple[str, dict[str, float], list[str]]:
    keys = [str(key) for key in list(given)[:16]]
    values = list(given.values())
    if all(isinstance(value, torch.Tensor) for value in values):
        total = sum(value.numel() for value in values)
        return "state_dict", {"tensors": float(len(values)), "parameters": float(total)}, keys
    if set(given) >= {"state", "param_groups"}:
        return "the state of an optimizer", {}, keys
    if len(given) > 10 and all(isinstance(key, str) and type(value) is int for key, value in given.items()):
        return "vocabulary", {"words": float(len(given))}, keys
    inner = {str(key): contents(value) for key, value in list(given.items())[:16]}
    parts = [f"{key}: {holds}" for key, (holds, _, _) in inner.items() if holds]
    counts = next((counts for holds, counts, _ in inner.values() if holds == "state_dict"), {})
    return (f"dict with {', '.join(parts)}" if parts else ""), dict(counts), keys


def _path_of(target: Any) -> str:
    if isinstance(target, str | os.PathLike):
        return str(os.fspath(target))
    name = getattr(target, "name", "")
    return name if isinstance(name, str) else ""


def _absolute(path: str) -> str:
    return str(Path(path).absolute()) if path else ""
