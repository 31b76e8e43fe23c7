"""Who goes over which loader: the loaders that a model is trained and judged on, and the line that asks for each."""

from __future__ import annotations

from rnnlab.facts import Data, Loop, Named, Place, Scope
from rnnlab.record import Record
from rnnlab.rules.kit import Splits, role_in_words, walk_back


def loaders_of(record: Record, kind: str) -> list[Data]:
    """Return the loaders that loops of this kind (`training`, `evaluation`) go over, each once."""
    over = {loop.over for loop in record.ask(Loop, where=lambda loop: loop.kind == kind)}
    return [loader for loader in record.ask(Data, what="loader") if loader.id in over]


def judged_on(record: Record) -> list[Data]:
    """Return the loaders that a model is judged on: by the loops over them, by their data, or by the hook that gives them."""
    splits, trained = Splits(record), {loader.id for loader in loaders_of(record, "training")}
    looped = {loader.id for loader in loaders_of(record, "evaluation")}
    found = []
    for loader in record.ask(Data, what="loader", where=lambda loader: loader.id not in trained):
        roles = {splits.role(loader.id), role_in_words(loader.name), role_in_words(_function(record, loader))} - {None}
        if (roles and roles <= {"valid", "test"}) or (loader.id in looped and not roles & {"train", "all"}):
            found.append(loader)
    return found


def asked_for_at(record: Record, loader: Data) -> Place | None:
    """Return the line that made a loader; where one line of a function makes several of them, the call that asked for it."""
    same = [one for one in record.ask(Data, what="loader") if one.place == loader.place]
    scope = record.fact(loader.inside) if loader.inside is not None else None
    return scope.place if len(same) > 1 and isinstance(scope, Scope) else loader.place


def _function(record: Record, loader: Data) -> str:
    scope = record.fact(loader.inside) if loader.inside is not None else None
    return scope.function.rpartition(".")[2] if isinstance(scope, Scope) else ""


def counted_on(splits: Splits, number: int) -> set[int]:
    """Return the loaders (or the rows themselves, where there is none) that a number was counted on."""
    fact = splits.data.get(number)
    if fact is None or fact.what in ("vocabulary", "model", "field", "checkpoint"):
        return set()
    if fact.what in ("metric", "batch"):
        found = {one for parent in fact.made_from for one in counted_on(splits, parent)}
        # The rows themselves may stand beside: as their number, that the sum is divided by.
        return {one for one in found if splits.data[one].what == "loader"} or found
    return {number}


def comes_one_by_one(record: Record, start: tuple[Named, ...]) -> bool:
    """Say whether something was made of batches that hold a single review each, as their loaders say.

    In a function that nobody calls, where the batches come from no loader that is known, all loaders of the program count.
    """
    behind = [fact for fact in walk_back(record, start) if isinstance(fact, Data) and fact.what == "batch"]
    loaders = {fact.id: fact for fact in record.ask(Data, what="loader")}
    made = [loaders[one] for batch in behind for one in batch.made_from if one in loaders] or list(loaders.values())
    return bool(made) and all(loader.counts.get("batch_size") == 1 for loader in made)
