"""Watches how a program sets up and steers its training: seeds, training mode, optimizers, schedulers."""

from __future__ import annotations

import functools
import sys
from types import ModuleType
from typing import Any

from rnnlab.facts import Call
from rnnlab.watching.data.patches import Patches, Seen, known_things
from rnnlab.watching.describing import Describer
from rnnlab.watching.replacing import replaced


class Training:
    """The witness of what steers a training; torch has been imported when it is made."""

    def __init__(self, patches: Patches, describer: Describer) -> None:
        self.patches, self.describer = patches, describer
        import torch

        patches.method(torch.nn.Module, "train", self._mode)
        patches.method(torch.nn.Module, "eval", self._mode)
        init = torch.optim.Optimizer.__init__
        patches.until_the_end(replaced(torch.optim.Optimizer, "__init__", self._optimizer(init)))
        for kind in _schedulers():
            patches.method(kind, "step", self._scheduler_step)
        self._watch_seeds(torch)

    # --- seeds ---------------------------------------------------------------------------------------------------

    def _watch_seeds(self, torch: Any) -> None:
        import random

        seeds = (
            (torch, ("manual_seed", "use_deterministic_algorithms")),
            (torch.cuda, ("manual_seed", "manual_seed_all")),
            (random, ("seed",)),
        )
        for module, names in seeds:
            for name in names:
                self._watch_seed(module, name)
        self.patches.after_import("numpy.random", lambda module: self._watch_seed(module, "seed"))
        flags = type(torch.backends.cudnn)
        for name in ("deterministic", "benchmark"):
            if name in vars(flags):
                told = _Flag(vars(flags)[name], functools.partial(self._tell_flag, f"torch.backends.cudnn.{name}"))
                self.patches.until_the_end(replaced(flags, name, told))

    def _watch_seed(self, module: ModuleType, name: str) -> None:
        of = module.__name__ if name in ("seed", "manual_seed") else f"{module.__name__}.{name}"
        self.patches.functions(module, {name: functools.partial(self._seeded, of)})

    def _seeded(self, of: str, seen: Seen) -> None:
        given = next(iter([*seen.args, *seen.kwargs.values()]), None)
        self._tell_seed(seen.frame, of, given)

    def _tell_flag(self, of: str, value: Any) -> None:
        frame = sys._getframe(2)
        if self.patches.is_learners(frame):
            with self.describer.recorder.guarded():
                self._tell_seed(frame, of, value)

    def _tell_seed(self, frame: Any, of: str, given: Any) -> None:
        place = self.patches.place(frame)
        seed = given if isinstance(given, bool | int | str | None) else str(given)
        # A seed of more than 64 bits has no place in a record's JSON.
        seed = str(seed) if isinstance(seed, int) and abs(seed) >= 2**63 else seed
        call = Call(place=place, what="seed", values={"of": of, "seed": seed})
        self.describer.recorder.tell_folded(call, (place, "seed"))

    # --- mode ----------------------------------------------------------------------------------------------------

    def _mode(self, seen: Seen) -> None:
        module = seen.args[0]
        what, stage = ("train_mode", "train") if module.training else ("eval_mode", "evaluate")
        place = self.patches.place(seen.frame)
        values = {"of": type(module).__name__}
        call = Call(place=place, stage=stage, what=what, values=values, training=module.training)
        self.describer.recorder.tell_folded(call, (place, what))

    # --- optimizers ----------------------------------------------------------------------------------------------

    def _optimizer(self, original: Any) -> Any:
        @functools.wraps(original)
        def __init__(optimizer: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
            original(optimizer, *args, **kwargs)
            recorder = self.describer.recorder
            frame, _ = recorder.places.caller(sys._getframe(1))
            if frame is not None and self.patches.is_learners(frame):
                with recorder.guarded():
                    self._tell_optimizer(self.patches.maker(frame, optimizer), optimizer)

        return __init__

    def _tell_optimizer(self, frame: Any, optimizer: Any) -> None:
        held = {id(p): p for group in optimizer.param_groups for p in group["params"]}
        rates = [float(group["lr"]) for group in optimizer.param_groups if "lr" in group]
        counts = {"tensors": float(len(held)), "parameters": float(sum(p.numel() for p in held.values()))}
        counts["groups"] = float(len(optimizer.param_groups))
        if rates:
            counts["learning_rate"] = rates[0]
        options = {k: v for k, v in optimizer.defaults.items() if isinstance(v, bool | int | float) and k != "lr"}
        samples: dict[str, Any] = {"type": type(optimizer).__name__, "options": {k: str(v) for k, v in options.items()}}
        if (model := self._model_of(frame, set(held))) is not None:
            samples["model"], weights = model[0], list(model[1].parameters())
            samples["model_type"] = type(model[1]).__name__
            counts["of_parameters"] = float(sum(p.numel() for p in weights))
            counts["parameters_held"] = float(sum(p.numel() for p in weights if id(p) in held))
        number = self.describer.identities.number(optimizer)
        place, name = self.patches.place(frame), self.patches.name(frame)
        self.describer.tell_data(place, "optimizer", number, name, counts=counts, samples=samples)

    def _model_of(self, frame: Any, held: set[int]) -> tuple[str, Any] | None:
        """Return the model that the frame can see and that most of the parameters belong to, the largest of equals."""
        import torch

        best: tuple[tuple[int, int], str, Any] | None = None
        for name, thing in known_things(frame):
            if isinstance(thing, torch.nn.Module):
                weights = [id(p) for p in thing.parameters()]
                score = len(held.intersection(weights)), -len(weights)
                if score[0] and (best is None or score > best[0]):
                    best = score, name, thing
        return best[1:] if best is not None else None

    def _scheduler_step(self, seen: Seen) -> None:
        scheduler = seen.args[0]
        place = self.patches.place(seen.frame)
        rates = getattr(scheduler, "_last_lr", None)
        values: dict[str, Any] = {"of": type(scheduler).__name__}
        if rates:
            values["learning_rate"] = float(rates[0])
        call = Call(place=place, stage="train", what="scheduler_step", values=values)
        self.describer.recorder.tell_folded(call, (place, "scheduler_step"))


@functools.cache
def _schedulers() -> list[type]:
    """Return the classes of torch's schedulers that have a `step` of their own."""
    from torch.optim import lr_scheduler

    kinds = {kind for kind in vars(lr_scheduler).values() if isinstance(kind, type)}
    kinds = {kind for kind in kinds if kind.__module__ == lr_scheduler.__name__}
    return [kind for kind in kinds if "step" in vars(kind)]


class _Flag:
    """A setting of torch's, set as before; who sets it is told."""

    def __init__(self, original: Any, tell: Any) -> None:
        self._original, self._tell = original, tell

    def __get__(self, owner: Any, kind: Any = None) -> Any:
        return self._original.__get__(owner, kind)

    def __set__(self, owner: Any, value: Any) -> None:
        self._original.__set__(owner, value)
        self._tell(value)
