"""What a rule is made of: the decorator, the finding, the questions about absence that know of gaps, and the catalogue.

A rule is one file, `rnnlab/rules/<stage>/<mistake>.py`: its name and stage come from the path, its page is the module's
docstring, and its check is one decorated generator that reads a record and yields findings. Nothing else is registered.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from rnnlab.facts import Data, Fact, Gap, Loop, Named, Place, makers
from rnnlab.record import Record

Level = Literal["mistake", "risk", "habit"]
LEVELS: tuple[Level, ...] = ("mistake", "risk", "habit")
Check = Callable[[Record], Iterator["Finding"]]


class Unseen(Exception):  # noqa: N818  # the outcome's own word; it is no error
    """Raised by a check that cannot tell: what it needs never happened, or nobody could look. The message says which."""


@dataclass(frozen=True)
class Finding:
    """One mistake found: where, in what words, and which facts prove it. `level` may lower the rule's level, never raise it."""

    place: Place | None
    message: str
    evidence: tuple[int, ...] = ()
    level: Level | None = None


@dataclass(frozen=True)
class Rule:
    """A mistake that can be found. `needs` names the data and operations without which there is nothing to judge."""

    name: str
    stage: str
    level: Level
    needs: tuple[str, ...]
    page: str
    check: Check

    @property
    def title(self) -> str:
        """The first line of the page."""
        return self.page.strip().splitlines()[0].lstrip("# ").strip()


def rule(level: Level, needs: tuple[str, ...] = ()) -> Callable[[Check], Rule]:
    """Make a check into a rule of this level.

    Raises:
        TypeError: the file is not `rules/<stage>/<mistake>.py` or has no page; the message names it.
    """

    def make(check: Check) -> Rule:
        module = inspect.getmodule(check)
        path = getattr(module, "__name__", "").split(".")
        page = inspect.getdoc(module) or ""
        if module is None or len(path) < 4 or not page.startswith("# "):
            raise TypeError(
                f"{getattr(module, '__file__', check)}: a rule stands in rules/<stage>/<mistake>.py under a page"
            )
        return Rule(path[-1], path[-2], level, needs, page, check)

    return make


@functools.cache
def catalogue() -> dict[str, Rule]:
    """Return every rule by name, in the order of the stages."""
    from rnnlab import rules
    from rnnlab.stages import STAGE_NAMES

    found: list[Rule] = []
    for module in pkgutil.walk_packages(rules.__path__, "rnnlab.rules."):
        if module.name.count(".") == 3 and not module.ispkg:
            found.extend(v for v in vars(importlib.import_module(module.name)).values() if isinstance(v, Rule))
    found.sort(key=lambda r: (STAGE_NAMES.index(r.stage), r.name))
    return {r.name: r for r in found}


# --- questions about absence ---------------------------------------------------------------------------------------


def gaps(record: Record, within: int | None = None) -> list[Gap]:
    """Return what the witnesses could not follow, in the whole record or inside one fact."""
    return list(record.ask(Gap, inside=within))


def always(facts: list[Any], test: Callable[[Any], bool], record: Record) -> bool:
    """Say whether a test holds for every fact.

    Raises:
        Unseen: there are no facts, or it holds for all that was seen but something could not be followed.
    """
    if any(not test(fact) for fact in facts):
        return False
    if not facts or gaps(record):
        raise Unseen("nothing of the kind happened" if not facts else f"not everything was seen: {gaps(record)[0].why}")
    return True


def sometimes(facts: list[Any], test: Callable[[Any], bool], record: Record) -> bool:
    """Say whether a test holds for at least one fact; `Unseen` as for `never`."""
    return not never(facts, test, record)


def never(facts: list[Any], test: Callable[[Any], bool], record: Record) -> bool:
    """Say whether a test holds for no fact.

    Raises:
        Unseen: it holds for none that was seen, but something could not be followed.
    """
    if any(test(fact) for fact in facts):
        return False
    if gaps(record):
        raise Unseen(f"not everything was seen: {gaps(record)[0].why}")
    return True


# --- who is who ----------------------------------------------------------------------------------------------------

Role = Literal["train", "valid", "test", "all"]
_WORDS: tuple[tuple[Role, str], ...] = (
    ("test", r"test|holdout|heldout"),
    ("valid", r"val|valid|validation|dev|eval"),
    ("train", r"train|training|trn"),
)


def role_in_words(name: str) -> Role | None:
    """Return the split that a variable name or a printed phrase speaks of; None when it speaks of none or of several."""
    words = re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower())
    said: set[Role] = {role for word in words for role, pattern in _WORDS if re.fullmatch(pattern, word)}
    return said.pop() if len(said) == 1 else None


class Splits:
    """The datasets of a record: which come from which, and what each is for."""

    def __init__(self, record: Record) -> None:
        self.data = {fact.id: fact for fact in record.ask(Data)}
        self.trained_on = {
            parent
            for loop in record.ask(Loop)
            if loop.kind == "training" and loop.over in self.data
            for parent in self.data[loop.over].made_from
        }
        self.children: dict[int, list[int]] = {}
        for fact in self.data.values():
            if fact.what == "split":
                for parent in fact.made_from:
                    self.children.setdefault(parent, []).append(fact.id)

    def role(self, number: int) -> Role | None:
        """Return what a dataset, or the dataset behind a loader, is for: by its use first, then by its name."""
        fact = self.data.get(number)
        if fact is None:
            return None
        if fact.what == "loader":
            return self.role(fact.made_from[0]) if fact.made_from else role_in_words(fact.name)
        if number in self.trained_on:
            return "train"
        if self.children.get(number):
            return "all" if len(self.parts(number)) > 1 and self.holds(number, "test") else "train"
        named = role_in_words(fact.name)
        if named is None and fact.what == "split" and fact.counts.get("of") == 2:
            # torchtext's two-way split gives training first.
            return "test" if fact.counts.get("position") else "train"
        return named

    def parts(self, number: int) -> list[int]:
        """Return the final splits that a dataset was cut into, or itself where it was not cut."""
        children = self.children.get(number, [])
        return [part for child in children for part in self.parts(child)] or [number]

    def holds(self, number: int, role: Role) -> bool:
        """Say whether a dataset holds the reviews of a split of this role."""
        return any(part != number and self.role(part) == role for part in self.parts(number)) or (
            not self.children.get(number) and self.role(number) == role
        )

    def name(self, number: int) -> str:
        """Return the learner's word for a dataset."""
        fact = self.data.get(number)
        return (fact.name or self.role(number) or fact.what) if fact is not None else "?"


def walk_back(record: Record, start: tuple[Named, ...]) -> Iterator[Fact]:
    """Walk from an operation's inputs to the facts that made them, and on from there, nearest first."""
    waiting = [n for item in start for n in makers(item.note)]
    seen: set[int] = set()
    while waiting:
        n = waiting.pop(0)
        if n in seen or not 0 <= n < len(record):
            continue
        seen.add(n)
        fact = record.fact(n)
        yield fact
        waiting.extend(m for item in getattr(fact, "inputs", ()) for m in makers(item.note))
