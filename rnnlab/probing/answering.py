"""What runs inside the jail: one model is lifted out of its program and experimented on."""

from __future__ import annotations

from typing import Any

import msgspec
import torch

from rnnlab.facts import Gap, Probe
from rnnlab.probing.experiments import probe_model
from rnnlab.probing.lifting.building import Lifted, Unliftable, lifts
from rnnlab.probing.lifting.standins import standing_in


def answer(sources: dict[str, str], model: str, arguments: dict[str, Any] | None = None, seed: int = 0) -> list[Any]:
    """Lift one model and return the facts about it as plain data: `lifted` first, or a single `Gap` that says why not."""
    torch.set_num_threads(1)
    facts = _facts(sources, model, arguments or {}, seed)
    return msgspec.to_builtins(facts)


def _facts(sources: dict[str, str], model: str, arguments: dict[str, Any], seed: int) -> list[Probe | Gap]:
    """Take the first plan by which the model can be built and run."""
    last: Probe | Gap | None = None
    try:
        for lifted in lifts(sources, model, arguments):
            facts = _probed(lifted, seed)
            if not isinstance(facts[0], Gap):
                return [_told(lifted), *facts]
            last = last or facts[0]
            lifted.trouble = facts[0].why
    except Unliftable as error:
        last = Gap(seen_by="probe", what=f"model {model}", why=str(error))
    return [last] if last is not None else []


def _probed(lifted: Lifted, seed: int) -> list[Probe | Gap]:
    with standing_in():
        return probe_model(lifted.model, place=lifted.place, files=lifted.files, seed=seed, sizes=lifted.numbers)


def _told(lifted: Lifted) -> Probe:
    """Return the fact `lifted`: given the constructor's `arguments`; seen which of them were `guessed`, what `stood_in`."""
    return Probe(
        seen_by="probe",
        place=lifted.place,
        what="lifted",
        given={"model": lifted.name, "arguments": lifted.arguments},
        seen={"guessed": list(lifted.guessed), "stood_in": lifted.stood_in},
    )
