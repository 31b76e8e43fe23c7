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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from rnnlab.facts import Data, Fact, Gap, Loop, Named, Place, makers
from rnnlab.record import Record

Level = Literal["mistake", "risk", "habit"]
LEVELS: tuple[Level, ...] = ("mistake", "risk", "habit")
F = TypeVar("F", bound=Fact)
T = TypeVar("T")
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
    """A mistake that can be found. `needs` names the data and operations without which there is nothing to judge (or `source`:
    the text of the program).

    `real_data` says that it judges contents or counts: it answers `unseen` on what stands in for data that were not there.
    `whole_loops` says that it judges what whole passes counted: it answers `unseen` on loops that a dry run has shortened.
    """

    name: str
    stage: str
    level: Level
    needs: tuple[str, ...]
    page: str
    check: Check
    real_data: bool = True
    whole_loops: bool = False

    def __reduce__(self) -> tuple[Callable[[str], Rule], tuple[str]]:
        """A rule goes to another process by its name: its check is hidden behind the decorator."""
        return _by_name, (self.name,)

    @property
    def title(self) -> str:
        """The first line of the page."""
        return self.page.strip().splitlines()[0].lstrip("# ").strip()


def _by_name(name: str) -> Rule:
    return catalogue()[name]


def rule(
    level: Level, needs: tuple[str, ...] = (), *, real_data: bool = True, whole_loops: bool = False
) -> Callable[[Check], Rule]:
    """Make a check into a rule of this level; see `Rule` for what it may declare.

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
        return Rule(path[-1], path[-2], level, needs, page, check, real_data, whole_loops)

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


def never(facts: Sequence[T], test: Callable[[T], bool], record: Record) -> bool:
    """Say whether a test holds for no fact.

    Raises:
        Unseen: it holds for none that was seen, but something could not be followed.
    """
    if any(test(fact) for fact in facts):
        return False
    # What a model did under other sizes, or backwards, hides nothing of the run itself.
    gap = record.first(Gap, where=lambda gap: gap.what not in {"probing", "gradients"})
    if gap is not None:
        raise Unseen(f"not everything was seen: {gap.why}")
    return True


# --- who is who ----------------------------------------------------------------------------------------------------

Role = Literal["train", "valid", "test", "all"]
_IN_ORDER: tuple[Role, ...] = ("train", "valid", "test")  # the order in which torchtext returns three splits
_WORDS: dict[Role, str] = {
    "train": "train training trn",
    "valid": "val valid validation dev eval",
    "test": "test testing holdout heldout",
}
_ROLE_OF: dict[str, Role] = {word: role for role, words in _WORDS.items() for word in words.split()}


def roles_in(text: str) -> list[tuple[int, Role]]:
    """Return the splits that a name or a printed text speaks of, each with the position of its word."""
    words = re.finditer(r"[A-Z]?[a-z]+|[A-Z]+", text)
    return [(word.start(), _ROLE_OF[word[0].lower()]) for word in words if word[0].lower() in _ROLE_OF]


def role_in_words(name: str) -> Role | None:
    """Return the split that a variable name or a printed phrase speaks of; None when it speaks of none or of several."""
    said: set[Role] = {role for _, role in roles_in(name)}
    return said.pop() if len(said) == 1 else None


# What learners call their splits in short, at the end of a name, and in other languages anywhere in it.
_SHORT_ROLES: dict[str, Role] = {"tr": "train", "te": "test", "ts": "test", "va": "valid", "vl": "valid"}
_OTHER_LANGUAGES: dict[Role, tuple[str, ...]] = {
    "train": ("训练", "訓練", "egitim", "eğitim", "entrena", "ausbildung", "обуч", "treino"),
    "valid": ("验证", "驗證", "dogrulama", "doğrulama", "gecerleme", "geçerleme", "valida", "проверк"),
    "test": ("测试", "測試", "sinama", "sınama", "prueba", "pruefung", "тест", "teste"),
}


def _role_in_other_languages(name: str) -> Role | None:
    said: set[Role] = {role for role, words in _OTHER_LANGUAGES.items() if any(word in name.lower() for word in words)}
    return said.pop() if len(said) == 1 else None


def role_by_name(name: str) -> Role | None:
    """Return the split that a name in source speaks of: in words, in short (`X_te`), or in another language."""
    short = _SHORT_ROLES.get(re.split(r"[_\W]", name.lower())[-1])
    return role_in_words(name) or short or _role_in_other_languages(name)


class Splits:
    """The datasets of a record: which come from which, and what each is for."""

    def __init__(self, record: Record) -> None:
        self.data = {fact.id: fact for fact in record.ask(Data)}
        self._paths = [str(fact.samples["path"]) for fact in self.data.values() if fact.samples.get("path")]
        self.trained_on = {
            number
            for loop in record.ask(Loop)
            if loop.kind == "training" and loop.over in self.data
            for number in self._read_by(self.data[loop.over])
        }
        self.children: dict[int, list[int]] = {}
        # Datasets that source saw made of whole tables: their parts are the tables' parts.
        self.made_of: dict[int, list[int]] = {}
        for fact in self.data.values():
            if (
                fact.seen_by == "source"
                and fact.what == "dataset"
                and len(fact.made_from) == 1
                and fact.made_from[0] < fact.id
            ):
                self.made_of.setdefault(fact.made_from[0], []).append(fact.id)
        for fact in self.data.values():
            if fact.what == "split":
                for parent in self.data.keys() & set(fact.made_from):
                    self.children.setdefault(parent, []).append(fact.id)

    def _read_by(self, over: Data) -> Iterator[int]:
        """Return the data that a loader goes over; source says as well which rows a dataset was made of."""
        waiting = list(over.made_from) if over.what == "loader" else [over.id]
        while waiting:
            number = waiting.pop()
            yield number
            fact = self.data.get(number)
            if fact is not None and fact.seen_by == "source" and fact.what == "dataset" and len(fact.made_from) == 1:
                # A dataset made of one part; a whole file may be behind the test reviews as well.
                waiting.extend(one for one in fact.made_from if one in self.data and self.data[one].what == "split")

    def role(self, number: int) -> Role | None:
        """Return what a dataset, or the dataset behind a loader, is for: by its use first, then by its name."""
        fact = self.data.get(number)
        if fact is None:
            return None
        if fact.what == "loader":
            return self.role(fact.made_from[0]) if fact.made_from else role_in_words(fact.name)
        if number in self.trained_on:
            return "train"
        if self.is_cut_up(number):
            return "all" if len(self.parts(number)) > 1 and self.holds(number, "test") else "train"
        told = role_in_words(fact.name) or self._role_by_position(fact) or self._role_of_a_piece(fact)
        return told or (self._role_in_source(fact) if fact.seen_by == "source" else None)

    def _role_in_source(self, fact: Data) -> Role | None:
        """Source knows files by their names, sides of a cut, and datasets by the rows that they were made of."""
        side = str(fact.samples.get("side") or "")
        path = re.split(r"[\\/]", str(fact.samples.get("path") or ""))[-1].partition(".")[0]
        short = _SHORT_ROLES.get(re.split(r"[_\W]", fact.name.lower())[-1])
        if role := short or _role_in_other_languages(fact.name):
            return role
        if role := (role_in_words(side) if not fact.name else None) or role_in_words(path):
            return role
        if role := self._role_of_a_folder(str(fact.samples.get("path") or "")):
            return role
        if fact.what in ("dataset", "table") and fact.made_from:
            roles: set[Role | None] = {self.role(parent) for parent in fact.made_from}
            return roles.pop() if len(roles) == 1 else None
        return None

    def _role_of_a_folder(self, path: str) -> Role | None:
        """Files lie in folders for training and for the test: `aclImdb/test/pos`, beside the same path with `train` in it."""
        parts = re.split(r"[\\/]", path)
        for n, part in enumerate(parts[:-1]):
            others = [re.split(r"[\\/]", one) for one in self._paths if one != path]
            beside = [one[n] for one in others if one[:n] + one[n + 1 :] == parts[:n] + parts[n + 1 :]]
            role = role_in_words(part)
            if role is not None and any(role_in_words(one) not in (None, role) for one in beside):
                return role
        return None

    def _role_of_a_piece(self, fact: Data) -> Role | None:
        """A piece that was cut out by hand, for trying out, is for what the whole is for."""
        whole = [parent for parent in fact.made_from if fact.what == "split" and not self.is_cut_up(parent)]
        return self.role(whole[0]) if whole else None

    def _role_by_position(self, fact: Data) -> Role | None:
        """torchtext gives training first, test last; a training split that is cut again gives validation last."""
        position, of = int(fact.counts.get("position", 0)), fact.counts.get("of")
        if fact.what != "split" or of not in (2, 3):
            return None
        if of == 3:
            return _IN_ORDER[position]
        again = any(self.data[parent].what == "split" for parent in fact.made_from if parent in self.data)
        return ("valid" if again else "test") if position else "train"

    def is_cut_up(self, number: int) -> bool:
        """Say whether a dataset was cut into others that hold all its reviews: a small piece for trying out does not count."""
        children = self.children.get(number, [])
        if not any("examples" in self.data[child].counts for child in children):
            return len(children) > 1  # source knows no counts
        pieces = sum(self.data[child].counts.get("examples", 0) for child in children)
        return bool(children) and pieces >= self.data[number].counts.get("examples", 0)

    def parts(self, number: int) -> list[int]:
        """Return the final splits that a dataset was cut into, or itself where it was not cut."""
        if not self.is_cut_up(number):
            behind = [one for one in self._same_rows(number) if one != number]
            return list(dict.fromkeys(part for one in behind for part in self.parts(one))) or [number]
        return [part for child in self.children[number] for part in self.parts(child)]

    def _same_rows(self, number: int) -> list[int]:
        """Return what stands for a table or dataset that source saw: all that it was put together from, or the one like it that
        was cut up."""
        fact = self.data.get(number)
        if fact is None or fact.seen_by != "source":
            return []
        above = (
            [one for one in fact.made_from if one in self.data and one < number]
            if fact.what in ("table", "dataset")
            else []
        )
        if len(above) > 1:
            return above
        return [one for one in (*above, *self.made_of.get(number, ())) if self.is_cut_up(one)][:1]

    def holds(self, number: int, role: Role) -> bool:
        """Say whether a dataset holds the reviews of a split of this role."""
        return any(part != number and self.role(part) == role for part in self.parts(number)) or (
            not self.is_cut_up(number) and self.role(number) == role
        )

    def name(self, number: int) -> str:
        """Return the learner's word for a dataset."""
        fact = self.data.get(number)
        return (fact.name or self.role(number) or fact.what) if fact is not None else "?"


# --- what was printed ----------------------------------------------------------------------------------------------

_NUMBER = re.compile(r"(?<![\w.])(\d+)(?:\.(\d+))?(e[+-]?\d{1,2})?(?![\w])(\s*%)?")


@dataclass(frozen=True)
class Number:
    """A number in a printed text: its digits after the point say how far it was rounded."""

    value: float
    digits: int
    percent: bool
    start: int

    def shows(self, share: float) -> bool:
        """Say whether this may be a share (0 to 1), printed as it is or as percent, rounded or in float32's digits.

        A bare whole number is none: it counts something.
        """
        if not self.digits and not self.percent:
            return False
        if self.percent or self.value > 1:
            return abs(100 * share - self.value) <= max(0.5 * 10**-self.digits, 1e-4) * 1.001
        return abs(share - self.value) <= max(0.5 * 10**-self.digits, 1e-6) * 1.001


def numbers_in(text: str) -> list[Number]:
    """Return the numbers of a printed text, in order."""
    found = []
    for match in _NUMBER.finditer(text):
        whole, part, power, percent = match.groups()
        value = float(f"{whole}.{part or 0}{power or ''}")
        digits = len(part or "") - int((power or "e0")[1:])
        found.append(Number(value, digits, percent is not None, match.start()))
    return found


def nearest_before(places: list[tuple[int, T]], start: int) -> T | None:
    """Return what stands nearest before a position of a text."""
    before = [(position, what) for position, what in places if position < start]
    return max(before, key=lambda pair: pair[0])[1] if before else None


# --- what made what ------------------------------------------------------------------------------------------------


def line(fact: Fact) -> str:
    """Return `line 41`."""
    return f"line {fact.place.line}" if fact.place is not None else "another line"


def expression(record: Record, place: Place | None) -> str:
    """Return the source of an expression that stands on one line; the whole line where its columns are not known."""
    if place is None:
        return "?"
    lines = record.text_of(place).splitlines()
    if not 0 < place.line <= len(lines):
        return "?"
    one_line = place.end_column and place.end_line in (0, place.line)
    return lines[place.line - 1][place.column : place.end_column if one_line else None].strip()


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
