"""Asks for facts about every recurrent model of a program: each is lifted and experimented on in a jail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from rnnlab.facts import Gap, Probe
from rnnlab.jail import Jail, Limits
from rnnlab.probing.lifting.candidates import Candidate, candidates
from rnnlab.probing.lifting.program import Program

MODULES = ("torch", "rnnlab.probing.answering")  # what a jail for these jobs imports beforehand
_LIMITS = Limits(wall_seconds=60, cpu_seconds=60, memory=3 << 30)


def probe(
    sources: Mapping[str, str],
    arguments: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    jail: Jail | None = None,
    limits: Limits = _LIMITS,
    seed: int = 0,
) -> list[Probe | Gap]:
    """Return facts about every model of a program that holds a recurrent layer; the program itself is not run.

    A model that is a part of another one is seen through that one. Nothing here imports torch: the jail does.

    Args:
        sources: the text of each file; the cells of a notebook as `file.ipynb#3`.
        arguments: by class name, constructor arguments that are known better than the source can say.
        jail: one that is warm already, with `MODULES`.
        limits: of each model.
        seed: of the weights and the texts.
    """
    wanted = outermost(candidates(Program(sources)))
    if not wanted:
        return []
    if jail is None:
        with Jail(MODULES) as own:
            return probe(sources, arguments, jail=own, limits=limits, seed=seed)
    facts: list[Probe | Gap] = []
    for candidate in wanted:
        known = dict((arguments or {}).get(candidate.name, {}))
        result = jail.run(
            "rnnlab.probing.answering.answer",
            limits,
            sources=dict(sources),
            model=candidate.name,
            arguments=known,
            seed=seed,
        )
        if result.finished:
            facts.extend(msgspec.convert(result.value, list[Probe | Gap]))
        else:
            why = f"{result.status}: {result.why}"
            facts.append(Gap(seen_by="probe", place=candidate.place, what=f"model {candidate.name}", why=why))
    return facts


def outermost(found: list[Candidate]) -> list[Candidate]:
    """Return the models that are no part of another one."""
    return [c for c in found if not set(c.inside) - {c.name}] or found
